"""What phonenumbers makes of digits, as automata: whether they are a number and which, or why not.

`Abroad` takes what stands behind "+" or "00", `AtHome` what is dialled within a country. Both
follow phonenumbers' `parse` and `is_valid_number` step by step (its functions are named where they
are followed), with every question that it asks about the digits as an automaton that is asked at
once while the digits come. Where its answer depends on more than that (carrier codes that are
moved, prefixes that are written anew), the answer here is to ask phonenumbers itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from chalicelib.sms.labels import OWN, Label, Verdict, judged, verdict
from chalicelib.sms.numbering import CODE_MAX
from infra.dialling.automata import DEAD, pattern
from infra.dialling.plans import LONGEST, SHORTEST, body, general, lengths, metadata_of
from infra.dialling.prefixes import ASK, NO_CUT, REMEMBERED, Ask, Cut, Live, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phonenumbers import PhoneMetadata

    from infra.dialling.prefixes import PrefixState

# Even with the longest prefix cut off there are too many digits.
TOO_MANY: Final = LONGEST + REMEMBERED + 1
NO_NUMBER: Final = judged(0, 0)
COUNTRY_CODES: Final = {
    region: code for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() for region in regions
}


class Flow(NamedTuple):
    """A national number so far: as it stands, and without its prefix once that has ended."""

    length: int
    body: int
    viable: int
    prefix: PrefixState
    cut_body: int = DEAD
    cut_viable: int = DEAD


class National:
    """`parse` from where the country code is settled; `metadata` is what it then goes by."""

    def __init__(self, code: int, metadata: PhoneMetadata) -> None:
        self.body = body(code)
        self.viable = pattern(general(metadata).national_number_pattern)
        self._prefix = Prefix(metadata)
        self._lengths = lengths(metadata)

    def begin(self) -> Flow:
        viable = DEAD if self._prefix.start == NO_CUT else self.viable.start
        return Flow(0, self.body.start, viable, self._prefix.start)

    def step(self, at: Flow, digit: int) -> Flow | Label:
        if at.length >= TOO_MANY:
            return NO_NUMBER
        moved = at._replace(
            length=at.length + 1,
            body=self.body.step(at.body, digit),
            viable=self.viable.step(at.viable, digit),
        )
        if isinstance(at.prefix, Live):
            return self._settled(moved, self._prefix.step(at.prefix, digit))
        return self._alive(
            moved._replace(
                cut_body=self.body.step(at.cut_body, digit),
                cut_viable=self.viable.step(at.cut_viable, digit),
            )
        )

    def end(self, at: Flow) -> Label:
        if isinstance(at.prefix, Live):
            settled = self._settled(at, self._prefix.at_end(at.prefix))
            return self.end(settled) if isinstance(settled, Flow) else settled
        cut = at.prefix.size if isinstance(at.prefix, Cut) else 0
        # "If the original number was viable, and the resultant number is not": it is no prefix.
        if self.viable.matches(at.viable) and not self.viable.matches(at.cut_viable):
            cut = 0
        if self._lengths.keeps_prefix(at.length - cut):
            cut = 0
        return self.judge(at.cut_body if cut else at.body, at.length - cut, cut)

    def judge(self, state: int, length: int, variant: int) -> Label:
        kind = self.body.kind(state, length) if SHORTEST <= length <= LONGEST else 0
        return judged(kind, variant)

    def _alive(self, at: Flow) -> Flow | Label:
        """Nothing that comes makes a number of it, with or without its prefix."""
        states = (at.body, at.viable, at.cut_body, at.cut_viable)
        return NO_NUMBER if at.prefix == NO_CUT and not any(states) else at

    def _settled(self, at: Flow, prefix: PrefixState) -> Flow | Label:
        if isinstance(prefix, Ask):
            return verdict(Verdict.ASK)
        if isinstance(prefix, Live):
            return at._replace(prefix=prefix)
        if not prefix.size:
            return self._alive(at._replace(prefix=NO_CUT, viable=DEAD))
        return at._replace(
            prefix=Cut(prefix.size, ""),
            cut_body=self.body.after(prefix.rest),
            cut_viable=self.viable.after(prefix.rest),
        )


class Abroad:
    """What follows "+" or "00", or stands for itself where no country is given."""

    def __init__(self) -> None:
        self._codes = {str(code) for code in COUNTRY_CODE_TO_REGION_CODE}
        self._national = {code: National(int(code), body(int(code)).main) for code in self._codes}

    def begin(self) -> str:
        return ""

    def step(self, at: str | tuple[str, Flow], digit: int) -> str | tuple[str, Flow] | Label:
        if isinstance(at, str):
            code = at + str(digit)
            if code in self._codes:
                return code, self._national[code].begin()
            # _extract_country_code
            if len(code) == CODE_MAX or (code.startswith("0") and len(code) > SHORTEST):
                return verdict(Verdict.UNKNOWN_COUNTRY)
            return code
        code, flow = at
        moved = self._national[code].step(flow, digit)
        return (code, moved) if isinstance(moved, Flow) else moved

    def end(self, at: str | tuple[str, Flow]) -> Label:
        return NO_NUMBER if isinstance(at, str) else self._national[at[0]].end(at[1])


class Own(NamedTuple):
    """Digits that begin with the country's own code, and what follows it."""

    code_left: str
    length: int = 0
    body: int = DEAD
    viable: int = DEAD
    prefixes: tuple[PrefixState, ...] = ()


class Home(NamedTuple):
    abroad: int
    viable: int
    flow: Flow | Label
    own: Own | None
    length: int = 0


class AtHome:
    """What is dialled in a country: a national number, or its code without a plus sign
    (_maybe_extract_country_code).
    """

    def __init__(self, region: str) -> None:
        metadata = metadata_of(region)
        code = COUNTRY_CODES[region]
        self._code = str(code)
        self._national = National(code, metadata)
        self._abroad = pattern(metadata.international_prefix)
        self._lengths = lengths(metadata)
        # Of the code's digits: those that are taken off at first, then those by its main region.
        self._prefixes = (Prefix(metadata), Prefix(self._national.body.main))

    def begin(self) -> Home:
        national = self._national
        return Home(self._abroad.start, national.viable.start, national.begin(), Own(self._code))

    def step(self, at: Home, digit: int) -> Home | Label:
        abroad = self._abroad.step(at.abroad, digit)
        flow = at.flow if isinstance(at.flow, Label) else self._national.step(at.flow, digit)
        if self._abroad.matches(abroad):
            return verdict(Verdict.ASK)
        viable = self._national.viable.step(at.viable, digit)
        own = at.own and self._own_step(at.own, digit)
        if at.length > TOO_MANY + CODE_MAX:
            return NO_NUMBER
        if own is None and abroad == DEAD and isinstance(flow, Label):
            return flow
        return Home(abroad, viable if own else DEAD, flow, own, at.length + 1)

    def end(self, at: Home) -> Label:
        own = self._own_end(at, at.own)
        if own is not None:
            return own
        return at.flow if isinstance(at.flow, Label) else self._national.end(at.flow)

    def _own_step(self, own: Own, digit: int) -> Own | None:
        national = self._national
        if own.code_left:
            if own.code_left[0] != str(digit):
                return None
            left = own.code_left[1:]
            if left:
                return Own(left)
            starts = tuple(prefix.start for prefix in self._prefixes)
            return Own("", 0, national.body.start, national.viable.start, starts)
        prefixes = tuple(
            prefix.step(state, digit) if isinstance(state, Live) else state
            for prefix, state in zip(self._prefixes, own.prefixes, strict=True)
        )
        body_state = national.body.step(own.body, digit)
        viable = national.viable.step(own.viable, digit)
        return Own("", own.length + 1, body_state, viable, _merged(prefixes))

    def _own_end(self, at: Home, own: Own | None) -> Label | None:
        if own is None or own.code_left:
            return None
        settled = [
            prefix.at_end(state) if isinstance(state, Live) else state
            for prefix, state in zip(self._prefixes, own.prefixes, strict=True)
        ]
        if any(state != NO_CUT for state in settled):
            return verdict(Verdict.ASK)
        viable = self._national.viable
        better = not viable.matches(at.viable) and viable.matches(own.viable)
        if not better and not self._lengths.too_long(at.length):
            return None
        return self._national.judge(own.body, own.length, OWN)


def _merged(states: Iterable[PrefixState]) -> tuple[PrefixState, ...]:
    """What is cut asks phonenumbers in the end, however much it is."""
    return tuple(ASK if isinstance(state, Cut) and state.size else state for state in states)
