"""Tokens of whole arrays of numbers, and back: what domain/tokens.py does to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from chalicelib.domain.tokens import FACTOR, HALF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chalicelib.domain.tokens import Mixer

_FACTOR: Final = np.uint64(FACTOR)
_BACK: Final = np.uint64(pow(FACTOR, -1, 1 << 64))
_HALF: Final = np.uint64(HALF)


def tokens(mixer: Mixer, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    first, second, third = map(np.uint64, mixer.keys)
    mixed = numbers ^ first
    for key in (second, third):
        mixed ^= mixed >> _HALF
        mixed *= _FACTOR
        mixed ^= key
    mixed ^= mixed >> _HALF
    return mixed


def numbers(mixer: Mixer, tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    first, second, third = map(np.uint64, mixer.keys)
    mixed = tokens ^ (tokens >> _HALF)
    for key in (third, second):
        mixed ^= key
        mixed *= _BACK
        mixed ^= mixed >> _HALF
    mixed ^= first
    return mixed
