"""Invitations, join requests, and the tokens and codes that lead to them (SPEC 2.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import invitation as rules
from chalicelib.domain.errors import AlreadyDecided, IllegalMove, TooMany
from chalicelib.domain.identity import digest_of
from chalicelib.domain.invitation import (
    APPLICANT_PREFIX,
    INVITATION_LENGTH,
    INVITATION_PREFIX,
    JOIN_CODE_LENGTH,
    MAIL_PAUSE,
    InvitationStatus,
    JoinStatus,
)
from tests.fakes import samples
from tests.fakes.services import MORNING

SECOND = timedelta(seconds=1)
ENDS = MORNING + INVITATION_LENGTH
OPEN = samples.invitation(expires_at=ENDS, digest=digest_of("the token"))


def test_an_open_invitation_holds_until_it_expires() -> None:
    assert OPEN.holds_at(ENDS - SECOND)
    assert not OPEN.holds_at(ENDS)
    assert OPEN.state_at(ENDS - SECOND) == "open"
    assert OPEN.state_at(ENDS) == "expired"
    used = rules.accepted(OPEN, "usr_c")
    assert (used.state_at(ENDS), used.accepted_by) == ("accepted", "usr_c")
    assert not used.holds_at(MORNING)


def test_an_invitation_opens_with_the_token_of_its_newest_mail_alone() -> None:
    assert OPEN.opens_with("the token", MORNING)
    assert not OPEN.opens_with("another", MORNING)
    assert not OPEN.opens_with("the token", ENDS)
    for closed in (rules.revoked(OPEN, MORNING), rules.accepted(OPEN, "usr_c")):
        assert not closed.opens_with("the token", MORNING)
        assert closed.digest is None
    assert not samples.invitation(digest=None).opens_with("", MORNING)


def test_an_applicants_token_holds_for_its_time() -> None:
    applicant = samples.applicant(digest=digest_of("t"), expires_at=MORNING + SECOND)
    assert applicant.opens_with("t", MORNING)
    assert not applicant.opens_with("x", MORNING)
    assert not applicant.opens_with("t", MORNING + SECOND)


@pytest.mark.parametrize("status", [InvitationStatus.ACCEPTED, InvitationStatus.REVOKED])
def test_what_is_closed_is_neither_revoked_nor_sent_again(status: InvitationStatus) -> None:
    closed = samples.invitation(status=status)
    with pytest.raises(IllegalMove, match=f"{status} cannot be revoked"):
        rules.revoked(closed, MORNING)
    with pytest.raises(IllegalMove, match=f"{status} cannot be sent again"):
        rules.renewed(closed, MORNING + MAIL_PAUSE)


def test_what_has_expired_is_not_sent_again() -> None:
    with pytest.raises(IllegalMove, match="expired cannot be sent again"):
        rules.renewed(OPEN, ENDS)


def test_an_invitation_that_is_sent_again_has_all_its_time_again() -> None:
    later = MORNING + timedelta(days=3)
    assert rules.renewed(OPEN, later).expires_at == later + INVITATION_LENGTH
    assert rules.renewed(OPEN, later).digest == OPEN.digest


def test_no_mail_follows_another_at_once() -> None:
    with pytest.raises(TooMany) as refusal:
        rules.renewed(OPEN, MORNING + MAIL_PAUSE - SECOND)
    assert refusal.value.wait == SECOND
    assert rules.mailed_lately(MORNING, MORNING + MAIL_PAUSE - SECOND)
    assert not rules.mailed_lately(MORNING, MORNING + MAIL_PAUSE)
    assert not rules.mailed_lately(None, MORNING)


@pytest.mark.parametrize("status", [JoinStatus.APPROVED, JoinStatus.REJECTED])
def test_a_request_is_decided_once(status: JoinStatus) -> None:
    decided = rules.decided(samples.join_request(), status, "usr_b", MORNING)
    assert (decided.status, decided.decided_by, decided.decided_at) == (status, "usr_b", MORNING)
    with pytest.raises(AlreadyDecided, match=status.value):
        rules.decided(decided, JoinStatus.APPROVED, "usr_a", MORNING)


_SECRETS = st.text("abcXYZ019-_", min_size=1)
_WORKSPACES = st.from_regex(r"\A[a-z][a-z0-9_.-]{0,30}\Z")


@given(_WORKSPACES, st.from_regex(r"\A[0-9a-z]{26}\Z"), _SECRETS)
def test_a_token_leads_to_its_invitation_whatever_its_secret_holds(
    workspace: str, ulid: str, secret: str
) -> None:
    reference = rules.invitation_reference(f"inv_{ulid}")
    token = rules.entry_token(INVITATION_PREFIX, workspace, reference, secret)
    assert rules.entry_in(token, INVITATION_PREFIX) == (workspace, ulid)
    assert rules.entry_in(token, APPLICANT_PREFIX) is None


@given(_WORKSPACES, st.text(st.characters(exclude_categories=["Cs"]), min_size=1), _SECRETS)
def test_a_token_leads_to_its_applicant_whatever_the_address_holds(
    workspace: str, email: str, secret: str
) -> None:
    reference = rules.email_reference(email)
    token = rules.entry_token(APPLICANT_PREFIX, workspace, reference, secret)
    assert rules.entry_in(token, APPLICANT_PREFIX) == (workspace, reference)
    assert rules.referred_email(reference) == email


@pytest.mark.parametrize(
    "token",
    [
        "",
        "mci_",
        "mci_wsp_a",
        "mci_wsp_a.",
        "mci_wsp_a.ulid",
        "mci_wsp_a.ulid_",
        "mci_wsp_a._secret",
        "mci_.ulid_secret",
        "wsp_a.ulid_secret",
        "mcs_ulid_secret",
        "mci_wsp_a.ulid_s\u00e9cret",
        "mci_wsp_a.ulid_\ud800",
    ],
)
def test_what_is_no_token_leads_nowhere(token: str) -> None:
    assert rules.entry_in(token, INVITATION_PREFIX) is None


@pytest.mark.parametrize("reference", ["x", "abc", "ff", "\u0661\u0661"])
def test_what_is_no_reference_is_no_address(reference: str) -> None:
    assert rules.referred_email(reference) is None


def test_a_join_code_names_its_workspace_and_has_fifty_bits() -> None:
    codes = {rules.join_code("wsp_a", f"secret {number}") for number in range(1000)}
    assert len(codes) == 1000
    letters = {code.removeprefix("wsp_a.") for code in codes}
    assert all(len(each) == JOIN_CODE_LENGTH for each in letters)
    for place in range(JOIN_CODE_LENGTH):
        assert {each[place] for each in letters} == set(rules.CROCKFORD)
    assert {rules.code_workspace(code) for code in codes} == {"wsp_a"}
    assert rules.join_code("wsp_a", "secret 1") == rules.join_code("wsp_a", "secret 1")


@pytest.mark.parametrize("code", ["", ".", "wsp_a", "wsp_a.", ".ABC", "wsp_a.\u00c9", "\ud800.A"])
def test_what_is_no_code_names_no_workspace(code: str) -> None:
    assert rules.code_workspace(code) is None


def test_the_log_has_whom_and_as_what() -> None:
    assert rules.facts(OPEN) == {
        "email": "grace@example.com",
        "role": "author",
        "is_moderator": True,
        "status": "open",
    }
