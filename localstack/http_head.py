"""Heads of HTTP/1.1 messages, bytes in, facts out: as much of RFC 9112 as a proxy must be sure of.

Strict where leniency lets two servers disagree on where a message ends: a proxy that guesses is how
one caller's request becomes a part of another's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REQUEST: Final = re.compile(
    r"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?P<target>[!-~]+) HTTP/1\.(?P<minor>[01])"
)
_STATUS: Final = re.compile(r"HTTP/1\.[01] (?P<status>[1-5][0-9]{2})(?: (?P<reason>[^\r\n]*))?")
_FIELD: Final = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*?)[ \t]*")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK: Final = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?\r\n")
# They belong to one connection, not to the message (RFC 9110, 7.6.1).
_PER_CONNECTION: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

Field = tuple[str, str]


class BadMessage(ValueError):
    """It breaks the protocol; what it says is not repeated to anyone."""


@dataclass(frozen=True, slots=True)
class Fields:
    """In the order of the wire; names are compared without case."""

    items: tuple[Field, ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.items if key.lower() == name]

    def tokens(self, name: str) -> list[str]:
        """The members of a comma-separated list, in lower case."""
        members = (part.strip().lower() for value in self.all(name) for part in value.split(","))
        return [member for member in members if member]

    def end_to_end(self, *without: str) -> Iterator[Field]:
        """Those that a proxy passes on."""
        dropped = _PER_CONNECTION | set(self.tokens("connection")) | set(without)
        return ((name, value) for name, value in self.items if name.lower() not in dropped)


@dataclass(frozen=True, slots=True)
class RequestHead:
    method: str
    target: str
    minor: int
    fields: Fields

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def keeps_alive(self) -> bool:
        wanted = self.fields.tokens("connection")
        return "close" not in wanted and (self.minor == 1 or "keep-alive" in wanted)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    status: int
    reason: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Framing:
    """Where a body ends: after `length` bytes, or as its chunks say."""

    length: int = 0
    chunked: bool = False


def parse_request(head: bytes) -> RequestHead:
    line, fields = _parse(head)
    match = _REQUEST.fullmatch(line)
    if match is None:
        raise BadMessage("the request line is malformed")
    return RequestHead(match["method"], match["target"], int(match["minor"]), fields)


def parse_response(head: bytes) -> ResponseHead:
    line, fields = _parse(head)
    match = _STATUS.fullmatch(line)
    if match is None:
        raise BadMessage("the status line is malformed")
    return ResponseHead(int(match["status"]), match["reason"] or "", fields)


def framing(fields: Fields) -> Framing | None:
    """None where the message does not say, which for a request means no body."""
    lengths, encodings = fields.all("content-length"), fields.tokens("transfer-encoding")
    if encodings:
        if encodings != ["chunked"] or lengths:
            raise BadMessage("the length of the body is given in more than one way")
        return Framing(chunked=True)
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise BadMessage("the length of the body is no single number")
    return Framing(length=int(lengths[0]))


def chunk_size(line: bytes) -> int:
    match = _CHUNK.fullmatch(line)
    if match is None:
        raise BadMessage("a chunk does not say how long it is")
    return int(match["size"], 16)


def render(line: str, fields: Iterable[Field]) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _parse(head: bytes) -> tuple[str, Fields]:
    line, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    return line, Fields(tuple(map(_field, rest)))


def _field(line: str) -> Field:
    match = _FIELD.fullmatch(line)
    if match is None or _FORBIDDEN.search(match["value"]):
        raise BadMessage("a header field is malformed")
    return match["name"], match["value"]
