"""Senders and revisions (SPEC 3): addresses, types, moves, and which revision is current."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import sender as rules
from chalicelib.domain.decision import Decision
from chalicelib.domain.errors import AlreadyDecided, Conflict, IllegalMove, Invalid
from chalicelib.domain.sender import (
    ALPHANUMERIC,
    LONG_NUMBER,
    NAME_MAX,
    REVISIONS_MAX,
    SHORT_CODE,
    USE_MAX,
    NumberType,
    Revision,
    RevisionMove,
    RevisionStatus,
    check_revision,
    check_sender_name,
    current_after,
    decide,
    default_type,
    move,
    retyped,
    usable,
)
from tests.fakes import samples
from tests.fakes.services import MORNING

DRAFT, PENDING, APPROVED, REJECTED, ARCHIVED = RevisionStatus
LATER = MORNING + timedelta(hours=1)
# SPEC 3.1, written down a second time.
POSSIBLE = {
    (DRAFT, RevisionMove.EDIT): DRAFT,
    (DRAFT, RevisionMove.SUBMIT): PENDING,
    (DRAFT, RevisionMove.ARCHIVE): ARCHIVED,
    (PENDING, RevisionMove.WITHDRAW): DRAFT,
    (PENDING, RevisionMove.APPROVE): APPROVED,
    (PENDING, RevisionMove.REJECT): REJECTED,
    (APPROVED, RevisionMove.ARCHIVE): ARCHIVED,
    (REJECTED, RevisionMove.ARCHIVE): ARCHIVED,
    (ARCHIVED, RevisionMove.RESTORE): REJECTED,
}


def revision(status: RevisionStatus = DRAFT, **changes: Any) -> Revision:
    return samples.revision(**{"status": status, **changes})


def decided(status: RevisionStatus, **changes: Any) -> Revision:
    return revision(status, **{"decision": Decision("usr_m", MORNING, "so"), **changes})


def fields(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.field for problem in refused.value.problems]


# --- addresses and types ---


@pytest.mark.parametrize(
    "address",
    [
        "A",
        "ACME Ltd",
        "ElevenChars",
        "A@B_C$D",
        "1ABC",
        "1" * 20,
        "0",
        "00447700900",
        "12345678901",
        "-5",
        "+",
        "+A1",
    ],
)
def test_an_address_that_fits(address: str) -> None:
    rules.check_address(address)
    check_revision(revision(address=address))


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "TwelveChars!",
        " ACME",
        "ACME ",
        "1" * 21,
        "AC\x00ME",
        "AC\nME",
        "AC\x1bME",
        "AC\x7fME",
        "Zürich",
        "ACME\u200b",
        "\ud800",
        "٣٤٥٦",
        "\uff11\uff12\uff13\uff14",
        "²",
        "`ACME`",
        "+447700900123",
        "+4477",
        "[12345678]1",
        "ABCDEFGHIJ~",
    ],
)
def test_an_address_that_does_not_fit(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_revision(revision(address=address))
    assert fields(refused) == ["address"]
    with pytest.raises(Invalid):
        rules.check_address(address)


def test_a_plus_is_told_from_other_mistakes() -> None:
    with pytest.raises(Invalid, match=r"without the \+"):
        rules.check_address("+447700900123")


def test_what_takes_two_septets_counts_twice() -> None:
    rules.check_address("[1234567]")
    with pytest.raises(Invalid, match="counts as two"):
        rules.check_address("[12345678]")


@given(st.text(max_size=24) | st.text("0123456789+", max_size=24))
def test_any_address_is_taken_as_the_wire_can_carry_it_or_refused(address: str) -> None:
    octets = address.encode("ascii", errors="ignore")
    whole = octets.decode() == address
    digits = whole and octets.isdigit() and len(octets) <= 20
    name = whole and 0 < sum(2 if octet in b"[]{}^~|\\" else 1 for octet in octets) <= 11
    name = name and all(0x20 <= octet < 0x7F and octet != 0x60 for octet in octets)
    name = name and octets.strip() == octets and not octets.removeprefix(b"+").isdigit()
    with nullcontext() if digits or name else pytest.raises(Invalid):
        rules.check_address(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ACME", (5, 0)),
        ("1ABC", (5, 0)),
        ("", (5, 0)),
        ("٣٤٥٦", (5, 0)),
        ("12345", (3, 0)),
        ("12345678", (3, 0)),
        ("123456789", (1, 1)),
        ("447700900123", (1, 1)),
    ],
)
def test_types_by_default(address: str, expected: tuple[int, int]) -> None:
    """SPEC 3.3"""
    assert default_type(address) == NumberType(*expected)


def test_a_default_type_follows_the_address_and_a_chosen_one_stays() -> None:
    by_default = revision(address="ACME", source=ALPHANUMERIC)
    assert retyped(by_default, "447700900123") == LONG_NUMBER
    assert retyped(by_default, "12345") == SHORT_CODE
    assert retyped(by_default, "OTHER") == ALPHANUMERIC
    chosen = revision(address="ACME", source=NumberType(0, 0))
    assert retyped(chosen, "447700900123") == NumberType(0, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": NumberType(7, 0)}, "source.ton"),
        ({"source": NumberType(-1, 0)}, "source.ton"),
        ({"source": NumberType(0, 2)}, "source.npi"),
        ({"destination": NumberType(7, 1)}, "destination.ton"),
        ({"destination": NumberType(1, 19)}, "destination.npi"),
        ({"use": "u" * (USE_MAX + 1)}, "use"),
        ({"use": "half a character: \ud800"}, "use"),
        ({"use": "\x00"}, "use"),
        ({"use": "\x1b[2J"}, "use"),
    ],
)
def test_a_revision_that_cannot_be(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_revision(revision(**changes))
    assert fields(refused) == [field]


def test_all_that_is_wrong_is_named_at_once() -> None:
    bad = revision(address="", source=NumberType(9, 9), use="u" * 600)
    with pytest.raises(Invalid) as refused:
        check_revision(bad, has_channel=False)
    expected = ["address", "source.ton", "channel", "use"]
    assert fields(refused) == expected


def test_a_use_may_have_lines_and_any_script() -> None:
    check_revision(revision(use="Orders\n\t注文 पते 👩‍👩‍👧 ", destination=NumberType(6, 18)))
    check_revision(revision(use="u" * USE_MAX))


# --- senders ---


@pytest.mark.parametrize("name", ["", "  ", "n" * (NAME_MAX + 1), "a\nb", "a\x00b", "\ud800"])
def test_a_name_that_cannot_be(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.rename(samples.sender(), name)
    assert fields(refused) == ["name"]


def test_a_name_is_kept_without_the_blanks_around_it() -> None:
    check_sender_name("n" * NAME_MAX)
    assert rules.rename(samples.sender(), "  Boutique № 5 ").name == "Boutique № 5"


def test_a_sender_is_archived_once_and_restored_once() -> None:
    sender = samples.sender(current_revision=2)
    archived = rules.archive_sender(sender, LATER)
    assert archived == replace(sender, archived_at=LATER)
    assert rules.restore_sender(archived) == sender
    with pytest.raises(IllegalMove, match="sender that is archived cannot be archived"):
        rules.archive_sender(archived, LATER)
    with pytest.raises(IllegalMove, match="not archived cannot be restored"):
        rules.restore_sender(sender)


def test_an_archived_sender_is_closed() -> None:
    rules.check_open(samples.sender())
    with pytest.raises(Conflict, match="restore it"):
        rules.check_open(samples.sender(archived_at=MORNING))


def test_numbers_of_revisions_go_up_to_a_limit() -> None:
    assert rules.next_number(samples.sender()) == 1
    assert rules.next_number(samples.sender(revisions=REVISIONS_MAX - 1)) == REVISIONS_MAX
    with pytest.raises(Conflict, match="make another sender"):
        rules.next_number(samples.sender(revisions=REVISIONS_MAX))


# --- moves ---


@pytest.mark.parametrize(("status", "action"), list(product(RevisionStatus, RevisionMove)))
def test_every_move_is_in_the_table_or_refused(
    status: RevisionStatus, action: RevisionMove
) -> None:
    before = revision(status, archived_from=REJECTED if status is ARCHIVED else None)
    if (status, action) in POSSIBLE:
        after = move(before, action)
        assert after == replace(before, status=POSSIBLE[status, action], archived_from=None)
    else:
        with pytest.raises(IllegalMove) as refused:
            move(before, action)
        assert (refused.value.state, refused.value.action) == (status.value, action.value)


def test_an_archived_revision_that_forgot_what_it_was_stays_archived() -> None:
    with pytest.raises(IllegalMove):
        move(revision(ARCHIVED), RevisionMove.RESTORE)


def test_submitting_and_withdrawing() -> None:
    draft = revision()
    submitted = rules.submit(draft, LATER)
    assert submitted == replace(draft, status=PENDING, submitted_at=LATER)
    assert rules.withdraw(submitted) == draft


@pytest.mark.parametrize("status", [DRAFT, APPROVED, REJECTED])
def test_archiving_and_restoring_give_back_what_was(status: RevisionStatus) -> None:
    before = revision(status)
    archived = rules.archive(before)
    assert archived == replace(before, status=ARCHIVED, archived_from=status)
    assert rules.restore(archived) == before


def test_only_drafts_are_edited_and_by_their_author() -> None:
    draft = revision(author="usr_a")
    wanted = replace(draft, address="OTHER")
    assert rules.edit(draft, wanted, "usr_b", has_channel=True) == replace(wanted, author="usr_b")
    assert rules.edit(draft, draft, "usr_b", has_channel=True) == draft
    with pytest.raises(Invalid) as refused:
        rules.edit(draft, wanted, "usr_b", has_channel=False)
    assert fields(refused) == ["channel"]
    for status in (PENDING, APPROVED, REJECTED, ARCHIVED):
        before = revision(status)
        with pytest.raises(IllegalMove, match="cannot be edited"):
            rules.edit(before, replace(before, address=""), "usr_a", has_channel=True)


@pytest.mark.parametrize(("approve", "status"), [(True, APPROVED), (False, REJECTED)])
def test_a_decision_holds_who_when_and_why(*, approve: bool, status: RevisionStatus) -> None:
    decision = Decision("usr_m", LATER, "a note")
    after = decide(revision(PENDING), approve=approve, decision=decision)
    assert after == revision(status, decision=decision)


def test_nothing_is_decided_twice() -> None:
    decision = Decision("usr_n", LATER, "late")
    for before in (decided(APPROVED), decided(REJECTED), rules.archive(decided(APPROVED))):
        with pytest.raises(AlreadyDecided, match=r"(approved|rejected) at 2026-03-02"):
            decide(before, approve=False, decision=decision)
    for status in (DRAFT, ARCHIVED):
        with pytest.raises(IllegalMove, match="cannot be approved"):
            decide(revision(status), approve=True, decision=decision)


def test_a_rejection_says_why() -> None:
    with pytest.raises(Invalid, match="why"):
        decide(revision(PENDING), approve=False, decision=Decision("usr_m", LATER, " "))
    without = Decision("usr_m", LATER)
    assert decide(revision(PENDING), approve=True, decision=without).status is APPROVED


# --- what is used ---


@pytest.mark.parametrize("status", RevisionStatus)
def test_campaigns_use_approved_revisions_of_senders_that_are_not_archived(
    status: RevisionStatus,
) -> None:
    sender = samples.sender()
    assert usable(sender, revision(status)) is (status is APPROVED)
    assert not usable(replace(sender, archived_at=MORNING), revision(status))


def test_the_one_approved_last_is_current() -> None:
    sender = samples.sender()
    first = decided(APPROVED, number=1)
    second = decided(APPROVED, number=2)
    assert current_after(sender, []) is None
    assert current_after(sender, [first]) == 1
    assert current_after(sender, [second, first]) == 2
    late = replace(first, decision=Decision("usr_m", LATER))
    assert current_after(sender, [late, second]) == 1
    others = [decided(status, number=9) for status in RevisionStatus if status is not APPROVED]
    assert current_after(sender, [first, *others]) == 1
    assert current_after(sender, [first, decided(APPROVED, number=9, sender="snd_b")]) == 1
    assert current_after(sender, [revision(APPROVED, number=3)]) == 3


def test_what_the_audit_log_keeps() -> None:
    assert rules.sender_facts(samples.sender(current_revision=3, archived_at=MORNING)) == {
        "name": "Shop",
        "current_revision": 3,
        "archived": True,
    }
    kept = rules.facts(decided(REJECTED, use="Orders"))
    assert kept["source"] == "5/0"
    assert kept["destination"] == "1/1"
    assert (kept["use"], kept["note"], kept["author"]) == ("Orders", "so", "usr_a")
    untouched = rules.facts(revision())
    assert (untouched["use"], untouched["note"]) == (None, None)
