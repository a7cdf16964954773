"""Changes: versions, all or nothing, and the audit record in the same transaction (DESIGN 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.audit import Actor
from chalicelib.domain.campaign import Approval, PauseReason, Status
from chalicelib.domain.channel import Lease
from chalicelib.domain.content import Content, Overrides
from chalicelib.domain.decision import Decision
from chalicelib.domain.errors import Exists, NotFound, Stale
from chalicelib.domain.identity import SESSIONS_MAX, SecondFactor
from chalicelib.domain.invitation import InvitationStatus, JoinStatus
from chalicelib.domain.membership import Roster
from chalicelib.domain.moderation import ItemKind
from chalicelib.domain.recipient_list import ListCounts
from chalicelib.domain.rights import Right, Role
from chalicelib.domain.sender import RevisionStatus
from tests.fakes import samples
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.conftest import Ports

# Every record that Changes takes, and how it is read back.
READ_BACK: dict[str, tuple[Any, Callable[[Ports], Any]]] = {
    "workspace": (samples.workspace(), lambda ports: ports.directory.workspace("wsp_a")),
    "workspace with every setting": (
        samples.settled_workspace(),
        lambda ports: ports.directory.workspace("wsp_a"),
    ),
    "roster": (samples.roster(), lambda ports: ports.directory.roster("wsp_a")),
    "empty roster": (samples.roster(admins=()), lambda ports: ports.directory.roster("wsp_a")),
    "member": (samples.member(), lambda ports: ports.directory.member("wsp_a", "usr_a")),
    "user": (samples.user(), lambda ports: ports.directory.user("usr_a")),
    "user with second factor": (
        samples.user(second_factor=samples.second_factor(), devices_since=MORNING),
        lambda ports: ports.directory.user("usr_a"),
    ),
    "user with fresh second factor": (
        samples.user(second_factor=SecondFactor(bytes(range(256)))),
        lambda ports: ports.directory.user("usr_a"),
    ),
    "session": (samples.session(), lambda ports: ports.directory.session("usr_a", "d" * 64)),
    "device": (samples.device(), lambda ports: ports.directory.device("usr_a", "a" * 64)),
    "attempts": (
        samples.attempts(),
        lambda ports: ports.directory.attempts("5" * 64, "elsewhere"),
    ),
    "attempts without lock": (
        samples.attempts(failures=1, locked_until=None),
        lambda ports: ports.directory.attempts("5" * 64, "elsewhere"),
    ),
    "password reset": (
        samples.password_reset(),
        lambda ports: ports.directory.password_reset("usr_a"),
    ),
    "invitation": (
        samples.invitation(),
        lambda ports: ports.directory.invitation("wsp_a", "inv_a"),
    ),
    "accepted invitation": (
        samples.invitation(
            status=InvitationStatus.ACCEPTED,
            digest=None,
            mailed_at=None,
            accepted_by="usr_b",
            is_moderator=False,
        ),
        lambda ports: ports.directory.invitation("wsp_a", "inv_a"),
    ),
    "join request": (
        samples.join_request(),
        lambda ports: ports.directory.join_request("wsp_a", "usr_c"),
    ),
    "decided join request": (
        samples.join_request(status=JoinStatus.REJECTED, decided_by="usr_a", decided_at=MORNING),
        lambda ports: ports.directory.join_request("wsp_a", "usr_c"),
    ),
    "applicant": (
        samples.applicant(),
        lambda ports: ports.directory.applicant("wsp_a", "grace@example.com"),
    ),
    "applicant with mail": (
        samples.applicant(mailed_at=MORNING),
        lambda ports: ports.directory.applicant("wsp_a", "grace@example.com"),
    ),
    "API key": (samples.api_key(), lambda ports: ports.directory.api_key("wsp_a", "key_a")),
    "revoked API key": (
        samples.api_key(revoked_at=MORNING, secrets=(), scopes=tuple(Right)),
        lambda ports: ports.directory.api_key("wsp_a", "key_a"),
    ),
    "client": (samples.client(), lambda ports: ports.directory.client("wsp_a", "cli_a")),
    "client that ends": (
        samples.client(expires_at=MORNING, revoked_at=MORNING + timedelta(microseconds=1)),
        lambda ports: ports.directory.client("wsp_a", "cli_a"),
    ),
    "request made once": (
        samples.made_once(),
        lambda ports: ports.directory.made_once("wsp_a", "usr_a", "key-1"),
    ),
    "sender": (samples.sender(), lambda ports: ports.campaigns.sender("wsp_a", "snd_a")),
    "archived sender": (
        samples.sender(current_revision=12, revisions=13, archived_at=MORNING),
        lambda ports: ports.campaigns.sender("wsp_a", "snd_a"),
    ),
    "revision": (samples.revision(), lambda ports: ports.campaigns.revision("wsp_a", "snd_a", 1)),
    "revision with everything": (
        samples.revision(
            status=RevisionStatus.ARCHIVED,
            use="Parcels, and what comes of them.",
            submitted_at=MORNING,
            decision=Decision("usr_b", MORNING + timedelta(microseconds=1), "Fine."),
            archived_from=RevisionStatus.APPROVED,
        ),
        lambda ports: ports.campaigns.revision("wsp_a", "snd_a", 1),
    ),
    "list": (
        samples.recipient_list(),
        lambda ports: ports.campaigns.recipient_list("wsp_a", "lst_a"),
    ),
    "list with columns": (
        samples.recipient_list(
            counts=ListCounts(valid=3, emptied={"name": 2, "Straße": 1}), columns=("name", "Straße")
        ),
        lambda ports: ports.campaigns.recipient_list("wsp_a", "lst_a"),
    ),
    "empty list": (
        samples.recipient_list(counts=ListCounts(), digest=None, default_country="DE"),
        lambda ports: ports.campaigns.recipient_list("wsp_a", "lst_a"),
    ),
    "campaign": (samples.campaign(), lambda ports: ports.campaigns.campaign("wsp_a", "cmp_a")),
    "campaign with everything": (
        samples.campaign(
            content=samples.full_content(),
            editors=("usr_b", "usr_c"),
            status=Status.PAUSED,
            approval=Approval.APPROVED,
            digest="e" * 64,
            submitted_at=MORNING,
            missed_at=MORNING,
            decision=Decision("usr_b", MORNING + timedelta(microseconds=1), ""),
            paused_from=Status.SENDING,
            pause_reason=PauseReason.UNCLEAN_STOP,
            run=2,
            recipients=10_000_000,
            chunks=1000,
            started_at=MORNING,
            sent_at=MORNING,
            finished_at=MORNING,
            failure="It broke.",
            archived_at=MORNING,
        ),
        lambda ports: ports.campaigns.campaign("wsp_a", "cmp_a"),
    ),
    "campaign of which nothing is written": (
        samples.campaign(content=Content(), address=""),
        lambda ports: ports.campaigns.campaign("wsp_a", "cmp_a"),
    ),
    "campaign with one override": (
        samples.campaign(content=samples.content(overrides=Overrides(ston=0))),
        lambda ports: ports.campaigns.campaign("wsp_a", "cmp_a"),
    ),
    "deleted campaign": (
        samples.deleted_campaign(),
        lambda ports: ports.campaigns.deleted_campaigns("wsp_a", after=None, limit=1).items[0],
    ),
    "deleted campaign that never began": (
        samples.deleted_campaign(totals={}, started_at=None, finished_at=None),
        lambda ports: ports.campaigns.deleted_campaigns("wsp_a", after=None, limit=1).items[0],
    ),
    "campaign in the queue": (
        samples.queue_item(),
        lambda ports: ports.queue.waiting("wsp_a", None, after=None, limit=1).items[0],
    ),
    "campaign in the queue that several wrote": (
        samples.queue_item(editors=("usr_b", "usr_c")),
        lambda ports: ports.queue.waiting("wsp_a", None, after=None, limit=1).items[0],
    ),
    "revision in the queue": (
        samples.queue_item(kind=ItemKind.REVISION, object="snd_a", revision=7, recipients=0),
        lambda ports: ports.queue.waiting("wsp_a", None, after=None, limit=1).items[0],
    ),
    "survey": (samples.survey(), lambda ports: ports.campaigns.survey("wsp_a", "cmp_a")),
    "screening": (
        samples.screening(),
        lambda ports: ports.campaigns.screening("wsp_a", "lst_a"),
    ),
    "first screening of a list": (
        samples.screening(suppressed=None, as_of=None, counted=0, found=0),
        lambda ports: ports.campaigns.screening("wsp_a", "lst_a"),
    ),
    "survey that has just begun": (
        samples.survey(counted=0, by_parts={}, by_encoding={}, too_long=0, empty={}, samples=()),
        lambda ports: ports.campaigns.survey("wsp_a", "cmp_a"),
    ),
    "window": (
        samples.window(tokens=("one", "two"), opened=True),
        lambda ports: ports.campaigns.windows("wsp_a", "cmp_a")[0],
    ),
    "live campaign": (samples.live(), lambda ports: ports.campaigns.live()[0]),
    "channel": (samples.channel(), lambda ports: ports.delivery.channel("chn_a")),
    "leased channel": (
        samples.channel(rate=0.5, lease=Lease("bridge-a", 7, MORNING)),
        lambda ports: ports.delivery.channel("chn_a"),
    ),
}


@pytest.mark.parametrize("kind", READ_BACK)
def test_a_new_record_is_read_back_as_it_was_with_version_1(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]

    ports.changes.commit(record, audit=samples.audit())

    stored = read(ports)
    assert stored == replace(record, version=1)
    assert type(stored) is type(record)


@pytest.mark.parametrize("kind", READ_BACK)
def test_a_changed_record_replaces_the_one_that_was_read(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]
    first = ports.changes.save(record, samples.audit())

    second = ports.changes.save(first, samples.audit())

    assert second.version == 2
    assert read(ports) == second


@pytest.mark.parametrize("kind", READ_BACK)
def test_a_record_that_is_there_cannot_be_made_again(ports: Ports, kind: str) -> None:
    record, _ = READ_BACK[kind]
    ports.changes.commit(record, audit=samples.audit())

    with pytest.raises(Exists):
        ports.changes.commit(record, audit=samples.audit())


@pytest.mark.parametrize("kind", READ_BACK)
def test_a_record_that_another_changed_meanwhile_is_refused(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]
    read_by_both = ports.changes.save(record, samples.audit())
    by_the_first = ports.changes.save(read_by_both, samples.audit())

    with pytest.raises(Stale):
        ports.changes.commit(read_by_both, audit=samples.audit())

    assert read(ports) == by_the_first


# A user's address comes first, below.
@pytest.mark.parametrize("kind", [kind for kind in READ_BACK if not kind.startswith("user")])
def test_a_record_that_is_gone_is_not_made_by_a_change(ports: Ports, kind: str) -> None:
    record, _ = READ_BACK[kind]

    with pytest.raises(Stale):
        ports.changes.commit(replace(record, version=3), audit=samples.audit())


def test_a_field_that_became_none_is_none(ports: Ports) -> None:
    paused = samples.campaign(status=Status.PAUSED, paused_from=Status.SENDING)
    paused = ports.changes.save(paused, samples.audit())

    ports.changes.commit(
        replace(paused, status=Status.SENDING, paused_from=None), audit=samples.audit()
    )

    assert ports.campaigns.campaign("wsp_a", "cmp_a").paused_from is None


def test_several_records_are_written_together(ports: Ports) -> None:
    ports.changes.commit(samples.sender(), samples.revision(), audit=samples.audit())

    assert ports.campaigns.sender("wsp_a", "snd_a").version == 1
    assert ports.campaigns.revision("wsp_a", "snd_a", 1).version == 1


def test_one_refused_record_leaves_nothing_behind(ports: Ports) -> None:
    ports.changes.commit(samples.live(), audit=samples.audit())
    before = ports.audit("wsp_a")

    with pytest.raises(Exists):
        ports.changes.commit(
            samples.campaign(), samples.live(), samples.sender(), audit=samples.audit()
        )

    with pytest.raises(NotFound):
        ports.campaigns.campaign("wsp_a", "cmp_a")
    assert ports.campaigns.senders("wsp_a", after=None, limit=9).items == []
    assert ports.audit("wsp_a") == before


def test_a_change_and_its_audit_record_go_together(ports: Ports) -> None:
    audit = samples.audit(
        actor=Actor("system:sweep", "system"),
        before={},
        after={"status": "new", "note": None, "size": 2**40, "auto_start": False},
    )

    ports.changes.commit(samples.campaign(), audit=audit)

    assert ports.audit("wsp_a") == [audit]


def test_an_audit_record_is_never_overwritten(ports: Ports) -> None:
    audit = samples.audit()
    ports.changes.commit(samples.campaign(), audit=audit)

    with pytest.raises(Exists):
        ports.changes.commit(samples.sender(), audit=replace(audit, action="forged"))

    assert ports.audit("wsp_a") == [audit]
    assert ports.campaigns.senders("wsp_a", after=None, limit=9).items == []


def test_audit_records_are_of_their_workspace_in_the_order_of_time(ports: Ports) -> None:
    times = [MORNING, MORNING + timedelta(milliseconds=1), MORNING + timedelta(days=1)]
    for number, at in enumerate(times):
        ports.changes.commit(samples.sender(id=f"snd_{number}"), audit=samples.audit(at=at))
    ports.changes.commit(samples.user(), audit=samples.audit(workspace="master"))

    assert [record.at for record in ports.audit("wsp_a")] == times
    assert len(ports.audit("master")) == 1


@pytest.mark.parametrize("kind", READ_BACK)
def test_a_removed_record_is_gone_and_may_be_made_again(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]
    stored = ports.changes.save(record, samples.audit())

    ports.changes.commit(remove=[stored], audit=samples.audit())

    assert not is_there(ports, read)
    ports.changes.commit(record, audit=samples.audit())
    assert read(ports) == stored


@pytest.mark.parametrize("kind", READ_BACK)
def test_what_another_changed_meanwhile_is_not_removed(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]
    read_by_both = ports.changes.save(record, samples.audit())
    changed = ports.changes.save(read_by_both, samples.audit())

    with pytest.raises(Stale):
        ports.changes.commit(remove=[read_by_both], audit=samples.audit())

    assert read(ports) == changed


@pytest.mark.parametrize("kind", READ_BACK)
def test_what_is_gone_cannot_be_removed(ports: Ports, kind: str) -> None:
    record, _ = READ_BACK[kind]
    stored = ports.changes.save(record, samples.audit())
    ports.changes.commit(remove=[stored], audit=samples.audit())

    with pytest.raises(Stale):
        ports.changes.commit(remove=[stored], audit=samples.audit())


def test_what_was_never_written_cannot_be_removed(ports: Ports) -> None:
    with pytest.raises(Stale):
        ports.changes.commit(remove=[samples.member()], audit=samples.audit())


def test_writing_and_removing_go_together_or_not_at_all(ports: Ports) -> None:
    member = ports.changes.save(samples.member(role=Role.ADMIN), samples.audit())
    roster = ports.changes.save(samples.roster(), samples.audit())
    ahead = ports.changes.save(roster, samples.audit())
    before = ports.audit("wsp_a")

    with pytest.raises(Stale):
        ports.changes.commit(
            replace(roster, admins=("usr_b",)), remove=[member], audit=samples.audit()
        )
    assert ports.directory.member("wsp_a", "usr_a") == member
    assert ports.directory.roster("wsp_a") == ahead
    assert ports.audit("wsp_a") == before

    removal = samples.audit(action="member.removed")
    ports.changes.commit(replace(ahead, admins=("usr_b",)), remove=[member], audit=removal)
    assert ports.directory.member("wsp_a", "usr_a") is None
    assert ports.directory.roster("wsp_a").admins == ("usr_b",)
    assert ports.audit("wsp_a")[-1] == removal


def test_a_refused_removal_leaves_nothing_behind(ports: Ports) -> None:
    stored = ports.changes.save(samples.invitation(), samples.audit())
    before = ports.audit("wsp_a")

    with pytest.raises(Stale):
        ports.changes.commit(
            samples.member(), remove=[stored, samples.join_request()], audit=samples.audit()
        )

    assert ports.directory.member("wsp_a", "usr_a") is None
    assert ports.directory.invitation("wsp_a", "inv_a") == stored
    assert ports.audit("wsp_a") == before


def test_nothing_is_removed_without_its_audit_record(ports: Ports) -> None:
    audit = samples.audit()
    stored = ports.changes.save(samples.invitation(), audit)

    with pytest.raises(Exists):
        ports.changes.commit(remove=[stored], audit=replace(audit, action="invitation.removed"))

    assert ports.directory.invitation("wsp_a", "inv_a") == stored


def test_of_a_change_and_a_removal_at_once_one_comes_too_late(ports: Ports) -> None:
    read_by_both = ports.changes.save(samples.roster(), samples.audit())

    ports.changes.commit(remove=[read_by_both], audit=samples.audit())

    with pytest.raises(Stale):
        ports.changes.commit(replace(read_by_both, admins=()), audit=samples.audit())
    assert ports.directory.roster("wsp_a") == Roster("wsp_a")


def test_much_is_removed_at_once(ports: Ports) -> None:
    """As many as one person has sessions, and what ends them."""
    sessions = [
        ports.changes.keep(samples.session(digest=f"{number:064}"))
        for number in range(SESSIONS_MAX)
    ]
    user = ports.changes.save(samples.user(), samples.audit())

    ports.changes.commit(user, remove=sessions, audit=samples.audit())

    assert ports.directory.sessions("usr_a") == []


@pytest.mark.parametrize("kind", READ_BACK)
def test_keeping_writes_by_version_and_without_audit(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]

    first = ports.changes.keep(record)
    second = ports.changes.keep(first)

    assert (first, second) == (replace(record, version=1), replace(record, version=2))
    assert read(ports) == second
    with pytest.raises(Exists):
        ports.changes.keep(record)
    with pytest.raises(Stale):
        ports.changes.keep(first)
    assert read(ports) == second
    assert ports.audit("wsp_a") == []


@pytest.mark.parametrize("kind", READ_BACK)
def test_forgetting_removes_without_audit_what_is_as_it_was_read(ports: Ports, kind: str) -> None:
    record, read = READ_BACK[kind]
    first = ports.changes.keep(record)
    second = ports.changes.keep(first)

    ports.changes.forget(first)
    assert read(ports) == second

    ports.changes.forget(second)
    ports.changes.forget(second)
    assert not is_there(ports, read)
    assert ports.audit("wsp_a") == []


def test_what_was_made_anew_is_not_forgotten_by_who_read_the_old_one(ports: Ports) -> None:
    old = ports.changes.keep(ports.changes.keep(samples.attempts()))
    ports.changes.forget(old)
    fresh = ports.changes.keep(samples.attempts(failures=1))

    ports.changes.forget(old)

    assert ports.directory.attempts(fresh.subject, fresh.place) == fresh


def test_a_mail_address_belongs_to_one_user_in_whatever_case(ports: Ports) -> None:
    ports.changes.commit(samples.user(email="ada@example.com"), audit=samples.audit())

    with pytest.raises(Exists):
        ports.changes.commit(
            samples.user(id="usr_b", email="Ada@Example.COM "), audit=samples.audit()
        )

    with pytest.raises(NotFound):
        ports.directory.user("usr_b")


def test_a_user_cannot_take_another_address(ports: Ports) -> None:
    ports.changes.commit(samples.user(id="usr_b", email="bob@example.com"), audit=samples.audit())
    ada = ports.changes.save(samples.user(), samples.audit())

    for address in ("bob@example.com", "new@example.com"):
        with pytest.raises(Exists):
            ports.changes.commit(replace(ada, email=address), audit=samples.audit())

    assert ports.directory.user("usr_a") == ada


def test_changing_a_channel_does_not_undo_its_owners_lease(ports: Ports) -> None:
    read = ports.changes.save(samples.channel(), samples.audit())
    lease = Lease("bridge-a", 1, MORNING + timedelta(seconds=10))
    assert ports.delivery.take_lease(read, lease)

    ports.changes.commit(replace(read, rate=5.0, lease=None), audit=samples.audit())

    assert ports.delivery.channel("chn_a") == replace(read, rate=5.0, lease=lease, version=2)


def test_a_removed_users_address_is_free_again(ports: Ports) -> None:
    ada = ports.changes.save(samples.user(), samples.audit())

    ports.changes.commit(remove=[ada], audit=samples.audit())

    assert ports.directory.user_by_email(ada.email) is None
    other = ports.changes.save(samples.user(id="usr_b"), samples.audit())
    assert ports.directory.user_by_email(ada.email) == other


def is_there(ports: Ports, read: Callable[[Ports], Any]) -> bool:
    try:
        found = read(ports)
    except (NotFound, IndexError):
        return False
    return found not in {None, Roster("wsp_a")}
