"""Anybody does anything with campaigns, in any order, and it is compared with a model.

Every run of `pytest --hypothesis-profile=search` tries 2,500 other lives; the usual one a few, and
always the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chalicelib.domain.campaign import Approval, Campaign, Status, content_digest
from chalicelib.domain.errors import Forbidden, IllegalMove, NotFound
from chalicelib.domain.moderation import QueueItem
from tests.fakes.world import refused
from tests.unit.usecases.campaign_lives import (
    ANY,
    NUMBERS,
    RIGHTLY,
    WHO,
    Writing,
)
from tests.unit.usecases.campaign_model import (
    ENDED,
    EVERYBODY,
    LIVE,
    RECEIPTS,
    ROOT,
    Known,
)

if TYPE_CHECKING:
    from tests.unit.usecases.campaign_model import Refusal

NAMED = st.none() | st.sampled_from(EVERYBODY)
SECOND_THOUGHTS = st.sampled_from(("edit", "archive", "cancel", "withdraw"))
REFUSED = 0x0B


class Lives(Writing):
    # --- running ---

    @rule(who=WHO, choice=ANY)
    def start(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice, approval="approved")
        who = who or known.author
        refusal = self.model.may_touch(who, known) or self.model.refuses_start(known)
        self.act(refusal, lambda: self.world.desk.start(self.people[who], name))
        if refusal is None:
            self.model.start(known)

    @rule(choice=ANY, forged=st.integers(0, 4))
    def build(self, choice: int | str, forged: int) -> None:
        """Now and then of something that is not what was approved."""
        name, known = self.pick(choice, status="building")
        if known.written.mode == "spread":
            return
        revision = self.world.campaigns.revision(self.world.workspace, self.world.sender, 1)
        if not forged:
            self.world.records.put(replace(revision, address="EVIL"))
        builds = known.status == "building"
        self.act(
            None,
            lambda: self.world.driver.build(self.world.workspace, name),
            audits=int(builds),
            cleanup=lambda: self.world.records.put(revision),
        )
        if builds and forged:
            known.status = "pending"
        elif builds:
            known.ends("failed")

    @rule(choice=ANY)
    def open(self, choice: int | str) -> None:
        name, known = self.pick(choice, status="pending")
        step = self.world.driver.next(self.world.workspace, name)
        if step.kind != "open":
            early = known.written.start_at is not None and known.written.start_at > self.model.now
            assert known.status not in {"pending", "sending"} or early or known.answered
            return
        assert known.status in {"pending", "sending"}
        opens = int(known.status == "pending")
        self.act(
            None, lambda: self.world.driver.open(self.world.workspace, name, 0, "t"), audits=opens
        )
        known.status = "sending"

    @rule(choice=ANY)
    def answers(self, choice: int | str) -> None:
        """All that is there to know of its recipients."""
        name, known = self.pick(choice, status="sending", answered=False)
        if known.status != "sending" or known.answered:
            return
        self.world.answer(name, 0, 1, [refused(n, REFUSED) for n in range(len(NUMBERS))])
        done = known.sent_at is not None
        self.act(
            None, lambda: self.world.folder.fold(self.world.workspace, name, 0), audits=int(done)
        )
        known.answered = True
        if done:
            known.ends("done")

    @rule(choice=ANY)
    def finish(self, choice: int | str) -> None:
        name, known = self.pick(choice, status="sending")
        finishes = known.status == "sending" and known.sent_at is None
        done = finishes and known.answered
        self.act(
            None,
            lambda: self.world.driver.finish(self.world.workspace, name),
            audits=int(finishes) + int(done),
        )
        if finishes:
            known.sent_at = self.model.now
        if done:
            known.ends("done")

    @rule()
    def sweep(self) -> None:
        for marker in self.world.sweep.markers():
            known = self.model.campaigns.get(marker.campaign)
            ended = self.swept(known) if known is not None else ""
            self.act(None, lambda at=marker: self.world.sweep.tend(at), audits=int(bool(ended)))  # type: ignore[misc]
            if known is not None and ended:
                known.ends(ended)
        live = {name for name, known in self.model.campaigns.items() if known.status in LIVE}
        assert {marker.campaign for marker in self.world.campaigns.live()} == live

    def swept(self, known: Known) -> str:
        sent_at = known.sent_at
        if known.status == "sending" and sent_at is not None:
            return "done" if known.answered or self.model.now >= sent_at + RECEIPTS else ""
        live = known.status in LIVE and sent_at is None
        return "expired" if live and self.model.over(known.written) else ""

    @rule(who=WHO, choice=ANY)
    def pause(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        if refusal is None and known.status not in LIVE - {"paused"}:
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.pause(self.people[who], name))
        if refusal is None:
            known.status, known.paused_from = "paused", known.status

    @rule(who=WHO, choice=ANY)
    def resume(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice, status="paused")
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        if refusal is None and known.status != "paused":
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.resume(self.people[who], name))
        if refusal is None:
            known.status = known.paused_from

    @rule(who=WHO, choice=ANY)
    def cancel(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        if refusal is None and not (known.editable or known.status in LIVE):
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.cancel(self.people[who], name))
        if refusal is None:
            known.ends("cancelled")

    # --- the archive ---

    @rule(who=WHO, choice=ANY)
    def archive(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice)
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        over = known.status == "new" or known.status in ENDED
        if refusal is None and (known.archived or not over):
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.archive(self.people[who], name))
        if refusal is not None:
            return
        if known.status == "new" and known.approval in {"submitted", "approved"}:
            known.voided()
        known.archived = True

    @rule(who=WHO, choice=ANY, named=NAMED)
    def restore(self, who: str, choice: int | str, named: str | None) -> None:
        name, known = self.pick(choice, archived=True)
        who = who or known.author
        refusal = self.model.may_touch(who, known)
        if refusal is None and not known.archived:
            refusal = IllegalMove
        refusal = refusal or self.model.refuses_author(known, named)
        user = self.users[named] if named else None
        self.act(refusal, lambda: self.world.desk.restore(self.people[who], name, user))
        if refusal is None:
            known.archived = False
            known.hands.add(known.author)
            known.author = named or known.author

    @rule(who=WHO, choice=ANY)
    def delete(self, who: str, choice: int | str) -> None:
        name, known = self.pick(choice, archived=True)
        who = who or ROOT
        refusal: Refusal | None = None if who == ROOT else Forbidden
        if refusal is None and not known.archived:
            refusal = IllegalMove
        self.act(refusal, lambda: self.world.desk.delete(self.people[who], name))
        if refusal is None:
            del self.model.campaigns[name]
            self.gone.append(name)

    @precondition(lambda self: bool(self.gone))
    @rule(choice=ANY)
    def touch_what_is_gone(self, choice: int) -> None:
        """As somebody who may do all that to what is there."""
        caller, name = self.people[ROOT], self.gone[choice % len(self.gone)]
        desk = self.world.desk
        for call in (desk.get, desk.submit, desk.start, desk.restore, desk.delete):
            self.act(NotFound, lambda move=call: move(caller, name))  # type: ignore[misc]

    @rule(choice=ANY, steps=st.integers(1, 7), forged=st.integers(0, 19))
    def goes_on(self, choice: int | str, steps: int, forged: int) -> None:
        """The next few steps on its way."""
        name, known = self.pick(choice)
        for _ in range(steps):
            self.goes_on_by_one(name, known, forged)

    @rule(choice=ANY, what=st.sampled_from(("on_time", "spread")), early=st.booleans())
    def comes_too_late(self, choice: int | str, what: str, *, early: bool) -> None:
        """It is approved too late, and was to start by itself; or somebody starts it too late."""
        name, known = self.pick(choice, status="new", archived=False)
        self.edit(RIGHTLY, name, what, 1)
        if known.written.auto_start is early:
            self.edit(RIGHTLY, name, "auto_start", 1)
        self.submit(RIGHTLY, name)
        if not early:
            self.time_goes_by(6)
        self.decide(RIGHTLY, name, 1, approve=True)
        if early:
            self.time_goes_by(6)
        self.start(RIGHTLY, name)

    @rule(choice=ANY, steps=st.integers(3, 6))
    def comes_to_its_deadline(self, choice: int, steps: int) -> None:
        name, known = self.pick(choice, status="new", archived=False)
        if known.written.deadline is None:
            self.edit(RIGHTLY, name, "deadline", 6)
        self.goes_on(name, steps, 1)
        self.time_goes_by(6)
        self.sweep()

    @rule(choice=ANY, steps=st.integers(3, 6), again=st.booleans())
    def is_held(self, choice: int, steps: int, *, again: bool) -> None:
        name, _ = self.pick(choice)
        self.goes_on(name, steps, 1)
        self.pause(RIGHTLY, name)
        if again:
            self.resume(RIGHTLY, name)

    @rule(choice=ANY, steps=st.integers(1, 2), late=st.booleans(), what=SECOND_THOUGHTS)
    def somebody_thinks_again(self, choice: int, steps: int, what: str, *, late: bool) -> None:
        """When it waits for a decision, for its start, or for its release."""
        name, _ = self.pick(choice, status="new", archived=False)
        if late:
            self.comes_too_late(name, "on_time", early=bool(steps - 1))
        else:
            self.goes_on(name, steps, 1)
        if what == "edit":
            self.edit(RIGHTLY, name, "text", 1)
        elif what == "archive":
            self.archive(RIGHTLY, name)
        elif what == "cancel":
            self.cancel(RIGHTLY, name)
        else:
            self.withdraw(RIGHTLY, name)

    def goes_on_by_one(self, name: str, known: Known, forged: int) -> None:
        if known.archived:
            self.restore(RIGHTLY, name, None)
        elif known.status == "new":
            self.goes_on_with_what_is_new(name, known)
        elif known.status == "building":
            self.build(name, forged)
        elif known.status == "pending":
            self.open(name)
        elif known.status == "paused":
            self.resume(RIGHTLY, name)
        elif known.status == "sending" and known.sent_at is None:
            self.finish(name)
        elif known.status == "sending":
            self.answers(name)

    def goes_on_with_what_is_new(self, name: str, known: Known) -> None:
        if known.approval == "submitted":
            self.decide(RIGHTLY, name, 1, approve=True)
        elif known.approval != "approved":
            if not self.model.in_order(known.written):
                self.edit(RIGHTLY, name, "on_demand", 1)
            self.submit(RIGHTLY, name)
        elif self.model.missed(known):
            self.release(RIGHTLY, name, None)
        else:
            self.start(RIGHTLY, name)

    # --- what always holds ---

    @invariant()
    def campaigns_are_what_the_rules_make_of_them(self) -> None:
        stored = {
            campaign.id: (
                self.names[campaign.author],
                campaign.status.value,
                campaign.approval.value,
                campaign.archived_at is not None,
                campaign.missed_at is not None,
                campaign.content.text,
                campaign.content.starts_at,
            )
            for campaign in self.world.records.all(Campaign)
        }
        assert stored == {
            name: (
                known.author,
                known.status,
                known.approval,
                known.archived,
                known.missed,
                known.written.text,
                known.written.start_at or known.written.date_from,
            )
            for name, known in self.model.campaigns.items()
        }

    @invariant()
    def the_queue_is_what_waits_for_a_decision(self) -> None:
        items = self.world.records.all(QueueItem)
        assert sorted(item.object for item in items) == sorted(self.model.submitted())
        for item in items:
            assert item.digest == self.stored(item.object).digest
        assert self.world.queue.mark(self.world.workspace).under_way == {}

    @invariant()
    def a_draft_is_bound_to_nothing(self) -> None:
        for campaign in self.world.records.all(Campaign):
            is_draft = campaign.approval is Approval.DRAFT
            assert (campaign.digest is None) is is_draft
            assert (campaign.submitted_at is None) is is_draft

    @invariant()
    def nothing_is_live_but_what_somebody_else_approved_as_it_is(self) -> None:
        for campaign in self.world.records.all(Campaign):
            known = self.model.campaigns[campaign.id]
            if campaign.status is Status.NEW and campaign.approval is not Approval.APPROVED:
                continue
            if campaign.status is Status.CANCELLED:
                continue
            assert campaign.decision is not None
            assert self.names[campaign.decision.by] == known.approved_by
            assert known.written == known.approved
            revision = self.world.campaigns.revision(
                campaign.workspace, self.world.sender, campaign.content.revision or 0
            )
            assert campaign.digest == content_digest(campaign, revision, self.list)


TestCampaigns = Lives.TestCase
TestCampaigns.settings = settings(
    max_examples=70 if settings.default and settings.default.derandomize else 2_500,
    stateful_step_count=50,
    deadline=None,
)
