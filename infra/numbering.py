"""Compiles phonenumbers' metadata into chalicelib/sms/numbering.bin: one table that tells of any
digits whether they are a phone number, of which kind, or why not (sms/numbering.py reads it).

`python -m infra.numbering` writes it, which takes half a minute. With --check it says at once
whether the file was made from the phonenumbers that is installed, by the compiler as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from array import array
from pathlib import Path
from typing import Any, Final, Protocol

import phonenumbers

from chalicelib.sms.labels import Label
from chalicelib.sms.numbering import REASONS, RESOURCE, Home, Plans, packed, unpacked
from infra.dialling.flows import COUNTRY_CODES, TOO_MANY, Abroad, AtHome
from infra.dialling.patterns import DIGITS
from infra.dialling.plans import body, lengths

_SMS: Final = Path(__file__).resolve().parent.parent / "chalicelib" / "sms"
TARGET: Final = _SMS / RESOURCE
# What decides about the table, beside phonenumbers itself.
SOURCES: Final = (
    Path(__file__),
    *sorted((Path(__file__).parent / "dialling").glob("*.py")),
    _SMS / "labels.py",
)


class Automaton(Protocol):
    def begin(self) -> Any: ...  # noqa: ANN401 - each has states of its own

    def step(self, at: Any, digit: int) -> Any:  # noqa: ANN401 - likewise
        """The next state, or a label that stays whatever follows."""
        ...

    def end(self, at: Any) -> Label: ...  # noqa: ANN401 - likewise


class Table:
    """Minimal states of several automata: states with equal futures are one.

    Every way through them ends, in a label that stays at the latest, so a state's future is known
    before the state itself.
    """

    def __init__(self) -> None:
        self.labels = bytearray()
        self.steps: list[tuple[int, ...]] = []
        self._known: dict[tuple[Label, tuple[int, ...]], int] = {}
        self._lasting: dict[Label, int] = {}

    def add(self, automaton: Automaton) -> int:
        """Its first state."""
        start = automaton.begin()
        found: dict[Any, int] = {}
        waiting = [(start, self._following(automaton, start))]
        while waiting:
            at, following = waiting[-1]
            ahead = next((one for one in following if not self._is_found(one, found)), None)
            if ahead is not None:
                waiting.append((ahead, self._following(automaton, ahead)))
                continue
            steps = (self._stay(one) if isinstance(one, Label) else found[one] for one in following)
            found[at] = self._state(automaton.end(at), tuple(steps))
            waiting.pop()
        return found[start]

    @staticmethod
    def _following(automaton: Automaton, at: Any) -> list[Any]:  # noqa: ANN401 - as above
        return [automaton.step(at, digit) for digit in DIGITS]

    @staticmethod
    def _is_found(at: Any, found: dict[Any, int]) -> bool:  # noqa: ANN401 - as above
        return isinstance(at, Label) or at in found

    def _state(self, label: Label, steps: tuple[int, ...]) -> int:
        key = (label, steps)
        if key not in self._known:
            self._known[key] = self._new(label, steps)
        return self._known[key]

    def _stay(self, label: Label) -> int:
        if label not in self._lasting:
            self._lasting[label] = self._new(label, (len(self.steps),) * len(DIGITS))
        return self._lasting[label]

    def _new(self, label: Label, steps: tuple[int, ...]) -> int:
        self.labels.append(label)
        self.steps.append(steps)
        return len(self.steps) - 1


def compiled() -> Plans:
    table = Table()
    abroad = table.add(Abroad())
    countries = sorted(phonenumbers.SUPPORTED_REGIONS)
    homes = {
        country: Home(table.add(AtHome(country)), str(COUNTRY_CODES[country]))
        for country in countries
    }
    return Plans(
        version=phonenumbers.__version__,
        compiler=compiler(),
        steps=array("H", [step for steps in table.steps for step in steps]),
        labels=bytes(table.labels),
        abroad=abroad,
        homes=homes,
        reasons={str(code): reasons(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE},
    )


def compiler() -> str:
    """Which one it is: another one may come to another table."""
    return hashlib.sha256(b"".join(source.read_bytes() for source in SOURCES)).hexdigest()


def is_current(data: bytes) -> bool:
    made = unpacked(data)
    return (made.version, made.compiler) == (phonenumbers.__version__, compiler())


def reasons(code: int) -> str:
    letters = {reason: letter for letter, reason in REASONS.items()}
    known = lengths(body(code).main)
    return "".join(letters[known.reason(length)] for length in range(TOO_MANY + 1))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.numbering")
    parser.add_argument("--check", action="store_true", help="only say whether it is current")
    options = parser.parse_args(arguments)
    if options.check:
        if is_current(TARGET.read_bytes()):
            return 0
        print(f"{TARGET.name} is not current: run python -m infra.numbering", file=sys.stderr)
        return 1
    data = packed(compiled())
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(data)} bytes, phonenumbers {phonenumbers.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
