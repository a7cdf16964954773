"""Of two changes at once one is told (409), and who names a version that is no more is too (412):
on every route of a workspace that says so, from a state in which its change is possible. And from a
state in which it is not, that is told (409).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.api.errors import kind_of_type
from chalicelib.api.problems import problems_of
from chalicelib.api.routing import ROUTES, VISIT, WORKSPACE, Audience, Route
from chalicelib.domain.campaign import Approval, Campaign, Status
from chalicelib.domain.errors import IllegalMove, Outdated, Stale
from chalicelib.domain.identity import Session
from chalicelib.domain.moderation import revision_digest
from chalicelib.domain.recipient_list import ListStatus
from chalicelib.domain.rights import Role, Standing
from chalicelib.domain.sender import RevisionStatus
from tests.fakes import records, samples
from tests.fakes.gateway import Gateway
from tests.fakes.matrix import BODIES, City

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chalicelib.usecases.auditing import Caller
    from tests.fakes.gateway import Answer

GATEWAY = Gateway(app)
OURS: Final = "wsp_a"
NOBODYS: Final = {"If-Match": '"999999"'}
Values = dict[str, str]


def campaign(city: City, **changes: Any) -> Values:
    """The city's, in another state."""
    held = city.world.campaigns.campaign(OURS, city.places["campaign_id"])
    city.world.changes.keep(replace(held, **changes))
    return {}


def in_state(status: Status, approval: Approval = Approval.APPROVED) -> Callable[[City], Values]:
    return lambda city: campaign(city, status=status, approval=approval)


def paused(city: City) -> Values:
    states = {"status": Status.PAUSED, "paused_from": Status.SENDING}
    return campaign(city, approval=Approval.APPROVED, **states)


def shelved(city: City) -> Values:
    return campaign(city, archived_at=city.world.clock.now())


def complete(city: City) -> Campaign:
    """A draft that can be submitted."""
    return city.world.draft(list=city.world.ready_list([447_700_900_001]).id)


def submitted(city: City) -> Values:
    """`digest` goes into the body: it is what a moderator was shown."""
    made = city.world.desk.submit(city.world.author, complete(city).id)
    return {"campaign_id": made.id, "digest": made.digest or ""}


def approved(city: City) -> Values:
    made = city.world.desk.submit(city.world.author, complete(city).id)
    return {"campaign_id": city.world.approve(made).id}


def missed(city: City) -> Values:
    values, world = approved(city), city.world
    held = world.campaigns.campaign(OURS, values["campaign_id"])
    world.changes.keep(replace(held, missed_at=world.clock.now()))
    return values


def sender(city: City, **changes: Any) -> Values:
    held = city.world.campaigns.sender(OURS, city.places["sender_id"])
    city.world.changes.keep(replace(held, **changes))
    return {}


def pending_revision(city: City) -> Values:
    submitted = city.world.api.senders.submit_revision(admin(city), city.places["sender_id"], 1)
    return {"digest": revision_digest(submitted)}


def archived_revision(city: City) -> Values:
    held = city.world.campaigns.revision(OURS, city.places["sender_id"], 1)
    city.world.changes.keep(replace(held, status=RevisionStatus.REJECTED))
    city.world.api.senders.archive_revision(admin(city), held.sender, 1)
    return {}


def uploaded(city: City) -> Values:
    """A list of which every part is there."""
    world = city.world
    held = world.campaigns.recipient_list(OURS, city.places["list_id"])
    upload = world.uploads.begin(f"{OURS}/{held.id}")
    world.uploads.send(f"{OURS}/{held.id}", upload, 1, b"1" * 9)
    world.changes.keep(replace(held, status=ListStatus.UPLOADING, size=9, upload=upload))
    return {}


def invited_before(city: City) -> Values:
    """Of whom the workspace keeps a place: an invitation of theirs is over."""
    invitations = city.world.api.invitations
    made = invitations.invite(admin(city), "new@example.com", Role.AUTHOR)
    invitations.revoke(admin(city), made.id)
    return {}


def asked_to_join(city: City) -> Values:
    """Someone who is no member yet."""
    person = city.world.directory.user_by_email("stranger@example.com")
    assert person is not None
    city.world.changes.keep(samples.join_request(workspace=OURS, user=person.id))
    return {"user_id": person.id}


def revoked_invitation(city: City) -> Values:
    city.world.api.invitations.revoke(admin(city), city.places["invitation_id"])
    return {}


def revoked_key(city: City) -> Values:
    city.world.api.credentials.revoke_key(admin(city), city.places["key_id"])
    return {}


def revoked_client(city: City) -> Values:
    city.world.api.credentials.revoke_client(admin(city), city.places["client_id"])
    return {}


def suppressed_number(city: City) -> Values:
    city.world.api.suppressing.add(admin(city), ["+447400000001"])
    return {}


def lifted_number(city: City) -> Values:
    city.world.api.suppressing.lift(admin(city), ["+447400000001"])
    return {}


def withdrawn_list(city: City) -> Values:
    city.world.api.suppressing.withdraw(admin(city), city.places["list_id"])
    return {}


def with_join_code(city: City) -> Values:
    city.world.api.settings.make_join_code(admin(city))
    return {}


def admin(city: City) -> Caller:
    member = city.world.directory.member(OURS, city.people[Standing.ADMIN])
    assert member is not None
    return city.world.caller(member)


READY: dict[tuple[str, str], Callable[[City], Values]] = {
    ("DELETE", "/campaigns/{campaign_id}"): shelved,
    ("POST", "/campaigns/{campaign_id}/submit"): lambda city: {"campaign_id": complete(city).id},
    ("POST", "/campaigns/{campaign_id}/withdraw"): submitted,
    ("POST", "/campaigns/{campaign_id}/start"): approved,
    ("POST", "/campaigns/{campaign_id}/pause"): in_state(Status.SENDING),
    ("POST", "/campaigns/{campaign_id}/resume"): paused,
    ("POST", "/campaigns/{campaign_id}/cancel"): in_state(Status.SENDING),
    ("POST", "/campaigns/{campaign_id}/restore"): shelved,
    ("POST", "/campaigns/{campaign_id}/approve"): submitted,
    ("POST", "/campaigns/{campaign_id}/reject"): submitted,
    ("POST", "/campaigns/{campaign_id}/release"): missed,
    ("POST", "/senders/{sender_id}/revisions/{number}/approve"): pending_revision,
    ("POST", "/senders/{sender_id}/revisions/{number}/reject"): pending_revision,
    ("POST", "/senders/{sender_id}/restore"): lambda city: sender(
        city, archived_at=city.world.clock.now()
    ),
    ("POST", "/senders/{sender_id}/revisions/{number}/withdraw"): pending_revision,
    ("POST", "/senders/{sender_id}/revisions/{number}/restore"): archived_revision,
    ("DELETE", "/lists/{list_id}"): uploaded,
    ("POST", "/lists/{list_id}/complete"): uploaded,
    ("POST", "/lists/{list_id}/abort"): uploaded,
    ("POST", "/suppressions"): lifted_number,
    ("POST", "/suppressions/lift"): suppressed_number,
    ("POST", "/invitations"): invited_before,
    ("DELETE", "/join-code"): with_join_code,
    ("POST", "/join-requests/{user_id}/approve"): asked_to_join,
}
# Where a sample is not in one already.
WRONG: dict[tuple[str, str], Callable[[City], Values]] = {
    ("PATCH", "/campaigns/{campaign_id}"): in_state(Status.SENDING),
    ("POST", "/campaigns/{campaign_id}/submit"): in_state(Status.SENDING),
    ("POST", "/campaigns/{campaign_id}/archive"): in_state(Status.SENDING),
    ("POST", "/campaigns/{campaign_id}/cancel"): in_state(Status.DONE),
    ("PATCH", "/senders/{sender_id}/revisions/{number}"): pending_revision,
    ("POST", "/senders/{sender_id}/revisions/{number}/submit"): pending_revision,
    ("POST", "/senders/{sender_id}/revisions/{number}/archive"): pending_revision,
    ("POST", "/senders/{sender_id}/archive"): lambda city: sender(
        city, archived_at=city.world.clock.now()
    ),
    ("POST", "/suppression-lists/{list_id}/withdraw"): withdrawn_list,
    ("POST", "/invitations/{invitation_id}/revoke"): revoked_invitation,
    ("POST", "/invitations/{invitation_id}/resend"): revoked_invitation,
    ("POST", "/api-keys/{key_id}/rotate"): revoked_key,
    ("POST", "/api-keys/{key_id}/revoke"): revoked_key,
    ("POST", "/clients/{client_id}/rotate"): revoked_client,
    ("POST", "/clients/{client_id}/revoke"): revoked_client,
}
HERE: Final = {Audience.MEMBER, Audience.VISITOR}


def routes_with(error: type[Exception]) -> list[Route]:
    wanted = kind_of_type(error)
    return [each for each in ROUTES if each.audience in HERE and wanted in problems_of(each)]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def built() -> City:
    return City()


@pytest.fixture
def city(built: City, monkeypatch: pytest.MonkeyPatch) -> City:
    built.restore()
    monkeypatch.setattr(bootstrap, "api", lambda: built.world.api)
    return built


def ask(city: City, route: Route, values: Values, **more: Any) -> Answer:
    path = route.path.replace("{workspace}", OURS)
    for place, value in {**city.places, **values}.items():
        path = path.replace("{" + place + "}", value)
    body = city.body(BODIES.get((route.method, below(route))))
    if "digest" in values:
        body = {**body, "digest": values["digest"]} if "digest" in body else body
    visits = route.audience is Audience.VISITOR
    token = city.super_admin if visits else city.tokens[Standing.ADMIN]
    return GATEWAY.call(route.method, path, body, token=token, **more)


def below(route: Route) -> str:
    return route.path.removeprefix(VISIT).removeprefix(WORKSPACE)


def ready(city: City, route: Route) -> Values:
    make = READY.get((route.method, below(route)))
    return make(city) if make else {}


@pytest.mark.parametrize("route", routes_with(Stale), ids=name)
def test_of_two_changes_at_once_one_is_told(
    city: City, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ready(city, route)
    commit = records.Records.commit

    def late(
        self: records.Records, changed: Iterable[Any], audit: Any, remove: Iterable[Any] = ()
    ) -> None:
        """Somebody else changed all of it a moment ago."""
        written, removed = list(changed), list(remove)
        if any(each.version and not isinstance(each, Session) for each in (*written, *removed)):
            raise Stale
        commit(self, written, audit, removed)

    monkeypatch.setattr(records.Records, "commit", late)
    answer = ask(city, route, values)
    assert (answer.status, answer.body["type"].rpartition(":")[2]) == (409, "changed-meanwhile")


@pytest.mark.parametrize("route", routes_with(Outdated), ids=name)
def test_another_version_than_the_one_that_was_read_is_told(city: City, route: Route) -> None:
    values = ready(city, route)
    answer = ask(city, route, values, headers=NOBODYS)
    assert (answer.status, answer.body["type"].rpartition(":")[2]) == (412, "outdated")


@pytest.mark.parametrize("route", routes_with(IllegalMove), ids=name)
def test_at_the_wrong_moment_it_is_told(city: City, route: Route) -> None:
    make = WRONG.get((route.method, below(route)))
    answer = ask(city, route, make(city) if make else {})
    assert (answer.status, answer.body["type"].rpartition(":")[2]) == (409, "illegal-move")


@pytest.mark.parametrize(
    "route", [each for each in routes_with(Stale) if each.audience is Audience.MEMBER], ids=name
)
def test_without_a_race_the_change_is_made(city: City, route: Route) -> None:
    """Else the two above would prove nothing."""
    answer = ask(city, route, ready(city, route))
    assert answer.status < 300, answer.body
