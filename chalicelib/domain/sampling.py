"""Which texts of a list a moderator is shown: those that chance would hardly show, then others.

The longest and the shortest, the first one of the rarer encoding, the first one with a gap where a
value is missing; then those of five places, equally far from each other, and where these repeat
others, of places between them. The same list in the same order gives the same samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chalicelib.domain.survey import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chalicelib.sms.parts import Encoding

# Characters that are kept of one. More than that cannot be sent anyhow.
SAMPLE_MAX: Final = 2_000
_BETWEEN: Final = 4


class Samples:
    """Texts are rendered only if they are to be kept."""

    def __init__(self, recipients: int) -> None:
        steps = SAMPLES * _BETWEEN
        coarse_first = sorted(range(steps), key=lambda step: (step % _BETWEEN, step))
        # In the order in which their texts are wanted.
        self.places = tuple(dict.fromkeys(step * recipients // steps for step in coarse_first))
        self._longest: tuple[int, str] | None = None
        self._shortest: tuple[int, str] | None = None
        self._encoded: dict[Encoding, str] = {}
        self._gaps: list[str] = []
        self._common: dict[int, str] = {}

    def note_size(self, bits: int, text: Callable[[], str]) -> None:
        """`bits` is how much the text takes on the wire."""
        if self._longest is None or bits > self._longest[0]:
            self._longest = bits, shown(text())
        if self._shortest is None or bits < self._shortest[0]:
            self._shortest = bits, shown(text())

    def note_encoding(self, encoding: Encoding, text: Callable[[], str]) -> None:
        if encoding not in self._encoded:
            self._encoded[encoding] = shown(text())

    def note_gap(self, text: Callable[[], str]) -> None:
        if not self._gaps:
            self._gaps.append(shown(text()))

    def note_common(self, place: int, text: str) -> None:
        self._common[place] = shown(text)

    def chosen(self, by_encoding: Mapping[Encoding, int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._in_order(by_encoding)))[:SAMPLES]

    def _in_order(self, by_encoding: Mapping[Encoding, int]) -> Iterator[str]:
        for extreme in (self._longest, self._shortest):
            if extreme is not None:
                yield extreme[1]
        if by_encoding:
            yield self._encoded[min(sorted(by_encoding), key=by_encoding.__getitem__)]
        yield from self._gaps
        yield from (self._common[place] for place in self.places if place in self._common)


def shown(text: str) -> str:
    return text if len(text) <= SAMPLE_MAX else f"{text[:SAMPLE_MAX]}…"
