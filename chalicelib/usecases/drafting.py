"""Writing campaigns: create, edit in any order, clone (SPEC 4.2).

What is named must be there and usable when it is named; whether it still is, and whether all of it
can be sent, is asked at submission.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from chalicelib.domain import campaign as rules
from chalicelib.domain.campaign import Campaign, Move
from chalicelib.domain.content import Content, check_draft, in_utc
from chalicelib.domain.errors import Invalid, NotFound, Outdated, Problem
from chalicelib.domain.recipient_list import ListPurpose, ListStatus
from chalicelib.domain.rights import Right
from chalicelib.domain.sender import address_checks, usable
from chalicelib.domain.submission import NOT_FOR_CAMPAIGNS
from chalicelib.usecases.partial import UNCHANGED, Unchanged, given
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.repeats import Request
from chalicelib.usecases.saving import save_unasked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from chalicelib.domain.content import InDoubt, Mode, Tlv
    from chalicelib.domain.sender import Revision
    from chalicelib.domain.workspace import DailyLimit, DailyWindow
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import Campaigns, Changes, Clock, Delivery, Ids
    from chalicelib.usecases.queueing import QueueBell
    from chalicelib.usecases.repeats import Mark, Repeats

T = TypeVar("T")

TIMES: Final = ("start_at", "date_from", "date_to", "deadline")


@dataclass(frozen=True, slots=True)
class OverridesChanges:
    saddr: str | Unchanged | None = UNCHANGED
    ston: int | Unchanged | None = UNCHANGED
    snpi: int | Unchanged | None = UNCHANGED
    dton: int | Unchanged | None = UNCHANGED
    dnpi: int | Unchanged | None = UNCHANGED
    validity: timedelta | Unchanged | None = UNCHANGED
    tlvs: tuple[Tlv, ...] | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class ContentChanges:
    mode: Mode | Unchanged = UNCHANGED
    name: str | Unchanged = UNCHANGED
    text: str | Unchanged = UNCHANGED
    free_text: bool | Unchanged = UNCHANGED
    sender: str | Unchanged | None = UNCHANGED
    # Left: the sender's current one.
    revision: int | Unchanged = UNCHANGED
    channel: str | Unchanged | None = UNCHANGED
    list: str | Unchanged | None = UNCHANGED
    start_at: datetime | Unchanged | None = UNCHANGED
    date_from: datetime | Unchanged | None = UNCHANGED
    date_to: datetime | Unchanged | None = UNCHANGED
    deadline: datetime | Unchanged | None = UNCHANGED
    time_zone: str | Unchanged | None = UNCHANGED
    daily_window: DailyWindow | Unchanged | None = UNCHANGED
    daily_limit: DailyLimit | Unchanged | None = UNCHANGED
    ignore_daily_window: bool | Unchanged = UNCHANGED
    auto_start: bool | Unchanged = UNCHANGED
    transliterate: bool | Unchanged = UNCHANGED
    in_doubt: InDoubt | Unchanged = UNCHANGED
    overrides: OverridesChanges = OverridesChanges()


@dataclass(frozen=True, slots=True)
class Copy:
    """What is asked for when a campaign is cloned."""

    campaign: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Drafting:
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes
    repeats: Repeats
    bell: QueueBell
    clock: Clock
    ids: Ids
    auditor: Auditor

    def create(self, caller: Caller, changes: ContentChanges, key: str | None = None) -> Campaign:
        caller.must(Right.WRITE_CAMPAIGN)
        return self.repeats.once(
            Request(caller, key, changes),
            read=lambda made: self.campaigns.campaign(caller.workspace, made),
            make=lambda mark: self._create(
                caller, self._written(caller.workspace, Content(), changes), mark
            ),
        )

    def edit(
        self,
        caller: Caller,
        campaign_id: str,
        changes: ContentChanges,
        expected: int | None = None,
    ) -> Campaign:
        caller.must(Right.WRITE_CAMPAIGN)
        before = self.campaigns.campaign(caller.workspace, campaign_id)
        caller.must(Right.WRITE_CAMPAIGN, author=before.author)
        if expected not in {None, before.version}:
            raise Outdated
        # What cannot be edited is refused as such, before anything that is wrong with the edit.
        rules.move(before, Move.EDIT)
        content = self._written(before.workspace, before.content, changes)
        if content == before.content:
            return before
        after = rules.edit(before, content, self._address(before.workspace, content), caller.user)
        audit = self.auditor.of_campaign(caller.actor, "campaign.edited", before, after)
        return save_unasked(self.bell, self.changes, before, after, audit)

    def clone(
        self, caller: Caller, campaign_id: str, name: str | None = None, key: str | None = None
    ) -> Campaign:
        """A draft of the caller's own, with all that stands in the original."""
        caller.must(Right.VIEW)
        caller.must(Right.WRITE_CAMPAIGN)

        def make(mark: Mark) -> Campaign:
            original = self.campaigns.campaign(caller.workspace, campaign_id)
            if original.archived_at is not None:
                caller.must(Right.VIEW_ARCHIVE)
            return self._create(caller, self._copied(original, name), mark, original)

        return self.repeats.once(
            Request(caller, key, Copy(campaign_id, name)),
            read=lambda made: self.campaigns.campaign(caller.workspace, made),
            make=make,
        )

    def _create(
        self, caller: Caller, content: Content, mark: Mark, original: Campaign | None = None
    ) -> Campaign:
        campaign = Campaign(
            id=self.ids.new("cmp"),
            workspace=caller.workspace,
            author=caller.user,
            content=content,
            created_at=self.clock.now(),
            address=self._address(caller.workspace, content),
        )
        action = "campaign.cloned" if original else "campaign.created"
        audit = self.auditor.of_campaign(caller.actor, action, None, campaign)
        if original is not None:
            audit = replace(audit, after={**audit.after, "cloned_from": original.id})
        self.changes.commit(campaign, *mark(campaign.id), audit=audit)
        return next_version(campaign)

    # --- what is written --------------------------------------------------------------------------

    def _written(self, workspace: str, before: Content, changes: ContentChanges) -> Content:
        """`before` with the changes; everything that is wrong with them is told at once."""
        values, found = given(changes), Found()
        for name in TIMES:
            if name in values:
                with found.noting():
                    values[name] = in_utc(name, values[name])
        if "name" in values:
            values["name"] = str(values["name"]).strip()
        overrides = replace(before.overrides, **given(changes.overrides))
        content = replace(before, **{**values, "overrides": overrides})
        with found.noting():
            content = self._with_sender(workspace, before, content, named="revision" in values)
        with found.noting():
            content = self._with_saddr(workspace, before, content)
        with found.noting():
            self._check_names(workspace, before, content)
        with found.noting():
            check_draft(content)
        found.refuse()
        return content

    def _with_sender(
        self, workspace: str, before: Content, content: Content, *, named: bool
    ) -> Content:
        """With the revision that was named, or else the sender's current one."""
        if content.sender is None:
            if named:
                raise Invalid(Problem("revision", "is of a sender: name the sender, too"))
            return replace(content, revision=None)
        moved = content.sender != before.sender
        if not moved and content.revision == before.revision:
            return content
        current = self._current(workspace, content.sender)
        number = content.revision if named else current.number
        if number != current.number and not self._is_approved(workspace, content.sender, number):
            raise Invalid(
                Problem(
                    "revision",
                    "is no approved revision of this sender: leave it out for the current one",
                )
            )
        return replace(content, revision=number)

    def _current(self, workspace: str, sender_id: str) -> Revision:
        """The revision that new campaigns of this sender use (SPEC 3.2)."""
        try:
            sender = self.campaigns.sender(workspace, sender_id)
        except NotFound:
            raise Invalid(
                Problem("sender", "is no sender of this workspace: choose another")
            ) from None
        if sender.archived_at is not None:
            raise Invalid(Problem("sender", "is archived: restore it, or choose another"))
        if sender.current_revision is not None:
            revision = self.campaigns.revision(workspace, sender_id, sender.current_revision)
            if usable(sender, revision):
                return revision
        raise Invalid(
            Problem(
                "sender", "has no approved revision: have one approved first, or choose another"
            )
        )

    def _is_approved(self, workspace: str, sender_id: str, number: int | None) -> bool:
        sender = self.campaigns.sender(workspace, sender_id)
        revisions = self.campaigns.revisions(workspace, sender_id)
        return any(each.number == number and usable(sender, each) for each in revisions)

    def _with_saddr(self, workspace: str, before: Content, content: Content) -> Content:
        """With the approved revision whose address the override is (SPEC 3.2)."""
        overrides = content.overrides
        if overrides.saddr == before.overrides.saddr:
            return content
        if overrides.saddr is None:
            return _pinned(content, None)
        revision = self._with_address(workspace, overrides.saddr, content.sender)
        if revision is None:
            raise Invalid(
                Problem(
                    "overrides.saddr",
                    "is no address of an approved, unarchived revision of this workspace",
                )
            )
        return _pinned(content, revision)

    def _with_address(self, workspace: str, address: str, sender: str | None) -> Revision | None:
        """Of several, one of the campaign's own sender, and the latest of that."""
        if not all(holds for holds, _, _ in address_checks(address)):
            return None
        found = [
            each
            for each in self.campaigns.revisions_with_address(workspace, address)
            if usable(self.campaigns.sender(workspace, each.sender), each)
        ]
        return max(
            found,
            key=lambda each: (each.sender == sender, each.sender, each.number),
            default=None,
        )

    def _check_names(self, workspace: str, before: Content, content: Content) -> None:
        found = Found()
        if content.list is not None and content.list != before.list:
            named = content.list
            with found.noting():
                self._check_list(workspace, named)
        if content.channel is not None and content.channel != before.channel:
            channel = content.channel
            with found.noting():
                _look("channel", lambda: self.delivery.channel(channel))
        found.refuse()

    def _check_list(self, workspace: str, named: str) -> None:
        recipients = _look("list", lambda: self.campaigns.recipient_list(workspace, named))
        if recipients.status is ListStatus.DELETED:
            raise Invalid(Problem("list", "was deleted: choose another"))
        if recipients.purpose is not ListPurpose.RECIPIENTS:
            raise Invalid(Problem("list", NOT_FOR_CAMPAIGNS))

    def _copied(self, original: Campaign, name: str | None) -> Content:
        """What is not there for new campaigns any more is left open; only an override stays as it
        is, since without it another address would go unnoticed.
        """
        content, workspace = original.content, original.workspace
        if name is not None:
            content = replace(content, name=name.strip())
        revision = None
        if content.sender is not None:
            with Found().noting():
                revision = self._current(workspace, content.sender)
        content = replace(
            content,
            sender=revision.sender if revision else None,
            revision=revision.number if revision else None,
        )
        if content.overrides.saddr is not None:
            named = self._with_address(workspace, content.overrides.saddr, content.sender)
            content = _pinned(content, named) if named else content
        check_draft(content)
        return content

    def _address(self, workspace: str, content: Content) -> str:
        """What recipients see."""
        if content.overrides.saddr is not None:
            return content.overrides.saddr
        if content.sender is None or content.revision is None:
            return ""
        return self.campaigns.revision(workspace, content.sender, content.revision).address


@dataclass(slots=True)
class Found:
    """Problems, gathered to be told at once."""

    problems: list[Problem] = field(default_factory=list)

    @contextmanager
    def noting(self) -> Iterator[None]:
        try:
            yield
        except Invalid as refusal:
            self.problems += refusal.problems

    def refuse(self) -> None:
        if self.problems:
            raise Invalid(*self.problems)


def _pinned(content: Content, revision: Revision | None) -> Content:
    overrides = replace(
        content.overrides,
        saddr_sender=revision.sender if revision else None,
        saddr_revision=revision.number if revision else None,
    )
    return replace(content, overrides=overrides)


def _look(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except NotFound:
        raise Invalid(Problem(name, f"there is no such {name}: choose another")) from None
