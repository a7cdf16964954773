"""API keys and clients as admins handle them (SPEC 2.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.credentials import Rotation
from chalicelib.domain.errors import Forbidden, IllegalMove, Invalid, KeyReused, NotFound, Stale
from chalicelib.domain.rights import Right, Role, Scope
from chalicelib.usecases.credentials import REVOKE_TRIES, NewClient, NewKey
from tests.fakes import samples
from tests.fakes.programs import (
    HERE,
    NEW_CLIENT,
    NEW_KEY,
    ORIGIN,
    Clients,
    Keys,
    Kind,
    Place,
    holds,
)
from tests.fakes.records import FakeChanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.auditing import Caller

DAY = timedelta(days=1)


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture(params=[Keys, Clients], ids=["key", "client"])
def kind(request: pytest.FixtureRequest, place: Place) -> Kind:
    made: Kind = request.param(place.desk)
    return made


# --- making ---------------------------------------------------------------------------------------


def test_a_new_one_holds_and_its_secret_is_shown_once(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    assert holds(kind, place.access, issued.record.id, issued.secret)
    assert kind.get(place.admin, issued.record.id) == issued.record
    assert issued.record.created_by == place.admin.user
    assert issued.record.created_at == place.now
    assert issued.record.expires_at == place.now + 30 * DAY
    [secret] = issued.record.secrets
    assert (secret.issued_to, secret.issued_at) == (place.admin.user, place.now)
    assert str(issued.secret) not in repr(issued)


def test_only_digests_are_stored(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    stored = repr(kind.get(place.admin, issued.record.id))
    assert issued.secret
    assert issued.secret not in stored
    assert issued.record.secrets[0].digest in stored


def test_it_expires_on_time(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    place.clock.advance(30 * DAY - timedelta(microseconds=1))
    assert holds(kind, place.access, issued.record.id, issued.secret)
    place.clock.advance(timedelta(microseconds=1))
    assert not holds(kind, place.access, issued.record.id, issued.secret)


def test_a_name_is_kept_without_the_spaces_around_it(place: Place, kind: Kind) -> None:
    assert kind.create(place.admin, " Shop ").record.name == "Shop"


def test_scopes_are_kept_in_order_and_once(place: Place) -> None:
    new = NewKey("Shop", (Right.VIEW, Right.FEED, Right.VIEW))
    assert place.desk.create_key(place.admin, new).record.scopes == (Right.FEED, Right.VIEW)


def test_a_key_lives_for_a_year_and_a_client_for_ever_unless_told(place: Place) -> None:
    key = place.desk.create_key(place.admin, NewKey("Shop", (Right.VIEW,)))
    assert key.record.expires_at == place.now + 365 * DAY
    assert place.desk.create_client(place.admin, NewClient("Shop")).record.expires_at is None


def test_a_key_gets_no_more_than_its_creator_has(place: Place) -> None:
    scopes = {**place.admin.scopes, Right.FULL_NUMBERS: Scope.NONE}
    less = replace(place.admin, scopes=scopes)
    with pytest.raises(Invalid, match="scopes"):
        place.desk.create_key(less, NewKey("Shop", (Right.VIEW, Right.FULL_NUMBERS)))
    with pytest.raises(Invalid, match="scopes"):
        place.desk.create_key(place.admin, NewKey("Shop", (Right.DECIDE,)))


def test_what_cannot_be_is_refused_before_anything_is_made(place: Place, kind: Kind) -> None:
    before = len(place.recorded)
    with pytest.raises(Invalid, match="name"):
        kind.create(place.admin, "")
    assert kind.page(place.admin, None, 10).items == []
    assert len(place.recorded) == before


def test_making_is_in_the_log_in_the_same_transaction(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    record = place.recorded[-1]
    assert record.action == f"{issued.record.KIND}.created"
    assert (record.workspace, record.object) == (HERE, issued.record.id)
    assert record.actor == place.admin.actor
    assert record.before == {}
    assert (record.after["name"], record.after["secrets"]) == ("Shop", place.admin.user)


# --- a request that is sent again -----------------------------------------------------------------


def test_the_same_request_again_makes_nothing_and_shows_nothing(place: Place, kind: Kind) -> None:
    first = kind.create(place.admin, key="once")
    again = kind.create(place.admin, key="once")
    assert again.record == first.record
    assert again.secret is None
    assert kind.page(place.admin, None, 10).items == [first.record]
    assert kind.create(place.admin).record != first.record


def test_another_request_with_the_same_key_is_refused(place: Place, kind: Kind) -> None:
    kind.create(place.admin, "Shop", key="once")
    with pytest.raises(KeyReused):
        kind.create(place.admin, "Other", key="once")


def test_a_key_that_made_an_api_key_makes_no_client(place: Place) -> None:
    place.desk.create_key(place.admin, NEW_KEY, "once")
    with pytest.raises(KeyReused):
        place.desk.create_client(place.admin, NEW_CLIENT, "once")


def test_of_two_at_once_one_gets_the_secret(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kind.create(place.admin, key="once")
    made = place.directory.made_once(HERE, place.admin.user, "once")
    answers = iter([None, made])
    monkeypatch.setattr(type(place.directory), "made_once", lambda *_: next(answers))
    late = kind.create(place.admin, key="once")
    assert (late.record, late.secret) == (first.record, None)


# --- reading --------------------------------------------------------------------------------------


def test_pages_show_the_newest_first(place: Place, kind: Kind) -> None:
    made = [kind.create(place.admin, f"Shop {number}").record for number in range(3)]
    page = kind.page(place.other, None, 2)
    assert list(page.items) == [made[2], made[1]]
    assert list(kind.page(place.other, page.next, 2).items) == [made[0]]


def test_one_of_another_workspace_is_as_one_that_is_not_there(place: Place, kind: Kind) -> None:
    place.add(samples.workspace(id="wsp_b"))
    issued = kind.create(place.admin)
    stranger = replace(place.admin, workspace="wsp_b")
    calls: list[Callable[[str], object]] = [
        lambda name: kind.get(stranger, name),
        lambda name: kind.rotate(stranger, name, Rotation()),
        lambda name: kind.revoke(stranger, name),
    ]
    for call in calls:
        said = set()
        for name in (issued.record.id, "nobody"):
            with pytest.raises(NotFound) as refused:
                call(name)
            said.add(str(refused.value))
        assert len(said) == 1
    assert kind.page(stranger, None, 10).items == []


def test_all_of_it_is_for_those_who_integrate(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    author = place.person("usr_author", Role.AUTHOR)
    moderator = place.person("usr_moderator", Role.MODERATOR)
    token = place.desk.create_key(place.admin, NEW_KEY).secret or ""
    program = place.access.caller(token, HERE, ORIGIN)
    before = len(place.recorded)
    calls: list[Callable[[Caller], object]] = [
        kind.create,
        lambda who: kind.rotate(who, issued.record.id, Rotation()),
        lambda who: kind.revoke(who, issued.record.id),
        lambda who: kind.get(who, issued.record.id),
        lambda who: kind.page(who, None, 10),
    ]
    for caller in (author, moderator, program):
        for call in calls:
            with pytest.raises(Forbidden, match="API keys"):
                call(caller)
    assert len(place.recorded) == before
    assert kind.get(place.admin, issued.record.id) == issued.record


# --- rotating -------------------------------------------------------------------------------------


def test_programs_change_over_without_a_gap(place: Place, kind: Kind) -> None:
    old = kind.create(place.admin)
    place.clock.advance(DAY)
    new = kind.rotate(place.other, old.record.id, Rotation(overlap_hours=2))
    assert new.secret != old.secret
    newest = new.record.secrets[0]
    assert (newest.issued_to, newest.issued_at) == (place.other.user, place.now)
    for secret in (old.secret, new.secret):
        assert holds(kind, place.access, new.record.id, secret)
    place.clock.advance(timedelta(hours=2))
    assert not holds(kind, place.access, new.record.id, old.secret)
    assert holds(kind, place.access, new.record.id, new.secret)
    assert kind.get(place.admin, old.record.id) == new.record


def test_rotating_is_in_the_log_without_secrets_and_digests(place: Place, kind: Kind) -> None:
    old = kind.create(place.admin)
    new = kind.rotate(place.other, old.record.id, Rotation(overlap_hours=2))
    record = place.recorded[-1]
    assert record.action == f"{old.record.KIND}.rotated"
    assert record.actor == place.other.actor
    assert record.before["secrets"] == place.admin.user
    until = "2026-03-02T11:00:00.000Z"
    assert record.after["secrets"] == f"{place.other.user}, {place.admin.user} until {until}"
    logged = repr(place.recorded)
    for secret in new.record.secrets:
        assert secret.digest not in logged
    for shown in (old.secret, new.secret):
        assert shown
        assert shown not in logged


def test_nobody_raises_themselves_by_rotating_a_mightier_key(place: Place) -> None:
    issued = place.desk.create_key(place.admin, NewKey("Shop", (Right.VIEW, Right.FULL_NUMBERS)))
    scopes = {**place.other.scopes, Right.FULL_NUMBERS: Scope.NONE}
    less = replace(place.other, scopes=scopes)
    with pytest.raises(Forbidden, match="numbers:full"):
        place.desk.rotate_key(less, issued.record.id, Rotation())
    place.desk.revoke_key(less, issued.record.id)


def test_an_overlap_that_cannot_be_is_refused(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    with pytest.raises(Invalid, match="overlap_hours"):
        kind.rotate(place.admin, issued.record.id, Rotation(overlap_hours=-1))
    assert kind.get(place.admin, issued.record.id) == issued.record


def test_what_is_over_cannot_be_rotated(place: Place, kind: Kind) -> None:
    revoked, expired = kind.create(place.admin), kind.create(place.admin)
    kind.revoke(place.admin, revoked.record.id)
    with pytest.raises(IllegalMove, match="revoked cannot be rotated"):
        kind.rotate(place.admin, revoked.record.id, Rotation())
    place.clock.advance(30 * DAY)
    with pytest.raises(IllegalMove, match="expired cannot be rotated"):
        kind.rotate(place.admin, expired.record.id, Rotation(expires_in_days=30))


def test_of_two_who_rotate_at_once_one_is_told_to_read_it_again(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = kind.create(place.admin)
    meanwhile(place, monkeypatch, lambda: kind.rotate(place.other, issued.record.id, Rotation()))
    with pytest.raises(Stale, match="changed by someone else"):
        kind.rotate(place.admin, issued.record.id, Rotation())
    assert len(kind.get(place.admin, issued.record.id).secrets) == 2


# --- revoking -------------------------------------------------------------------------------------


def test_revoking_is_in_the_log(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    kind.revoke(place.other, issued.record.id)
    record = place.recorded[-1]
    assert record.action == f"{issued.record.KIND}.revoked"
    assert record.actor == place.other.actor
    assert record.before["revoked_at"] is None
    assert record.after["revoked_at"] == "2026-03-02T09:00:00.000Z"


def test_revoking_again_is_refused_and_changes_nothing(place: Place, kind: Kind) -> None:
    issued = kind.create(place.admin)
    revoked = kind.revoke(place.admin, issued.record.id)
    place.clock.advance(DAY)
    with pytest.raises(IllegalMove, match="revoked cannot be revoked"):
        kind.revoke(place.other, issued.record.id)
    assert kind.get(place.admin, issued.record.id) == revoked


def test_of_two_who_revoke_at_once_one_is_told_that_it_is_done(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = kind.create(place.admin)
    meanwhile(place, monkeypatch, lambda: kind.revoke(place.other, issued.record.id))
    with pytest.raises(IllegalMove, match="revoked cannot be revoked"):
        kind.revoke(place.admin, issued.record.id)


def test_rotating_at_the_same_moment_does_not_save_it(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = kind.create(place.admin)
    rotated: list[str | None] = []
    meanwhile(
        place,
        monkeypatch,
        lambda: rotated.append(kind.rotate(place.other, issued.record.id, Rotation()).secret),
    )
    kind.revoke(place.admin, issued.record.id)
    for secret in (issued.secret, *rotated):
        assert not holds(kind, place.access, issued.record.id, secret)


def test_a_record_that_never_rests_is_not_fought_for_ever(
    place: Place, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, tries = kind.create(place.admin), []

    def stale(*_: object, **__: object) -> None:
        tries.append(1)
        raise Stale

    monkeypatch.setattr(FakeChanges, "save", stale)
    with pytest.raises(Stale):
        kind.revoke(place.admin, issued.record.id)
    assert len(tries) == REVOKE_TRIES


def meanwhile(place: Place, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Somebody else does this between the next change's reading and its writing."""
    save = FakeChanges.save

    def late(changes: FakeChanges, record: Any, audit: AuditRecord) -> Any:
        monkeypatch.setattr(FakeChanges, "save", save)
        happens()
        return changes.save(record, audit)

    monkeypatch.setattr(type(place.changes), "save", late)
