"""Writing campaigns, and asking for decisions, by anybody and in any order: the first half of what
test_campaigns_stateful.py compares with a model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from chalicelib.domain.content import Mode
from chalicelib.domain.errors import IllegalMove, Invalid, MessageCenterError
from chalicelib.domain.membership import Member
from chalicelib.domain.rights import Role
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.drafting import ContentChanges
from tests.fakes.world import PASSWORD, World
from tests.unit.usecases.campaign_model import (
    ADMIN,
    AUTHOR,
    BOTH,
    EVERYBODY,
    HALF,
    MODERATOR,
    OTHER,
    ROOT,
    Known,
    Model,
    Written,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from chalicelib.domain.campaign import Campaign
    from chalicelib.usecases.auditing import Caller
    from tests.unit.usecases.campaign_model import Refusal

NUMBERS = [447_700_900_000 + n for n in range(5)]
# Picks from what there is, which no strategy knows beforehand.
ANY = st.integers(0, 1000)
# Mostly somebody who may.
RIGHTLY = ""
WHO = st.sampled_from((*EVERYBODY, *[RIGHTLY] * 9))
ENOUGH = 4
AHEAD = st.sampled_from((1, 2, 6))
EDITS = st.sampled_from(
    ("nothing", "text", "auto_start", "on_demand", "on_time", "spread", "deadline", "sender")
)


class Writing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.people = self.gather()
        self.users = {name: caller.user for name, caller in self.people.items()}
        self.names = {user: name for name, user in self.users.items()}
        self.list = self.world.ready_list(NUMBERS)
        self.model = Model(self.world.clock.now())
        self.gone: list[str] = []
        self.texts = 0
        self.create(AUTHOR, whole=True)
        self.create(BOTH, whole=True)

    def gather(self) -> dict[str, Caller]:
        world = self.world
        world.installation.add_workspace(MASTER, "Installation", "UTC")
        root = world.installation.add_person("root@example.com", "Root", PASSWORD)
        visitor = world.installation.add_member(MASTER, root.id, Role.SUPER_ADMIN)
        return {
            AUTHOR: world.author,
            OTHER: world.person("other@example.com", Role.AUTHOR),
            BOTH: world.person("both@example.com", Role.AUTHOR, is_moderator=True),
            MODERATOR: world.moderator,
            ADMIN: world.person("admin@example.com", Role.ADMIN),
            ROOT: replace(world.caller(visitor), workspace=world.workspace),
        }

    # --- writing ---

    @rule(who=WHO, whole=st.booleans())
    def create(self, who: str, *, whole: bool) -> None:
        who = who or AUTHOR
        if len(self.model.campaigns) >= ENOUGH:
            return
        refusal = self.model.may_write(who)
        if refusal is None and whole and not self.model.sender_open:
            refusal = Invalid
        changes = ContentChanges(name="Spring", text="Hello", list=self.list.id)
        if whole:
            changes = replace(changes, sender=self.world.sender)
        made = self.act(refusal, lambda: self.world.api.drafting.create(self.people[who], changes))
        if made is not None:
            self.model.campaigns[made.id] = Known(who, Written(has_sender=whole))

    @rule(who=WHO, choice=ANY)
    def clone(self, who: str, choice: int | str) -> None:
        if len(self.model.campaigns) >= ENOUGH:
            return
        name, known = self.pick(choice)
        who = who or OTHER
        refusal = self.model.may_write(who)
        made = self.act(refusal, lambda: self.world.api.drafting.clone(self.people[who], name))
        if made is not None:
            has_sender = known.written.has_sender and self.model.sender_open
            copied = replace(known.written, has_sender=has_sender)
            self.model.campaigns[made.id] = Known(who, copied)

    @rule(who=WHO, choice=ANY, what=EDITS, ahead=AHEAD)
    def edit(self, who: str, choice: int | str, what: str, ahead: int) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        written = self.written(known.written, what, ahead * HALF)
        refusal = self.model.may_touch(who, known)
        if refusal is None and not known.editable:
            refusal = IllegalMove
        takes_sender = written.has_sender and not known.written.has_sender
        if refusal is None and takes_sender and not self.model.sender_open:
            refusal = Invalid
        changes = self.changes(written, what)
        before = self.stored(name)
        edited = self.act(
            refusal,
            lambda: self.world.api.drafting.edit(self.people[who], name, changes),
            audits=int(written != known.written),
        )
        if refusal is None and written == known.written:
            assert edited == before
        elif refusal is None:
            known.voided()
            known.written = written
            known.hands.add(who)

    def written(self, now: Written, what: str, ahead: timedelta) -> Written:
        at = self.model.now + ahead
        untimed = replace(now, start_at=None, date_from=None, date_to=None)
        if what == "text":
            self.texts += 1
        return {
            "nothing": now,
            "text": replace(now, text=f"Hello {self.texts}"),
            "auto_start": replace(now, auto_start=not now.auto_start),
            "on_demand": replace(untimed, mode="on_demand"),
            "on_time": replace(untimed, mode="on_time", start_at=at),
            "spread": replace(untimed, mode="spread", date_from=at, date_to=at + 2 * HALF),
            "deadline": replace(now, deadline=None if now.deadline else at),
            "sender": replace(now, has_sender=not now.has_sender),
        }[what]

    def changes(self, written: Written, what: str) -> ContentChanges:
        if what == "nothing":
            return ContentChanges()
        changes = ContentChanges(
            mode=Mode(written.mode),
            text=written.text,
            start_at=written.start_at,
            date_from=written.date_from,
            date_to=written.date_to,
            deadline=written.deadline,
            auto_start=written.auto_start,
        )
        if what != "sender":
            return changes
        return replace(changes, sender=self.world.sender if written.has_sender else None)

    # --- asking and deciding ---

    @rule(who=WHO, choice=ANY)
    def submit(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        refusal = self.model.may_touch(who, known) or self.model.refuses_submission(known)
        self.act(refusal, lambda: self.world.desk.submit(self.people[who], name))
        if refusal is None:
            known.approval = "submitted"

    @rule(who=WHO, choice=ANY)
    def withdraw(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        if refusal is None and known.approval != "submitted":
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.withdraw(self.people[who], name))
        if refusal is None:
            known.approval = "draft"

    @rule(who=WHO, choice=ANY, approve=st.booleans(), shown=st.integers(0, 9))
    def decide(self, who: str, choice: int | str, shown: int, *, approve: bool) -> None:
        name, known = self.pick(choice, approval="submitted")
        who = who or self.decider(known)
        refusal = self.model.may_decide(who, known) or self.model.refuses_decision(
            known, approve=approve, shown=bool(shown)
        )
        digest = self.stored(name).digest if shown else "0" * 64
        self.act(
            refusal,
            lambda: self.world.api.moderation.decide_campaign(
                self.people[who], name, approve=approve, note="so it is", shown=digest or ""
            ),
        )
        if refusal is not None:
            return
        known.approval = "approved" if approve else "rejected"
        if approve:
            known.approved, known.approved_by = known.written, who
            if known.written.auto_start:
                self.model.start(known)

    @rule(who=WHO, choice=ANY, ahead=st.none() | AHEAD)
    def release(self, who: str, choice: int | str, ahead: int | None) -> None:
        name, known = self.pick(choice, approval="approved")
        who = who or self.decider(known)
        at = self.model.now + ahead * HALF if ahead else None
        spread = known.written.mode == "spread"
        end = at + 2 * HALF if at and spread else known.written.date_to
        written = replace(
            known.written,
            start_at=None if spread else at,
            date_from=(at or self.model.now) if spread else None,
            date_to=end if spread else None,
        )
        refusal = self.model.may_decide(who, known) or self.model.refuses_release(known, written)
        times: dict[str, Any] = (
            {"date_from": at, "date_to": end if at else None} if spread else {"start_at": at}
        )
        self.act(
            refusal,
            lambda: self.world.api.moderation.release(self.people[who], name, **times),
        )
        if refusal is None:
            starts = known.missed or written.auto_start
            known.written = known.approved = written
            known.missed, known.approved_by = False, who
            if starts:
                self.model.start(known)

    # --- what happens around them ---

    @rule(steps=AHEAD)
    def time_goes_by(self, steps: int) -> None:
        self.model.now = self.world.clock.advance(steps * HALF)

    @rule(seldom=st.integers(0, 2))
    def the_sender_goes_or_comes_back(self, seldom: int) -> None:
        if seldom and self.model.sender_open:
            return
        desk, boss = self.world.api.senders, self.people[ADMIN]
        if self.model.sender_open:
            desk.archive(boss, self.world.sender)
        else:
            desk.restore(boss, self.world.sender)
        self.model.sender_open = not self.model.sender_open

    @rule()
    def somebody_leaves_or_comes_back(self) -> None:
        place = (self.world.workspace, self.users[OTHER])
        member = self.world.directory.member(*place)
        if member is not None:
            self.world.changes.forget(member)
            self.model.here.remove(OTHER)
        else:
            role = Role.AUTHOR
            back = Member(*place, role, is_moderator=False, created_at=self.model.now)
            self.world.changes.keep(back)
            self.model.here.add(OTHER)

    # --- how it is done ---

    def decider(self, known: Known) -> str:
        wrote = known.hands | {known.author}
        return next((who for who in (ADMIN, ROOT, MODERATOR) if who not in wrote), ADMIN)

    def pick(self, choice: int | str, **wanted: Any) -> tuple[str, Known]:
        """Mostly one for which it makes sense."""
        found = self.model.campaigns
        if isinstance(choice, str):
            return choice, found[choice]
        if not found:
            self.create(AUTHOR, whole=False)
        fitting = [
            name
            for name, known in found.items()
            if all(getattr(known, field) == value for field, value in wanted.items())
        ]
        names = [*fitting, *fitting, *fitting, *found]
        name = names[choice % len(names)]
        return name, found[name]

    def stored(self, name: str) -> Campaign:
        return self.world.campaigns.campaign(self.world.workspace, name)

    def act(
        self,
        refusal: Refusal | None,
        call: Callable[[], Any],
        audits: int = 1,
        cleanup: Callable[[], None] = lambda: None,
    ) -> Any:
        """Do it; it must be refused exactly as told, and then without a trace."""
        records = self.world.records
        before = {kind: dict(found) for kind, found in records._stored.items()}
        logged = len(records.audit)
        answer, refused_with = None, None
        try:
            answer = call()
        except MessageCenterError as error:
            refused_with = error
        finally:
            cleanup()
        assert refusal is (type(refused_with) if refused_with else None), f"{refused_with}"
        assert refusal is None or before == records._stored
        assert len(records.audit) == logged + (audits if refusal is None else 0)
        return answer
