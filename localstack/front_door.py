"""One origin in front of the local API Gateway, whose own address nobody wants to type.

It stands where CloudFront stands on AWS: `/` says what is here, everything else goes to the API.
Only requests that name this very host and port are served, so that no web page can reach the API
under a name of its own (DNS rebinding). Uploads go straight to the bucket, as on AWS.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import socket
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import aiohttp
from aiohttp import hdrs, web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http import HttpProcessingError
from yarl import URL

from chalicelib.api.errors import CONTENT_TYPE, problem
from chalicelib.domain.errors import NotFound
from localstack.front_page import page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Handler
    from multidict import CIMultiDictProxy

HOST: Final = "127.0.0.1"
# API Gateway's own limits: the payload, and how long an integration may take.
BODY_MAX: Final = 10 * 1024 * 1024
ANSWER_SECONDS: Final = 30.0
# What belongs to one connection (RFC 9110, 7.6.1), and what a caller says of its way so far.
_DROPPED: Final = re.compile(
    "connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade"
    "|expect|forwarded|host|x-forwarded-.*",
    re.IGNORECASE,
)
_TOO_LARGE: Final = "A request may have 10 MB. Lists go straight to their upload address."
# The first row whose type fits decides: status, title, detail.
_REFUSALS: Final[dict[type[Exception], tuple[int, str, str]]] = {
    web.HTTPRequestEntityTooLarge: (413, "Content Too Large", _TOO_LARGE),
    web.HTTPMethodNotAllowed: (405, "Method Not Allowed", "There is a page to read, no more."),
    web.RequestPayloadError: (400, "Bad Request", "The body is malformed."),
    aiohttp.SocketTimeoutError: (504, "Gateway Timeout", "The API did not answer in 30 s."),
    aiohttp.ClientConnectorError: (502, "Bad Gateway", "The API does not answer: still starting?"),
    aiohttp.ClientError: (502, "Bad Gateway", "The API broke off before it answered."),
    ConnectionResetError: (400, "Bad Request", "The caller left in the middle of the body."),
}


class PathLog(AbstractAccessLogger):
    """The path alone: a query may hold a phone number."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        path = request.raw_path.partition("?")[0]
        self.logger.info("%d %s %.0f ms", response.status, path, time * 1000)


SERVER: Final[dict[str, Any]] = {"access_log_class": PathLog, "auto_decompress": False}


class FrontDoor:
    def __init__(self, backend: str, port: int) -> None:
        self._backend = backend.rstrip("/")
        self._names = (f"{HOST}:{port}", f"localhost:{port}")
        self._page = page(f"http://{HOST}:{port}")

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=BODY_MAX)
        app.cleanup_ctx.append(self._client)
        app.router.add_get("/", self._welcome)
        app.router.add_route("*", "/{path:.+}", self._forward)
        return app

    async def _client(self, _: web.Application) -> AsyncIterator[None]:
        """A connection for each request: none that the API is just closing, no queue for one."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(sock_connect=5.0, sock_read=ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as self._session:
            yield

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check(request)
            return await handler(request)
        except tuple(_REFUSALS) as error:
            fitting = (row for kind, row in _REFUSALS.items() if isinstance(error, kind))
            return _refusal(*next(fitting))
        except web.HTTPException as error:
            return _refusal(error.status, error.reason, error.text or error.reason)

    def _check(self, request: web.Request) -> None:
        if request.headers.get(hdrs.HOST, "").lower() not in self._names:
            text = f"This server is {' or '.join(self._names)}, nothing else."
            raise web.HTTPMisdirectedRequest(text=text)
        path = request.raw_path.partition("?")[0]
        if not path.startswith("/") or ".." in unquote(path).split("/"):
            raise web.HTTPBadRequest(text="Ask for a plain path, without `..`.")
        if (request.content_length or 0) > BODY_MAX:
            raise web.HTTPRequestEntityTooLarge(BODY_MAX)

    async def _welcome(self, _: web.Request) -> web.Response:
        policy, body = self._page
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        headers = _end_to_end(request.headers)
        # Never the caller's own word: the first address is the one that the audit log names.
        headers += [
            (hdrs.X_FORWARDED_FOR, request.remote or HOST),
            (hdrs.X_FORWARDED_PROTO, "http"),
        ]
        # One in chunks is read first, so that one which is too long never reaches the API.
        body = await request.read() if request.content_length is None else request.content
        async with self._session.request(
            request.method,
            URL(self._backend + request.raw_path, encoded=True),
            headers=headers,
            data=body if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            said = answer.status, answer.headers.get("x-amzn-ErrorType")
            if said == (403, "MissingAuthenticationTokenException"):
                # As GatewayResponses in infra/app.yaml have it, which ministack does not read.
                return _document(
                    problem(NotFound("route"), answer.headers.get("x-amzn-RequestId", ""))
                )
            return await _relay(answer, request)


async def _relay(answer: aiohttp.ClientResponse, request: web.Request) -> web.StreamResponse:
    fields = _end_to_end(answer.headers)
    out = web.StreamResponse(status=answer.status, reason=answer.reason, headers=fields)
    try:
        await out.prepare(request)
        async for piece in answer.content.iter_any():
            await out.write(piece)
    except aiohttp.ClientError:
        # The caller left, or the API broke off in the middle: a cut says so, a clean end lies.
        if request.transport is not None:
            request.transport.abort()
    return out


def _end_to_end(headers: CIMultiDictProxy[str]) -> list[tuple[str, str]]:
    named = ",".join(headers.getall(hdrs.CONNECTION, [])).lower().replace(" ", "").split(",")
    fields = ((name, value) for name, value in headers.items() if name.lower() not in named)
    return [field for field in fields if not _DROPPED.fullmatch(field[0])]


def _refusal(status: int, title: str, detail: str) -> web.Response:
    kind = f"urn:message-center:problem:{title.lower().replace(' ', '-')}"
    return _document({"type": kind, "title": title, "status": status, "detail": detail})


def _document(document: dict[str, Any]) -> web.Response:
    headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "no-store"}
    body = json.dumps(document).encode()
    return web.Response(body=body, status=document["status"], headers=headers)


# --- the process ---


def _tells_no_request(record: logging.LogRecord) -> bool:
    """What cannot be parsed is logged as a 400 already; its text may hold anything."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m localstack.front_door", description=__doc__)
    parser.add_argument("--backend", required=True, help="where the API answers, with its stage")
    parser.add_argument("--port", type=int, default=8080, help="0 takes any free port")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("aiohttp.server").addFilter(_tells_no_request)
    try:
        sock = socket.create_server((HOST, given.port))
    except OSError as error:
        message = f"The front door cannot open on port {given.port}: {error.strerror}"
        raise SystemExit(message) from error
    port = sock.getsockname()[1]
    app, ready = FrontDoor(given.backend, port).application(), json.dumps({"port": port})
    # A goodbye may take twice the time-out: a request under way is waited for, then given up.
    options = SERVER | {"sock": sock, "shutdown_timeout": 1.5}
    web.run_app(app, print=lambda _: print(ready, flush=True), **options)


if __name__ == "__main__":
    main()
