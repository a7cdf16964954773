"""What stands for a phone number: its HMAC-SHA256 under a key of the workspace's own (SPEC 5.5).

People see the whole of it as `ctn_hash`; chunks are ordered and found by its first 8 octets.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT: Final = 8
_SHA_BLOCK: Final = 64


def hasher(key: bytes) -> Callable[[str], bytes]:
    """Digits to their HMAC. The key's two pads are hashed once: a third of `hmac.digest`'s time."""
    if len(key) > _SHA_BLOCK:
        raise ValueError(f"A data key has {_SHA_BLOCK} bytes at most.")
    padded = key.ljust(_SHA_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in padded))
    outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in padded))

    def digest(digits: str) -> bytes:
        first = inner.copy()
        first.update(digits.encode())
        second = outer.copy()
        second.update(first.digest())
        return second.digest()

    return digest
