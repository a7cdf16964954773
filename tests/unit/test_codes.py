from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts

from chalicelib.domain.codes import CodeSpace, Meaning, meaning


def test_every_status_of_smpp_has_its_own_name() -> None:
    for name, code in vars(consts).items():
        if name.startswith("SMPP_ESME_"):
            assert meaning(CodeSpace.COMMAND_STATUS, code).name == name.removeprefix("SMPP_")


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (0, "SCHEDULED"),
        (1, "ENROUTE"),
        (2, "DELIVRD"),
        (3, "EXPIRED"),
        (4, "DELETED"),
        (5, "UNDELIV"),
        (6, "ACCEPTD"),
        (7, "UNKNOWN"),
        (8, "REJECTD"),
        (9, "SKIPPED"),
    ],
)
def test_receipt_states(state: int, name: str) -> None:
    assert meaning(CodeSpace.RECEIPT, state).name == name


def test_one_number_means_different_things_in_each_space() -> None:
    meanings = {meaning(space, 8) for space in CodeSpace}
    assert len(meanings) == len(CodeSpace)


def test_vendor_statuses_are_the_carriers_own() -> None:
    assert meaning(CodeSpace.COMMAND_STATUS, 0x401) == Meaning(
        "0x401", "The carrier's own status: ask the carrier what it means"
    )
    assert "carrier's own" not in meaning(CodeSpace.COMMAND_STATUS, 0x500).text


@given(st.sampled_from(CodeSpace), st.integers(0, 0xFFFFFFFF))
def test_no_code_is_an_error(space: CodeSpace, code: int) -> None:
    known = meaning(space, code)
    assert known.name
    assert known.text


def test_unknown_codes_are_named_by_their_number() -> None:
    assert meaning(CodeSpace.NETWORK, 1).name == "0x01"
    assert meaning(CodeSpace.RECEIPT, 200).name == "0xc8"
