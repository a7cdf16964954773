"""What stands for a phone number, under a key of the workspace's own (SPEC 5.5).

People see its HMAC-SHA256, `ctn_hash`. The order of chunks comes from its token, a bijection of 64
bits: it takes a nanosecond a number where an HMAC takes a thousand, equal tokens are equal numbers,
and who has the key gets the number back. Nobody but machines sees tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Odd, so that a product can be undone. Over two rounds each bit of a number changes half of the
# token's bits.
FACTOR: Final = 0xD6E8FEB86659FD93
HALF: Final = 32

_BITS: Final = 64
_ALL: Final = (1 << _BITS) - 1
# Undoes a product with FACTOR.
_BACK: Final = pow(FACTOR, -1, 1 << _BITS)
_PURPOSE: Final = b"message center: order of chunks"
_KEYS: Final = struct.Struct(">3Q")
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


@dataclass(frozen=True, slots=True)
class Mixer:
    """`keys` go in before each round; a round is a shift and all but the last one a product.

    functions/ingest/mixing.py does the same to whole arrays, and undoes it.
    """

    keys: tuple[int, int, int]

    @classmethod
    def of(cls, key: bytes) -> Mixer:
        """That of a workspace's data key."""
        return cls(_KEYS.unpack_from(hmac.digest(key, _PURPOSE, "sha256")))

    def token(self, number: int) -> int:
        first, second, third = self.keys
        mixed = number ^ first
        mixed = (mixed ^ mixed >> HALF) * FACTOR & _ALL
        mixed ^= second
        mixed = (mixed ^ mixed >> HALF) * FACTOR & _ALL
        mixed ^= third
        return mixed ^ mixed >> HALF

    def number(self, token: int) -> int:
        """What has this token: a phone number, or, of most tokens, something far longer."""
        first, second, third = self.keys
        mixed = (token ^ token >> HALF) ^ third
        mixed = mixed * _BACK & _ALL
        mixed = (mixed ^ mixed >> HALF) ^ second
        mixed = mixed * _BACK & _ALL
        return (mixed ^ mixed >> HALF) ^ first
