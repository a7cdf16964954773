"""A quick yes to numbers that phonenumbers would take just as they stand (SPEC 5.2).

phonenumbers takes 60 microseconds a number, most of them for ways of writing that a list of plain
international digits does not use. For such digits its answer depends on three things of its own
metadata, put together here once a country code: whether they could begin with a national prefix,
which region they belong to, and whether a pattern of that region fits. So a yes is its yes;
whatever is not a certain yes goes to phonenumbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, enable_pattern_cache

from chalicelib.sms.phone import BadNumber, Reason, normalise

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneNumberDesc

# Else a list of many countries compiles patterns all the time: five times slower.
enable_pattern_cache()

_REMEMBERED: Final = 64  # characters: longer ones are no numbers, and would fill the memory
_CODE_MAX: Final = 3
_NEVER: Final = "(?!)"
_NATIONAL: Final = range(2, 18)  # the lengths that phonenumbers parses
# Without the mobile one, which phonenumbers leaves out where it is the same as the fixed one.
_KINDS: Final = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
)


@dataclass(frozen=True, slots=True)
class _Region:
    leading: re.Pattern[str] | None
    valid: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    national_prefix: re.Pattern[str] | None
    regions: tuple[_Region, ...]


def normalise_quickly(raw: str, *, default_country: str | None = None) -> str:
    """What `normalise` answers, sooner for digits that are E.164 already."""
    if len(raw) > _REMEMBERED:
        return normalise(raw, default_country=default_country)
    answer = _answer(raw, default_country)
    if isinstance(answer, Reason):
        raise BadNumber(answer)
    return answer


def stands(digits: str) -> bool:
    """Whether these ASCII digits are for certain a valid number in E.164's own form."""
    for size in range(1, _CODE_MAX + 1):
        plan = _plan(digits[:size])
        if plan is not None:
            return _takes(plan, digits[size:])
    return False


@lru_cache(maxsize=1024)  # a file may hold one line a million times
def _answer(raw: str, default_country: str | None) -> str | Reason:
    foreign = default_country is None or raw.startswith("+")
    digits = raw.removeprefix("+")
    if foreign and digits.isascii() and digits.isdigit() and stands(digits):
        return digits
    try:
        return normalise(raw, default_country=default_country)
    except BadNumber as error:
        return error.reason


def _takes(plan: _Plan, national: str) -> bool:
    if len(national) not in _NATIONAL:
        return False
    if plan.national_prefix is not None and plan.national_prefix.match(national):
        return False  # it may be taken off
    for region in plan.regions:
        # Leading digits decide for a region even where its patterns then do not fit.
        if region.leading is not None:
            if region.leading.match(national):
                return region.valid.match(national) is not None
        elif region.valid.match(national):
            return True
    return False


@cache
def _plan(code: str) -> _Plan | None:
    if not code or code.startswith("0"):
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    known = [PhoneMetadata.metadata_for_region_or_calling_code(int(code), name) for name in regions]
    metadata = [one for one in known if one is not None]
    if not metadata:
        return None
    prefix = metadata[0].national_prefix_for_parsing
    alone = len(metadata) == 1  # then its leading digits say nothing
    return _Plan(
        re.compile(prefix) if prefix else None,
        tuple(_Region(None if alone else _leading(one), _valid(one)) for one in metadata),
    )


def _leading(metadata: PhoneMetadata) -> re.Pattern[str] | None:
    return None if metadata.leading_digits is None else re.compile(metadata.leading_digits)


def _valid(metadata: PhoneMetadata) -> re.Pattern[str]:
    """Fits the region's general description and that of one kind of number."""
    kinds = _KINDS if metadata.same_mobile_and_fixed_line_pattern else ("mobile", *_KINDS)
    patterns = "|".join(_whole(getattr(metadata, kind)) for kind in kinds)
    return re.compile(f"(?={_whole(metadata.general_desc)})(?:{patterns})")


def _whole(description: PhoneNumberDesc | None) -> str:
    """A pattern for a whole number of that description; a missing description fits none."""
    if description is None or not description.possible_length:
        return _NEVER
    sizes = "|".join(rf"\d{{{size}}}" for size in description.possible_length)
    return rf"(?=(?:{sizes})\Z)(?:{description.national_number_pattern or _NEVER})\Z"
