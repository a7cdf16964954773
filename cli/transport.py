"""One HTTP request and its answer. Proxies of the environment are used, but never for this machine;
redirects are not followed, since they would carry the token to wherever they lead.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from cli.errors import Unreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message
    from typing import IO

# Longer than API Gateway takes to give up (29 s), so that its answer is seen.
TIMEOUT = 35.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    # In seconds, where the server says how long to wait.
    retry_after: int | None = None


class Transport(Protocol):
    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
    ) -> Answer:
        """A body in blocks goes with its Content-Length; the time-out is one block's then."""
        ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        del req, fp, code, msg, headers, newurl


class HttpTransport:
    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
    ) -> Answer:
        address = check_address(url)
        request = urllib.request.Request(  # noqa: S310 - check_address allows http and https
            url, data=body, headers=dict(headers), method=method
        )
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if address in LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=TIMEOUT) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), _seconds(error.headers))
        except urllib.error.URLError as error:
            raise Unreachable(_origin(url), _reason(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_origin(url), _reason(error)) from error


def check_address(url: str) -> str:
    """The host of an address that may be called: https, or http on this machine alone."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise UsageError(f"{url} is no address: give one such as http://127.0.0.1:8080") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"{url} is no address: give one such as http://127.0.0.1:8080")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UsageError(f"{url} would send your password readable by others: use https://{host}")
    return host


def _seconds(headers: Message) -> int | None:
    """HTTP allows a date as well, which Message Center never sends."""
    value = headers.get("Retry-After", "")
    return int(value) if value.isascii() and value.isdecimal() else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
