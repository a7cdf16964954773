"""Letters for errands: what they say, that each is sent, and none too often (SPEC 2.3, 2.4)."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.domain.invitation import INVITATION_LENGTH, MAIL_PAUSE, Applicant, Invitation
from chalicelib.domain.letters import Errand, ErrandKind
from chalicelib.domain.rights import Role
from chalicelib.usecases.settings import SettingsChanges
from functions import mailer
from tests.fakes.records import FakeChanges
from tests.unit.usecases.people import ACME, CONSOLE, HERE, PASSWORD, People, interrupt, token_in

if TYPE_CHECKING:
    from chalicelib.domain.letters import Letter
    from chalicelib.usecases.auditing import Caller

ANN = "ann@example.com"


class BrokenMail:
    def send(self, letter: Letter) -> None:
        raise ConnectionError(f"nobody takes a mail to {letter.to}")


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def admin(people: People) -> Caller:
    return people.person("admin@example.com", Role.ADMIN)


@pytest.fixture
def code(people: People, admin: Caller) -> str:
    return people.settings.make_join_code(admin).join_code or ""


def failing(people: People) -> People:
    """The same records, seen by a mailer whose mails do not leave."""
    other = object.__new__(People)
    other.__dict__.update(people.__dict__, mail=BrokenMail())
    other.wire(FakeChanges(people.records))
    return other


def fail_once(people: People) -> Errand:
    (errand,) = people.errands.posted
    with pytest.raises(ConnectionError):
        failing(people).mailer.do(errand)
    return errand


# --- what letters say ---


def test_an_invitation(people: People, admin: Caller) -> None:
    people.invitations.invite(admin, ANN, Role.ADMIN)
    (letter,) = people.post()
    assert (letter.to, letter.subject) == (ANN, "Invitation to Acme")
    token = token_in(letter)
    assert token.startswith(f"mci_{ACME}.")
    assert f"{CONSOLE}/invitation#{token}" in letter.text
    assert "to the workspace Acme of Message Center, as admin." in letter.text
    assert "until 09 March 2026, 09:00 UTC" in letter.text
    (invitation,) = people.records.all(Invitation)
    assert invitation.mailed_at == people.clock.now()


def test_a_confirmation(people: People, code: str) -> None:
    people.joining.ask(code, ANN, "Ann http://evil.example")
    (letter,) = people.post()
    assert (letter.to, letter.subject) == (ANN, "Confirm your address to join Acme")
    assert f"{CONSOLE}/join#{token_in(letter)}" in letter.text
    assert "until 03 March 2026, 09:00 UTC" in letter.text
    assert "evil" not in letter.text


def test_who_has_an_account_is_told_to_sign_in(people: People, code: str) -> None:
    people.add_user(ANN)
    people.joining.ask(code, ANN, "Ann")
    (letter,) = people.post()
    assert letter.to == ANN
    assert "sign in, then use the join code" in letter.text
    assert "mca_" not in letter.text
    assert code not in letter.text


def test_decisions(people: People, admin: Caller, code: str) -> None:
    ann, bob = people.add_user(ANN), people.add_user("bob@example.com")
    for user in (ann, bob):
        people.joining.ask_as(user.id, code, HERE)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    people.joining.reject(admin, bob.id)
    welcome, sorry = people.post()
    assert (welcome.to, welcome.subject) == (ANN, "Welcome to Acme")
    assert f"{CONSOLE}/workspaces/{ACME}" in welcome.text
    assert (sorry.to, sorry.subject) == ("bob@example.com", "Your request to join Acme")
    assert "has not approved" in sorry.text


def test_a_decision_that_holds_no_more_is_not_told(
    people: People, admin: Caller, code: str
) -> None:
    ann, bob = people.add_user(ANN), people.add_user("bob@example.com")
    for user in (ann, bob):
        people.joining.ask_as(user.id, code, HERE)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    people.members.remove(admin, ann.id)
    people.joining.reject(admin, bob.id)
    people.joining.ask_as(bob.id, code, HERE)
    assert people.post() == []


def test_a_password_reset(people: People) -> None:
    people.add_user(ANN)
    people.mailer.do(Errand(ErrandKind.PASSWORD_RESET, "master", email=ANN))
    (letter,) = people.mail.sent
    assert letter.to == ANN
    token = token_in(letter)
    assert token.startswith("mcr_")
    assert f"{CONSOLE}/password-reset#{token}" in letter.text
    assert "60 minutes" in letter.text
    people.mailer.do(Errand(ErrandKind.PASSWORD_RESET, "master", email="nobody@example.com"))
    assert len(people.mail.sent) == 1


def test_letters_are_plain_and_short(people: People, admin: Caller, code: str) -> None:
    people.settings.revise(admin, SettingsChanges(name="Żółć & Söhne"))
    ann = people.add_user(ANN)
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    people.joining.ask(code, ANN, "Ann")
    people.joining.ask(code, "bob@example.com", "Bob")
    people.joining.ask_as(ann.id, code, HERE)
    people.joining.approve(admin, ann.id, Role.AUTHOR)
    letters = people.post()
    assert len(letters) == 4
    for letter in letters:
        assert letter.subject.endswith("Żółć & Söhne")
        assert letter.subject.isprintable()
        assert len(letter.text) < 1200
        assert re.search(r"[<>\t\r]", letter.text) is None


def test_every_kind_of_errand_is_known(people: People) -> None:
    for kind in ErrandKind:
        people.mailer.do(Errand(kind, ACME, target="none", email="nobody@example.com"))
    assert [letter.to for letter in people.mail.sent] == ["nobody@example.com"]


# --- sent once, and again if it failed ---


def test_a_failed_invitation_is_sent_when_it_comes_again(people: People, admin: Caller) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    errand = fail_once(people)
    (invitation,) = people.records.all(Invitation)
    assert invitation.mailed_at is None
    people.mailer.do(errand)
    (letter,) = people.mail.sent
    people.invitations.accept(token_in(letter), "Ann", PASSWORD, HERE)


def test_a_failed_confirmation_is_sent_when_it_comes_again(people: People, code: str) -> None:
    people.joining.ask(code, ANN, "Ann")
    errand = fail_once(people)
    people.mailer.do(errand)
    (letter,) = people.mail.sent
    people.joining.confirm(token_in(letter), PASSWORD, HERE)


def test_a_mail_that_is_sent_again_and_fails_comes_again(people: People, admin: Caller) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    people.post()
    people.clock.advance(MAIL_PAUSE)
    (invitation,) = people.records.all(Invitation)
    people.invitations.resend(admin, invitation.id)
    people.mailer.do(fail_once(people))
    assert len(people.mail.sent) == 2
    people.invitations.accept(token_in(people.mail.sent[-1]), "Ann", PASSWORD, HERE)


def test_an_errand_that_comes_twice_is_done_once(people: People, admin: Caller, code: str) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    people.joining.ask(code, "bob@example.com", "Bob")
    people.add_user("has@example.com")
    people.joining.ask(code, "has@example.com", "Has")
    errands = list(people.errands.posted)
    first = people.post()
    assert len(first) == 3
    for errand in errands:
        people.mailer.do(errand)
    assert people.mail.sent == first
    people.invitations.accept(token_in(first[0]), "Ann", PASSWORD, HERE)
    people.joining.confirm(token_in(first[1]), PASSWORD, HERE)


def test_nobodys_mailbox_is_filled_by_asking_over_and_over(people: People, code: str) -> None:
    people.add_user("has@example.com")
    for email in (ANN, "has@example.com"):
        for _ in range(5):
            people.joining.ask(code, email, "Ann")
        assert len(people.post()) == 1
    people.clock.advance(MAIL_PAUSE)
    people.joining.ask(code, ANN, "Ann")
    assert len(people.post()) == 1


def test_of_two_mailers_at_once_one_writes(people: People, admin: Caller, code: str) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    people.joining.ask(code, "bob@example.com", "Bob")
    for errand in list(people.errands.posted):
        late = interrupt(people, lambda _: None)
        late.changes.keep = _keep_after(people, errand)  # type: ignore[method-assign]
        late.mailer.do(errand)
    first, second = people.mail.sent
    people.invitations.accept(token_in(first), "Ann", PASSWORD, HERE)
    people.joining.confirm(token_in(second), PASSWORD, HERE)


def _keep_after(people: People, errand: Errand) -> Any:
    """As a mailer keeps its record that another one got ahead of."""

    def keep(record: Any) -> Any:
        people.mailer.do(errand)
        return people.changes.keep(record)

    return keep


@pytest.mark.parametrize("end", ["revoked", "accepted", "expired", "gone"])
def test_an_invitation_that_is_open_no_more_is_not_mailed(
    people: People, admin: Caller, end: str
) -> None:
    ann = people.add_user(ANN)
    invitation = people.invitations.invite(admin, ANN, Role.AUTHOR)
    if end == "revoked":
        people.invitations.revoke(admin, invitation.id)
    elif end == "accepted":
        people.invitations.accept_as(ann.id, token_in(people.post()[0]), HERE)
        people.clock.advance(MAIL_PAUSE)
    elif end == "expired":
        people.clock.advance(INVITATION_LENGTH)
    else:
        people.records.remove(invitation)
    before = list(people.mail.sent)
    people.mailer.do(Errand(ErrandKind.INVITATION, ACME, target=invitation.id))
    assert people.mail.sent == before


def test_what_was_taken_while_its_mail_left_stays_taken(
    people: People, admin: Caller, code: str
) -> None:
    made = people.invitations.invite(admin, ANN, Role.AUTHOR)
    written = people.invitation_mails.write(ACME, made.id)
    assert written is not None
    people.invitations.accept(written[1], "Ann", PASSWORD, HERE)
    people.invitation_mails.sent(written[0])
    (invitation,) = people.records.all(Invitation)
    assert (invitation.status, invitation.mailed_at) == ("accepted", None)
    asked = people.join_mails.write(ACME, "bob@example.com", "Bob")
    assert asked is not None
    people.joining.confirm(asked[1] or "", PASSWORD, HERE)
    people.join_mails.sent(asked[0])
    assert people.records.all(Applicant) == []
    assert code


# --- the function ---


def message(number: int, body: str) -> mailer.Message:
    return {"messageId": f"m-{number}", "body": body}


def test_the_function_does_what_it_can_and_gives_the_rest_back(
    people: People,
    admin: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(bootstrap, "mailer", lambda: people.mailer, raising=False)
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    people.invitations.invite(admin, "bob@example.com", Role.AUTHOR)
    first, second = (json.dumps(asdict(errand)) for errand in people.errands.posted)
    missing = json.dumps(asdict(Errand(ErrandKind.JOIN, "wsp_missing", email=ANN)))
    bodies = [first, "no JSON", json.dumps({"kind": "fax"}), missing, second]
    event: mailer.Event = {"Records": [message(n, body) for n, body in enumerate(bodies)]}
    assert mailer.handler(event, None) == {
        "batchItemFailures": [{"itemIdentifier": name} for name in ("m-1", "m-2", "m-3")]
    }
    assert [letter.to for letter in people.mail.sent] == [ANN, "bob@example.com"]
    assert [record.__dict__["error"] for record in caplog.records] == [
        "JSONDecodeError",
        "ValueError",
        "NotFound",
    ]


def test_a_failed_mail_leaves_no_address_and_no_token_in_the_log(
    people: People,
    admin: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    people.invitations.invite(admin, ANN, Role.AUTHOR)
    event: mailer.Event = {"Records": [message(1, json.dumps(asdict(people.errands.posted[0])))]}
    monkeypatch.setattr(bootstrap, "mailer", lambda: failing(people).mailer, raising=False)
    assert mailer.handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    (record,) = caplog.records
    told = record.__dict__
    assert (told["msg"], told["message_id"]) == ("mail failed", "m-1")
    assert (told["kind"], told["error"], told["exc_info"]) == (
        "invitation",
        "ConnectionError",
        None,
    )
    assert any(frame.startswith("send:") for frame in told["frames"])
    assert ANN not in repr(told)
    assert "mci_" not in repr(told)
    people.clock.advance(timedelta(seconds=1))
    monkeypatch.setattr(bootstrap, "mailer", lambda: people.mailer, raising=False)
    assert mailer.handler(event, None) == {"batchItemFailures": []}
    assert len(people.mail.sent) == 1
