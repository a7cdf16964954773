"""Numbering plans: which numbers of a country code are valid, and of which kind.

phonenumbers' functions that are followed here are named where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from chalicelib.sms.labels import KINDS
from chalicelib.sms.phone import Reason
from infra.dialling.automata import DEAD, pattern

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneNumberDesc

SHORTEST, LONGEST = 2, 17  # digits of a national number
_OTHER_KINDS: Final = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


class Description:
    """A kind of a region's numbers: a pattern and possible lengths (_is_number_matching_desc)."""

    def __init__(self, described: PhoneNumberDesc | None) -> None:
        known = described is not None and bool(described.possible_length)
        self._lengths = frozenset(described.possible_length if described and known else ())
        self.pattern = pattern(described.national_number_pattern if described and known else None)

    def fits(self, state: int, length: int) -> bool:
        return length in self._lengths and self.pattern.matches(state)


class Region:
    """_number_type_helper; `leading` decides whether numbers are this region's (None: valid ones
    are).
    """

    def __init__(self, metadata: PhoneMetadata, *, alone: bool) -> None:
        self.leading = None if alone or metadata.leading_digits is None else metadata.leading_digits
        self.all = Description(metadata.general_desc)
        self.fixed = Description(metadata.fixed_line)
        self.mobile = Description(metadata.mobile)
        self.others = [Description(getattr(metadata, kind)) for kind in _OTHER_KINDS]
        self.same = bool(metadata.same_mobile_and_fixed_line_pattern)

    @property
    def descriptions(self) -> list[Description]:
        return [self.all, self.fixed, self.mobile, *self.others]

    def kind(self, states: tuple[int, ...], length: int) -> int:
        everything, fixed, mobile, *others = (
            one.fits(state, length) for one, state in zip(self.descriptions, states, strict=True)
        )
        if not everything:
            return 0
        if any(others):
            return KINDS.index("other")
        if fixed:
            return KINDS.index("either" if self.same or mobile else "fixed")
        return KINDS.index("mobile") if mobile and not self.same else 0


class _RegionState(NamedTuple):
    # Of the leading digits: None while they are open, else whether they are the region's.
    leading: int | None
    ours: bool
    states: tuple[int, ...]


class Body:
    """Valid numbers of a country code (region_code_for_number, is_valid_number)."""

    def __init__(self, code: int) -> None:
        names = COUNTRY_CODE_TO_REGION_CODE[code]
        known = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
        regions = [one for one in known if one is not None]
        self.main = regions[0]
        self.regions = [Region(one, alone=len(names) == 1) for one in regions]
        self._states: dict[tuple[_RegionState | None, ...], int] = {}
        self._known: list[tuple[_RegionState | None, ...]] = []
        self._steps: dict[tuple[int, int], int] = {}
        dead = self._number((None,) * len(self.regions))
        assert dead == DEAD  # noqa: S101 # nosec B101 - the first one
        self.start = self._number(tuple(self._begin(region) for region in self.regions))

    def step(self, state: int, digit: int) -> int:
        key = (state, digit)
        if key not in self._steps:
            pairs = zip(self.regions, self._known[state], strict=True)
            self._steps[key] = self._number(
                tuple(self._region_step(region, at, digit) for region, at in pairs)
            )
        return self._steps[key]

    def after(self, digits: str) -> int:
        state = self.start
        for digit in digits:
            state = self.step(state, int(digit))
        return state

    def kind(self, state: int, length: int) -> int:
        """0: it is no valid number."""
        for region, at in zip(self.regions, self._known[state], strict=True):
            if at is None or not at.ours:
                continue
            kind = region.kind(at.states, length)
            # Leading digits decide for a region even where its patterns then do not fit.
            if region.leading is not None or kind:
                return kind
        return 0

    def _begin(self, region: Region) -> _RegionState:
        states = tuple(one.pattern.start for one in region.descriptions)
        if region.leading is None:
            return _RegionState(None, ours=True, states=states)
        return _RegionState(pattern(region.leading).start, ours=False, states=states)

    def _region_step(
        self, region: Region, at: _RegionState | None, digit: int
    ) -> _RegionState | None:
        if at is None:
            return None
        leading, ours = at.leading, at.ours
        if region.leading is not None and leading is not None and not ours:
            asked = pattern(region.leading)
            leading = asked.step(leading, digit)
            ours = asked.matches(leading)
            if leading == DEAD:
                return None
        states = tuple(
            one.pattern.step(state, digit)
            for one, state in zip(region.descriptions, at.states, strict=True)
        )
        if states[0] == DEAD:
            # It may still claim the number, and so keep it from those after it.
            return _RegionState(None, ours=True, states=(DEAD,) * len(states)) if ours else None
        return _RegionState(None if ours else leading, ours=ours, states=states)

    def _number(self, states: tuple[_RegionState | None, ...]) -> int:
        states = _shadowed(self.regions, states)
        if states not in self._states:
            self._states[states] = len(self._known)
            self._known.append(states)
        return self._states[states]


def _shadowed(
    regions: list[Region], states: tuple[_RegionState | None, ...]
) -> tuple[_RegionState | None, ...]:
    """Without those that come after one that has claimed the number, and dead ones at the end."""
    kept = list(states)
    for place, (region, at) in enumerate(zip(regions, states, strict=True)):
        if region.leading is not None and at is not None and at.ours:
            kept[place + 1 :] = [None] * (len(kept) - place - 1)
            break
    for place in reversed(range(len(kept))):
        at = kept[place]
        if at is not None and at.states[0] != DEAD:
            break
        kept[place] = None
    return tuple(kept)


body = cache(Body)


@dataclass(frozen=True, slots=True)
class Lengths:
    """_test_number_length of a region's numbers in general."""

    possible: tuple[int, ...]
    local: tuple[int, ...]

    def keeps_prefix(self, length: int) -> bool:
        """Whether what is left after a prefix has no length of a number: then it was none."""
        return length in self.local or (length not in self.possible and not self.too_long(length))

    def too_long(self, length: int) -> bool:
        return length not in self.local and length > self.possible[-1]

    def reason(self, length: int) -> Reason:
        """Why a number of that length that is not valid is not (sms/phone.py)."""
        if length < SHORTEST or (length not in self.local and length < self.possible[0]):
            return Reason.TOO_SHORT
        too_long = length > LONGEST or self.too_long(length)
        return Reason.TOO_LONG if too_long else Reason.INVALID


def lengths(metadata: PhoneMetadata) -> Lengths:
    described = general(metadata)
    return Lengths(tuple(described.possible_length), tuple(described.possible_length_local_only))


def general(metadata: PhoneMetadata) -> PhoneNumberDesc:
    if metadata.general_desc is None:
        raise ValueError(f"phonenumbers does not describe the numbers of {metadata.id}.")
    return metadata.general_desc


def metadata_of(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise ValueError(f"phonenumbers does not know {region}.")
    return metadata
