"""The numbering plans as one table, instead of phonenumbers' patterns (SPEC 5.2).

phonenumbers takes 30 to 60 microseconds a number. The table (infra/numbering.py compiles it from
phonenumbers' own metadata) is followed digit by digit and ends in a label (labels.py), which is
what phonenumbers would answer; the few forms that it cannot judge go to phonenumbers itself.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pkgutil import get_data
from typing import Final

from chalicelib.sms.labels import LABELS, OWN, Label, Verdict
from chalicelib.sms.phone import BadNumber, Reason, dialled, normalise

RESOURCE: Final = "numbering.bin"

# What phonenumbers takes, its "+" included.
DIGITS_MAX: Final = 249
# Fewer are no number, whoever's they might be: at home, and abroad.
HOME_MIN, ABROAD_MIN = 2, 3
CODE_MAX: Final = 3
# As they stand in the reasons of a country code, one for each length of a national number.
REASONS: Final = {"s": Reason.TOO_SHORT, "l": Reason.TOO_LONG, "i": Reason.INVALID}

_MAGIC: Final = b"MCN\x01"
_HEAD: Final = struct.Struct("<4sI")
_DIGITS: Final = 10
_ZERO: Final = ord("0")
# Labels of numbers that are their digits as they stand.
_PLAIN: Final = frozenset(
    label
    for label in map(Label, range(LABELS))
    if label.verdict is None and label.kind and not label.variant
)


@dataclass(frozen=True, slots=True)
class Home:
    start: int
    code: str


@dataclass(frozen=True, slots=True)
class Plans:
    """`steps` has ten next states for each state, `labels` one for each."""

    # Of phonenumbers.
    version: str
    # Of what compiled them (infra/numbering.py).
    compiler: str
    steps: array[int]
    labels: bytes
    abroad: int
    homes: dict[str, Home]
    # By country code; of longer numbers than these it is the last one.
    reasons: dict[str, str]

    def label(self, start: int, digits: str) -> Label:
        return Label(self.octet(start, digits))

    def octet(self, start: int, digits: str) -> int:
        """The label as it is stored."""
        state, steps, width, zero = start, self.steps, _DIGITS, _ZERO
        for octet in digits.encode():
            state = steps[state * width + octet - zero]
        return self.labels[state]

    def reason(self, code: str, length: int) -> Reason:
        reasons = self.reasons[code]
        return REASONS[reasons[min(length, len(reasons) - 1)]]

    def code_of(self, digits: str) -> str:
        """The country code that they begin with; their label says that there is one."""
        codes = (digits[:size] for size in range(1, CODE_MAX + 1))
        return next((code for code in codes if code in self.reasons), "")


def normalise_quickly(raw: str, *, default_country: str | None = None) -> str:
    """What `normalise` answers, sooner."""
    abroad, digits = _dialled_quickly(raw)
    answer = judge(digits, default_country, abroad=abroad)
    if answer is None:
        answer = ask(digits, default_country, abroad=abroad)
    if isinstance(answer, Reason):
        raise BadNumber(answer)
    return answer


def _dialled_quickly(raw: str) -> tuple[bool, str]:
    """What `dialled` answers; most are digits alone, or with a plus sign in front."""
    abroad = raw.startswith("+")
    digits = raw[1:] if abroad else raw
    if digits.isascii() and digits.isdigit() and not raw.startswith("00"):
        return abroad, digits
    return dialled(raw)


def judge(digits: str, country: str | None, *, abroad: bool) -> str | Reason | None:
    """E.164 digits, or why there are none; None: only phonenumbers can tell.

    `abroad` says that "+" or "00" stood in front, `country` who dials.
    """
    if len(digits) > DIGITS_MAX:
        return Reason.TOO_LONG
    if country is None or abroad:
        return _judge_abroad(digits, country)
    return _judge_at_home(digits, country)


@lru_cache(maxsize=4096)  # a file may hold one line a million times
def ask(digits: str, country: str | None, *, abroad: bool) -> str | Reason:
    """What phonenumbers says where the table cannot."""
    try:
        return normalise(f"+{digits}" if abroad else digits, default_country=country)
    except BadNumber as error:
        return error.reason


@cache
def plans() -> Plans:
    return unpacked(get_data(__package__, RESOURCE) or b"")


def packed(made: Plans) -> bytes:
    facts = asdict(made)
    steps, labels = array("H", facts.pop("steps")), facts.pop("labels")
    if sys.byteorder == "big":
        steps.byteswap()
    head = json.dumps(facts, sort_keys=True).encode()
    body = zlib.compress(head + labels + steps.tobytes(), 9)
    return _HEAD.pack(_MAGIC, len(head)) + len(labels).to_bytes(4, "little") + body


def unpacked(data: bytes) -> Plans:
    magic, head = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError(f"This is no table of numbering plans: make {RESOURCE} anew.")
    states = int.from_bytes(data[_HEAD.size : _HEAD.size + 4], "little")
    body = zlib.decompress(data[_HEAD.size + 4 :])
    facts = json.loads(body[:head])
    steps = array("H", body[head + states :])
    if sys.byteorder == "big":
        steps.byteswap()
    return Plans(
        version=facts["version"],
        compiler=facts["compiler"],
        steps=steps,
        labels=body[head : head + states],
        abroad=facts["abroad"],
        homes={country: Home(**home) for country, home in facts["homes"].items()},
        reasons=facts["reasons"],
    )


def _judge_abroad(digits: str, country: str | None) -> str | Reason | None:
    if len(digits) < ABROAD_MIN:
        return Reason.TOO_SHORT
    table = plans()
    octet = table.octet(table.abroad, digits)
    if octet in _PLAIN:
        return digits
    label = Label(octet)
    if label.verdict is Verdict.UNKNOWN_COUNTRY:
        # phonenumbers then looks for what is dialled at home before numbers abroad.
        home = country and table.label(table.homes[country].start, digits).verdict
        return None if home is Verdict.ASK else Reason.UNKNOWN_COUNTRY
    if label.verdict is Verdict.ASK:
        return None
    code = table.code_of(digits)
    begin = len(code) + label.variant
    if not label.kind:
        return table.reason(code, len(digits) - begin)
    return code + digits[begin:]


def _judge_at_home(digits: str, country: str) -> str | Reason | None:
    if len(digits) < HOME_MIN:
        return Reason.TOO_SHORT
    table = plans()
    home = table.homes[country]
    label = table.label(home.start, digits)
    if label.verdict is Verdict.ASK:
        return None
    begin = len(home.code) if label.variant == OWN else label.variant
    if not label.kind:
        return table.reason(home.code, len(digits) - begin)
    return home.code + digits[begin:]
