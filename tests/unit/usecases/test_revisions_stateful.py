"""Anybody does anything to senders and their revisions, in any order, and it is compared with a
model: what SPEC 3 and the table of rights say, in words of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
    IllegalMove,
    MessageCenterError,
    NotFound,
    Outdated,
)
from chalicelib.domain.moderation import ItemKind, QueueItem, revision_digest
from chalicelib.domain.rights import Right, Role, Scope
from chalicelib.usecases.senders import NewRevision, RevisionChanges
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.sender import Revision, Sender
    from chalicelib.usecases.auditing import Caller

T = TypeVar("T")
# Picks from what there is, which no strategy knows beforehand.
ANY = st.integers(0, 1000)
# Mostly none: a version is named, and it is right, or it is not.
VERSIONS = st.sampled_from((None, None, None, "right", "right", "wrong"))
MOSTLY = st.sampled_from((True, True, True, False))

WRITES: Final = frozenset({"author", "both", "moderator", "admin"})
MANAGES: Final = frozenset({"admin"})
DECIDES: Final = frozenset({"both", "moderator", "admin"})
# What becomes of a revision; what is not named is refused.
NEXT: Final = {
    ("draft", "edit"): "draft",
    ("draft", "submit"): "pending_approval",
    ("draft", "archive"): "archived",
    ("pending_approval", "withdraw"): "draft",
    ("pending_approval", "approve"): "approved",
    ("pending_approval", "reject"): "rejected",
    ("approved", "archive"): "archived",
    ("rejected", "archive"): "archived",
}


@dataclass
class ModelRevision:
    author: str
    use: str
    status: str = "draft"
    before: str = ""
    is_decided: bool = False


@dataclass
class ModelSender:
    name: str
    is_archived: bool = False
    revisions: dict[int, ModelRevision] = field(default_factory=dict)
    # Numbers in the order of their approval.
    approved: list[int] = field(default_factory=list)

    @property
    def current(self) -> int | None:
        standing = [n for n in self.approved if self.revisions[n].status == "approved"]
        return standing[-1] if standing else None


def pick(things: Sequence[T], choice: int) -> T:
    return things[choice % len(things)]


class Senders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.desk = self.world.api.senders
        world = self.world
        admin = world.person("admin@example.com", Role.ADMIN)
        both = world.person("both@example.com", Role.AUTHOR, is_moderator=True)
        self.callers: dict[str, Caller] = {
            "author": world.author,
            "both": both,
            "moderator": world.moderator,
            "admin": admin,
            "without rights": replace(both, scopes=dict.fromkeys(Right, Scope.NONE)),
            "foreign": replace(admin, workspace="wsp_b"),
        }
        world.installation.add_workspace("wsp_b", "Others", "UTC")
        first = ModelRevision("usr_operator", "", "approved", is_decided=True)
        self.senders = {world.sender: ModelSender("Shop", revisions={1: first}, approved=[1])}
        self.written = 0
        self.begin()

    def begin(self) -> None:
        """With something of everything, so that every step has something to work on."""
        self.create(0)
        self.create(0)
        for choice in range(len(self.senders)):
            for _ in range(4):
                self.add(0, choice)
            for which in range(3):
                self.submit(0, choice, which, None)
            self.decide(2, choice, 0, approve=True, shown=True)
            self.decide(2, choice, 0, approve=False, shown=True)
            self.archive(0, choice, choice, None)
        self.archive_sender(0, 2, None)
        self.submit(0, 4, 0, None)

    # --- senders ---

    @precondition(lambda self: len(self.senders) < 5)
    @rule(by=ANY)
    def create(self, by: int) -> None:
        who, caller = self.whoever(by, MANAGES)
        made: list[Sender] = []
        # In their own workspace foreign admins may, which is none of ours.
        refusal = None if who == "foreign" else self.allow(who, MANAGES)
        if self.act(lambda: made.append(self.desk.create(caller, "New")), refusal):
            self.senders |= {sender.id: ModelSender("New") for sender in made if who != "foreign"}

    @rule(by=ANY, choice=ANY, version=VERSIONS)
    def rename(self, by: int, choice: int, version: str | None) -> None:
        who, caller = self.whoever(by, MANAGES)
        place, sender = self.whichever(choice)
        refusal = self.allow(who, MANAGES) or outdated(version)
        name = self.fresh()
        expected = self.version_of(place, 0, version)
        if self.act(lambda: self.desk.rename(caller, place, name, expected), refusal):
            sender.name = name

    @rule(by=ANY, choice=ANY, version=VERSIONS)
    def archive_sender(self, by: int, choice: int, version: str | None) -> None:
        who, caller = self.whoever(by, MANAGES)
        place, sender = self.whichever(choice)
        refusal = self.allow(who, MANAGES) or outdated(version)
        refusal = refusal or (IllegalMove if sender.is_archived else None)
        expected = self.version_of(place, 0, version)
        if self.act(lambda: self.desk.archive(caller, place, expected), refusal):
            sender.is_archived = True
            for revision in sender.revisions.values():
                if revision.status == "pending_approval":
                    revision.status = "draft"

    @rule(by=ANY, choice=ANY, version=VERSIONS)
    def restore_sender(self, by: int, choice: int, version: str | None) -> None:
        who, caller = self.whoever(by, MANAGES)
        place, sender = self.whichever(choice, archived=True)
        refusal = self.allow(who, MANAGES) or outdated(version)
        refusal = refusal or (None if sender.is_archived else IllegalMove)
        expected = self.version_of(place, 0, version)
        if self.act(lambda: self.desk.restore(caller, place, expected), refusal):
            sender.is_archived = False

    # --- revisions ---

    @rule(by=ANY, choice=ANY)
    def add(self, by: int, choice: int) -> None:
        who, caller = self.whoever(by, WRITES)
        place, sender = self.whichever(choice)
        refusal = self.allow(who, WRITES) or (Conflict if sender.is_archived else None)
        new = NewRevision(f"NO{len(sender.revisions) + 1}", self.world.channel, use=self.fresh())
        if self.act(lambda: self.desk.add_revision(caller, place, new), refusal):
            number = len(sender.revisions) + 1
            sender.revisions[number] = ModelRevision(caller.user, new.use)

    @rule(by=ANY, choice=ANY, which=ANY, version=VERSIONS)
    def edit(self, by: int, choice: int, which: int, version: str | None) -> None:
        changes = RevisionChanges(use=self.fresh())

        def call(caller: Caller, place: str, number: int, expected: int | None) -> Revision:
            return self.desk.edit_revision(caller, place, number, changes, expected)

        moved = self.move("edit", call, WRITES, (by, choice, which), version)
        if moved is not None:
            caller, revision = moved
            revision.author, revision.use = caller.user, str(changes.use)

    @rule(by=ANY, choice=ANY, which=ANY, version=VERSIONS)
    def submit(self, by: int, choice: int, which: int, version: str | None) -> None:
        self.move("submit", self.desk.submit_revision, WRITES, (by, choice, which), version)

    @rule(by=ANY, choice=ANY, which=ANY, version=VERSIONS)
    def withdraw(self, by: int, choice: int, which: int, version: str | None) -> None:
        self.move("withdraw", self.desk.withdraw_revision, WRITES, (by, choice, which), version)

    @rule(by=ANY, choice=ANY, which=ANY, version=VERSIONS)
    def archive(self, by: int, choice: int, which: int, version: str | None) -> None:
        self.move("archive", self.desk.archive_revision, MANAGES, (by, choice, which), version)

    @rule(by=ANY, choice=ANY, which=ANY, version=VERSIONS)
    def restore(self, by: int, choice: int, which: int, version: str | None) -> None:
        self.move("restore", self.desk.restore_revision, MANAGES, (by, choice, which), version)

    @rule(by=ANY, choice=ANY, which=ANY, approve=st.booleans(), shown=MOSTLY)
    def decide(self, by: int, choice: int, which: int, *, approve: bool, shown: bool) -> None:
        """Without being shown what it is now, nobody decides on it."""
        who, caller = self.whoever(by, DECIDES)
        place, sender = self.whichever(choice)
        action = "approve" if approve else "reject"
        number = self.one_of(sender, action, which)
        revision = sender.revisions.get(number)
        if revision is None:
            return
        refusal = self.allow(who, DECIDES)
        if revision.author == caller.user:
            refusal = refusal or Forbidden
        if revision.is_decided:
            refusal = refusal or AlreadyDecided
        if not is_possible(revision, action):
            refusal = refusal or IllegalMove
        if not shown:
            refusal = refusal or Conflict
        self.world.clock.advance(timedelta(seconds=1))
        stored = self.world.campaigns.revision(self.world.workspace, place, number)
        digest = revision_digest(stored if shown else replace(stored, use="something else"))
        if self.act(
            lambda: self.world.api.moderation.decide_revision(
                caller, place, number, approve=approve, note="so", shown=digest
            ),
            refusal,
        ):
            revision.status, revision.is_decided = NEXT[revision.status, action], True
            if approve:
                sender.approved.append(number)

    # --- the model ---

    def move(
        self,
        action: str,
        call: Callable[[Caller, str, int, int | None], Revision],
        who_may: frozenset[str],
        choices: tuple[int, int, int],
        version: str | None,
    ) -> tuple[Caller, ModelRevision] | None:
        """Caller and revision, if it is done."""
        who, caller = self.whoever(choices[0], who_may)
        place, sender = self.whichever(choices[1])
        number = self.one_of(sender, action, choices[2])
        revision = sender.revisions.get(number)
        refusal = self.allow(who, who_may)
        if revision is None:
            refusal = refusal or NotFound
            version = None
        else:
            refusal = refusal or outdated(version)
            refusal = refusal or (None if is_possible(revision, action) else IllegalMove)
        if action == "submit" and sender.is_archived:
            refusal = refusal or Conflict
        expected = self.version_of(place, number, version)
        if not self.act(lambda: call(caller, place, number, expected), refusal):
            return None
        assert revision is not None
        if action == "restore":
            revision.status, revision.before = revision.before, ""
        else:
            revision.before = revision.status if action == "archive" else ""
            revision.status = NEXT[revision.status, action]
        return caller, revision

    def act(self, call: Callable[[], object], refusal: type[MessageCenterError] | None) -> bool:
        """Do it: refused with this error it leaves no trace; done, exactly one audit record."""
        stored, records = self.stored(), len(self.world.records.audit)
        met: MessageCenterError | None = None
        try:
            call()
        except MessageCenterError as error:
            met = error
        assert type(met) is (refusal or type(None)), f"{met!r} instead of {refusal}"
        if met is not None:
            assert self.stored() == stored
        assert len(self.world.records.audit) == records + (met is None)
        return met is None

    def stored(self) -> dict[type, dict[Any, Any]]:
        return {kind: dict(stored) for kind, stored in self.world.records._stored.items()}

    def whoever(self, choice: int, may: frozenset[str]) -> tuple[str, Caller]:
        """Mostly somebody who may."""
        who = pick([*(3 * sorted(may)), *self.callers], choice)
        return who, self.callers[who]

    def whichever(self, choice: int, *, archived: bool = False) -> tuple[str, ModelSender]:
        """More often one that is archived, or one that is not."""
        fitting = [place for place, each in self.senders.items() if each.is_archived is archived]
        place = pick([*fitting, *self.senders], choice)
        return place, self.senders[place]

    def one_of(self, sender: ModelSender, action: str, choice: int) -> int:
        """Mostly one that the action is possible with; now and then one more than there are."""
        fitting = [n for n, each in sender.revisions.items() if is_possible(each, action)]
        return pick([*(4 * fitting), *sender.revisions, len(sender.revisions) + 1], choice)

    def allow(self, who: str, may: frozenset[str]) -> type[MessageCenterError] | None:
        if who == "foreign":
            return NotFound
        return None if who in may else Forbidden

    def version_of(self, place: str, number: int, version: str | None) -> int | None:
        if version is None:
            return None
        if version == "wrong":
            return 10_000
        workspace = self.world.workspace
        if number:
            return self.world.campaigns.revision(workspace, place, number).version
        return self.world.campaigns.sender(workspace, place).version

    def fresh(self) -> str:
        self.written += 1
        return f"text {self.written}"

    # --- what always holds ---

    @invariant()
    def the_records_are_what_the_model_says(self) -> None:
        for place, model in self.senders.items():
            sender = self.world.campaigns.sender(self.world.workspace, place)
            assert (sender.name, sender.archived_at is not None) == (model.name, model.is_archived)
            assert sender.revisions == len(model.revisions)
            assert sender.current_revision == model.current
            found = self.world.campaigns.revisions(self.world.workspace, place)
            assert {
                each.number: ModelRevision(
                    author=each.author,
                    use=each.use,
                    status=each.status.value,
                    before=each.archived_from.value if each.archived_from else "",
                    is_decided=each.decision is not None,
                )
                for each in found
            } == model.revisions

    @invariant()
    def the_queue_holds_what_is_pending_and_nothing_else(self) -> None:
        items = self.world.records.all(QueueItem)
        assert {(item.kind, item.object, item.revision) for item in items} == {
            (ItemKind.REVISION, place, number)
            for place, sender in self.senders.items()
            for number, revision in sender.revisions.items()
            if revision.status == "pending_approval"
        }
        for item in items:
            revision = self.world.campaigns.revision(item.workspace, item.object, item.revision)
            assert item.digest == revision_digest(revision)

    @invariant()
    def no_change_of_the_queue_is_left_under_way(self) -> None:
        assert self.world.queue.mark(self.world.workspace).under_way == {}

    @invariant()
    def pages_show_each_sender_on_its_side(self) -> None:
        admin = self.callers["admin"]
        for archived in (False, True):
            page = self.desk.page(admin, None, 10, archived=archived)
            assert {sender.id for sender in page.items} == {
                place for place, sender in self.senders.items() if sender.is_archived is archived
            }

    @invariant()
    def what_was_approved_is_as_it_was(self) -> None:
        approved = {
            (record.object, record.after["revision"]): record.after
            for record in self.world.records.audit
            if record.action == "revision.approved" and "address" in record.after
        }
        for (place, number), facts in approved.items():
            revision = self.world.campaigns.revision(self.world.workspace, place, int(str(number)))
            assert (revision.address, revision.use or None) == (facts["address"], facts["use"])


def is_possible(revision: ModelRevision, action: str) -> bool:
    return (revision.status, action) in {*NEXT, ("archived", "restore")}


def outdated(version: str | None) -> type[MessageCenterError] | None:
    return Outdated if version == "wrong" else None


TestSenders = Senders.TestCase
TestSenders.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
