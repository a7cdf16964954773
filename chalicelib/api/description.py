"""This API, described for machines."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.api.http import Media
from chalicelib.api.routing import Ask, anyone

routes = Blueprint(__name__)

DOCUMENT: Final = Media("application/json", {"type": "object", "required": ["openapi", "paths"]})
# It changes with a deployment alone.
FRESH_SECONDS: Final = 300


@anyone(routes, "GET", "/v1/openapi.json", gives=DOCUMENT, etag=True, revalidates=True)
def show_openapi(ask: Ask) -> Response:
    """This document."""
    text, tag = _document()
    headers: dict[str, str | list[str]] = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={FRESH_SECONDS}",
    }
    if ask.request.headers.get("if-none-match") == tag:
        return Response("", headers=headers, status_code=304)
    return Response(text, headers={**headers, "Content-Type": DOCUMENT.type})


@cache
def _document() -> tuple[str, str]:
    """Made at the first request, since most processes are never asked."""
    from chalicelib.api.openapi import document  # noqa: PLC0415 - reads the whole route table

    content = msgspec.json.encode(document())
    return content.decode(), f'"{hashlib.sha256(content).hexdigest()}"'
