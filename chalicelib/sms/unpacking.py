"""Uploaded files as a stream: whatever they are packed in and written in, lines of UTF-8 come out
(SPEC 5.1, 5.2).

Memory stays bounded whatever a file holds, and what it unpacks to has a limit. Whether the octets
of a UTF-8 file are UTF-8 at all is for whoever takes them: only they know where characters end.
"""

from __future__ import annotations

import codecs
import zlib
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's way to say: a gzip header, any window
_PIECE: Final = (
    16_384  # packed bytes at a time: members may be tiny, and each copies what follows it
)
_BLOCK: Final = 262_144  # unpacked bytes at a time
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final[dict[tuple[bool, ...], str]] = {
    (False, True): "utf-16-le",
    (True, False): "utf-16-be",
}


class BadFile(ValueError):
    """The file as a whole cannot be taken; the text is a sentence for the person who sent it."""


NOT_UNICODE: Final = "The file is neither UTF-8 nor UTF-16 text. Save it as CSV or text in UTF-8."


def unpack(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The file's bytes, unpacked if they are gzip; BadFile once either form goes over `limit`."""
    head, whole = _peek(_bounded(blocks, limit), len(_GZIP))
    return _bounded(_gunzip(whole), limit) if head == _GZIP else whole


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8, without a mark, in pieces; every line ends in a mere line feed."""
    head, whole = _peek(blocks, 3)
    mark, encoding = next(
        ((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", _unmarked(head))
    )
    pieces = _without(mark, whole)
    return _line_feeds(pieces if encoding == "utf-8" else _transcoded(pieces, encoding))


def _peek(blocks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes, and an iterator over everything."""
    rest = iter(blocks)
    head = b""
    for block in rest:
        head += block
        if len(head) >= size:
            break
    return head[:size], chain((head,), rest)


def _bounded(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    left = limit
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise BadFile(
                f"The file is larger than {limit} bytes, which holds packed and unpacked. "
                "Split it into several lists."
            )
        yield block


def _gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP_WINDOW)
    pieces = (block[at : at + _PIECE] for block in blocks for at in range(0, len(block), _PIECE))
    try:
        for piece in pieces:
            rest = piece
            # Zeros may pad what follows a member.
            while rest := rest.lstrip(b"\0") if member.eof else rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP_WINDOW)
                yield member.decompress(rest, _BLOCK)
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error:
        raise BadFile("The gzip file is damaged. Pack it again and upload that.") from None
    if not member.eof:
        raise BadFile("The gzip file ends too early. Pack it again and upload that.")


def _unmarked(head: bytes) -> str:
    """UTF-16 without a mark shows by its empty halves: what stands first in a list is ASCII."""
    empty = tuple(octet == 0 for octet in head[:2])
    return _UNMARKED.get(empty, "utf-8")


def _without(mark: bytes, whole: Iterator[bytes]) -> Iterator[bytes]:
    yield next(whole, b"")[len(mark) :]
    yield from whole


def _transcoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError:
        raise BadFile(NOT_UNICODE) from None


def _line_feeds(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        whole = held + piece
        # What follows tells whether it is a line's end or half of one.
        held = b"\r" if whole.endswith(b"\r") else b""
        text = whole.removesuffix(b"\r")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
    if held:
        yield b"\n"
