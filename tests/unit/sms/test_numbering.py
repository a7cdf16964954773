"""The table of numbering plans: what it says is what phonenumbers says, of every country."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from chalicelib.sms.labels import KINDS, Verdict, judged, verdict
from chalicelib.sms.numbering import judge, normalise_quickly, packed, plans, unpacked
from chalicelib.sms.phone import BadNumber, Reason, dialled, normalise
from infra import numbering as compiling
from tests.fakes import dirt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# As the table tells kinds; whatever is not here is "other".
KIND_OF = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "either",
}
COUNTRIES = sorted(plans().homes)


def answer(way: Callable[..., str], raw: str, country: str | None = None) -> str:
    try:
        return way(raw, default_country=country)
    except BadNumber as error:
        return f"bad: {error.reason}"


def test_it_is_made_from_what_is_installed() -> None:
    """If not: python -m infra.numbering."""
    assert plans().version == phonenumbers.__version__
    assert set(COUNTRIES) == set(phonenumbers.SUPPORTED_REGIONS)


def test_a_check_tells_whether_it_is_current(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compiling.main(["--check"]) == 0
    for other in (replace(plans(), version="0"), replace(plans(), compiler="0")):
        target = tmp_path / "numbering.bin"
        target.write_bytes(packed(other))
        monkeypatch.setattr(compiling, "TARGET", target)
        assert compiling.main(["--check"]) == 1
        assert "run python -m infra.numbering" in capsys.readouterr().err


def test_it_comes_back_as_it_was_packed() -> None:
    assert unpacked(packed(plans())) == plans()
    with pytest.raises(ValueError, match="no table of numbering plans"):
        unpacked(b"MCX\x01" + bytes(8))


def test_other_machines_have_other_byte_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = packed(plans())
    monkeypatch.setattr(sys, "byteorder", "big")
    assert unpacked(packed(plans())) == plans()
    assert packed(plans()) != ours


def some_digits(chance: random.Random) -> tuple[str, str | None]:
    """Numbers as they are, dialled in all ways, nearly numbers, and any digits at all."""
    code, region, national, prefix = chance.choice(dirt.examples())
    country = region if region in plans().homes and chance.random() < 0.8 else None
    country = country or chance.choice([None, *COUNTRIES])
    forms = ("{c}{n}", "{c}{p}{n}", "{p}{n}", "{n}", "{c}0{n}", "0{n}", "8{n}", "1{n}", "{x}")
    anything = "".join(chance.choices("0123456789", k=chance.randrange(1, 26)))
    written = chance.choice(forms).format(c=code, p=prefix, n=national, x=anything)
    digits = list(written)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        at = chance.randrange(len(digits) + 1)
        digits[at : at + chance.randrange(3)] = chance.choices("0123456789", k=chance.randrange(3))
    return chance.choice(("", "", "+", "00")) + "".join(digits or "1"), country


def test_it_says_what_phonenumbers_says() -> None:
    chance, asked = random.Random(9), 0  # noqa: S311 - examples, no secrets
    for _ in range(6_000):
        raw, country = some_digits(chance)
        assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country), raw
        abroad, digits = dialled(raw)
        asked += judge(digits, country, abroad=abroad) is None
    # It is worth little if it leaves much to phonenumbers; half of these are oddly dialled.
    assert asked < 6_000 / 15


def test_nearly_every_number_is_told_as_it_is_dialled() -> None:
    told = 0
    for code, region, national, prefix in dirt.examples():
        ways: list[tuple[str, str | None]] = [
            (f"{code}{national}", None),
            (f"{code}{prefix}{national}", None),
        ]
        if region in plans().homes:
            ways += [(f"{prefix}{national}", region), (f"{code}{national}", region)]
        told += all(judge(raw, country, abroad=False) is not None for raw, country in ways)
    assert told > 0.9 * len(dirt.examples())


def test_kinds_are_those_of_phonenumbers() -> None:
    table = plans()
    for code, _, national, _ in dirt.examples():
        label = table.label(table.abroad, f"{code}{national}")
        if label.verdict is None and label.kind and not label.variant:
            number = phonenumbers.parse(f"+{code}{national}")
            expected = KIND_OF.get(phonenumbers.number_type(number), "other")
            assert KINDS[label.kind] == expected


@given(
    st.sampled_from(["", "+", "00", "0", " ", "+0"]),
    st.text(st.sampled_from("0123456789 +-a\u0664"), max_size=14),
    st.sampled_from([None, "GB", "US", "IT", "AR", "RU"]),
)
def test_both_ways_answer_alike(before: str, number: str, country: str | None) -> None:
    raw = before + number
    assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country)
    assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country)


@pytest.mark.parametrize("size", [20, 100, 249, 250, 1000])
@pytest.mark.parametrize("start", ["44", "0", "999"])
def test_many_digits_are_told_as_well(size: int, start: str) -> None:
    raw = start.ljust(size, "7")
    for country in (None, "GB"):
        assert answer(normalise_quickly, raw, country) == answer(normalise, raw, country)
    assert judge(raw, None, abroad=True) in (Reason.TOO_LONG, Reason.UNKNOWN_COUNTRY)


def test_labels_say_what_they_were_made_of() -> None:
    assert [verdict(each).verdict for each in Verdict] == list(Verdict)
    label = judged(3, 2)
    assert (label.verdict, label.kind, label.variant) == (None, 3, 2)
