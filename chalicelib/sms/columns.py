"""Further columns of a list's file: which of them texts can name, and what their values may hold
(SPEC 4.9).

A heading names its column if a merge field can say it and no other heading reads the same. A value
is one line: white space of any kind becomes single spaces. One that is too long for a merge field,
or holds what steers devices instead of being read, counts as empty, so that the field's default
stands in its place: half a value, or a broken one, would look to its recipient as if it was meant.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from chalicelib.sms.merge import BadTemplate, field_name, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

# Columns beyond these have no name: whoever needs one of them moves it to the front.
COLUMNS_MAX: Final = 20
VALUE_MAX: Final = 255  # characters

# White space among them is gone by the time we look.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def named(headings: Sequence[str], number: int = 0) -> dict[int, str]:
    """The names of the columns beside the numbers', by their places."""
    names = [field_name(heading) for heading in headings]
    seen = Counter(names)
    places = (
        place
        for place, name in enumerate(names)
        if place != number and seen[name] == 1 and _is_sayable(name)
    )
    return {place: names[place] for place, _ in zip(places, range(COLUMNS_MAX), strict=False)}


def clean(cell: str) -> str | None:
    """The value; None if it cannot be kept."""
    value = " ".join(cell.split())
    if len(value) > VALUE_MAX or not (value.isprintable() or not _CONTROLS.search(value)):
        return None
    return value


def _is_sayable(name: str) -> bool:
    try:
        return parse(f"{{{{{name}}}}}").names == (name,)
    except BadTemplate:
        return False
