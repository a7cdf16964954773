"""Saying who wants no messages, and taking it back (SPEC 5.4): by people and programs of the
workspace, by super admins for all workspaces, by recipients themselves.

Many numbers go in several transactions, each with its note for whoever sends and its audit record.
What is so already is left alone, so a call that broke off half-way is simply made again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain import suppression as rules
from chalicelib.domain import tokens
from chalicelib.domain.audit import system
from chalicelib.domain.decision import is_readable
from chalicelib.domain.errors import Conflict, Invalid, NotFound, Problem, Stale, require
from chalicelib.domain.rights import Right
from chalicelib.domain.suppression import Source, Suppression, SuppressionChange
from chalicelib.sms.phone import BadNumber, normalise
from chalicelib.usecases.ports import next_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from chalicelib.domain.audit import Actor, AuditRecord
    from chalicelib.domain.suppression import SuppressionList
    from chalicelib.usecases.auditing import Auditor, Caller
    from chalicelib.usecases.ports import (
        Changes,
        Clock,
        DataKeys,
        Directory,
        Ids,
        Suppressions,
    )

NUMBERS_MAX: Final = 1_000
NOTE_MAX: Final = 200
# DynamoDB takes a hundred things at once: the note and the audit record are two of them.
AT_ONCE: Final = 98
# So many are named in the audit log, by their hashes; of more it tells how many they were.
NAMED: Final = 10
# Whoever says something of the same numbers at the same time goes first that often.
TRIES: Final = 5
MANY: Final = "suppressions"


@dataclass(frozen=True, slots=True)
class Told:
    """How many numbers the call changed; the rest, repeated ones among them, were so already."""

    changed: int
    already: int


@dataclass(frozen=True, slots=True)
class Wish:
    workspace: str
    actor: Actor
    action: str
    source: Source
    by: str
    note: str
    lifted: bool


@dataclass(frozen=True, slots=True)
class Suppressing:
    directory: Directory
    suppressions: Suppressions
    changes: Changes
    data_keys: DataKeys
    clock: Clock
    ids: Ids
    auditor: Auditor

    def add(self, caller: Caller, numbers: Sequence[str], note: str = "") -> Told:
        """In the master workspace: for all workspaces."""
        caller.must(Right.INTEGRATE)
        require(
            (len(note) <= NOTE_MAX, "note", f"use {NOTE_MAX} characters at most"),
            (is_readable(note), "note", "holds a character that cannot be shown"),
        )
        wish = _by_caller(caller, "suppression.added", note, lifted=False)
        return self._say(wish, checked(numbers))

    def lift(self, caller: Caller, numbers: Sequence[str]) -> Told:
        """They want messages again, whatever lists say that are older than this."""
        caller.must(Right.INTEGRATE)
        wish = _by_caller(caller, "suppression.lifted", "", lifted=True)
        return self._say(wish, checked(numbers))

    def opt_out(self, workspace: str, number: int, keyword: str, by: str) -> bool:
        """The recipient said STOP, in whatever language; `by` is the part that heard it. Whether
        that is new. Where it fails, be it with Stale, it is to be said again: it must not be lost.
        """
        return self._hear("suppression.opted_out", workspace, number, (keyword, by), lifted=False)

    def opt_in(self, workspace: str, number: int, keyword: str, by: str) -> bool:
        """The recipient said START: the last word about a number holds, whoever said another."""
        return self._hear("suppression.opted_in", workspace, number, (keyword, by), lifted=True)

    def withdraw(self, caller: Caller, list_id: str) -> SuppressionList:
        """Its numbers are no longer suppressed by it; it comes back by another upload alone."""
        caller.must(Right.INTEGRATE)
        lists = self.suppressions.lists(caller.workspace)
        found = next((each for each in lists if each.list == list_id), None)
        if found is None:
            raise NotFound("suppression list")
        now = self.clock.now()
        withdrawn = rules.withdraw(found, now)
        change = SuppressionChange(
            caller.workspace, self.ids.new("sup"), now, lifted=True, list=list_id
        )
        audit = self.auditor.record(
            caller.workspace,
            caller.actor,
            "suppression_list.withdrawn",
            list_id,
            before={"withdrawn": False},
            after={"withdrawn": True},
        )
        self.changes.commit(withdrawn, change, audit=audit)
        return next_version(withdrawn)

    def _hear(
        self, action: str, workspace: str, number: int, heard: tuple[str, str], *, lifted: bool
    ) -> bool:
        keyword, by = heard
        actor = system(by)
        wish = Wish(
            workspace=workspace,
            actor=actor,
            action=action,
            source=Source.RECIPIENT,
            by=actor.user,
            note=keyword[:NOTE_MAX],
            lifted=lifted,
        )
        return self._say(wish, [number]).changed > 0

    def _say(self, wish: Wish, numbers: Sequence[int]) -> Told:
        workspace = self.directory.workspace(wish.workspace)
        key = self.data_keys.unwrap(workspace.id, workspace.wrapped_data_key)
        mixer, hasher = tokens.Mixer.of(key), tokens.hasher(key)
        distinct, changed = list(dict.fromkeys(numbers)), 0
        for first in range(0, len(distinct), AT_ONCE):
            some = {mixer.token(number): number for number in distinct[first : first + AT_ONCE]}
            changed += self._patiently(wish, some, hasher)
        return Told(changed, len(numbers) - changed)

    def _patiently(
        self, wish: Wish, some: Mapping[int, int], hasher: Callable[[str], bytes]
    ) -> int:
        """Of two that say something of a number at once, the second reads what the first said."""
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return self._say_at_once(wish, some, hasher)
        try:
            return self._say_at_once(wish, some, hasher)
        except Conflict as error:
            raise Stale from error

    def _say_at_once(
        self, wish: Wish, some: Mapping[int, int], hasher: Callable[[str], bytes]
    ) -> int:
        """`some` are numbers by their tokens; how many of them had something else said."""
        held = self.suppressions.find(wish.workspace, list(some))
        newest = self._newest_list(wish) if wish.lifted else None
        fresh = {
            token: number
            for token, number in some.items()
            if not rules.says_already(held.get(token), wish.source, newest, lifted=wish.lifted)
        }
        if not fresh:
            return 0
        earlier = [held[token].at for token in fresh if token in held]
        at = rules.instant_after(self.clock.now(), *earlier, *filter(None, (newest,)))
        entries = [
            Suppression(
                workspace=wish.workspace,
                token=token,
                number=number,
                source=wish.source,
                at=at,
                by=wish.by,
                note=wish.note,
                lifted=wish.lifted,
                version=held[token].version if token in held else 0,
            )
            for token, number in fresh.items()
        ]
        numbers = tuple(fresh.values())
        change = SuppressionChange(
            wish.workspace, self.ids.new("sup"), at, lifted=wish.lifted, numbers=numbers
        )
        self.changes.commit(*entries, change, audit=self._audit(wish, numbers, hasher))
        return len(fresh)

    def _newest_list(self, wish: Wish) -> datetime | None:
        return rules.newest_of(self.suppressions.lists(wish.workspace))

    def _audit(
        self, wish: Wish, numbers: Sequence[int], hasher: Callable[[str], bytes]
    ) -> AuditRecord:
        """Never a number, nor the note, which may hold one."""
        named = [hasher(str(number)).hex() for number in numbers[:NAMED]]
        few = len(numbers) <= NAMED
        return self.auditor.record(
            wish.workspace,
            wish.actor,
            wish.action,
            named[0] if len(numbers) == 1 else MANY,
            after={"numbers": len(numbers), **({"ctn_hash": ", ".join(named)} if few else {})},
        )


def checked(numbers: Sequence[str], field: str = "numbers") -> list[int]:
    """All of them, or every one that is none is named: nothing is said of any then."""
    require((0 < len(numbers) <= NUMBERS_MAX, field, f"send 1 to {NUMBERS_MAX} numbers a call"))
    found, problems = [], []
    for place, raw in enumerate(numbers):
        try:
            found.append(int(normalise(raw)))
        except BadNumber as error:
            problems.append(Problem(f"{field}.{place}", str(error)))
    if problems:
        raise Invalid(*problems)
    return found


def _by_caller(caller: Caller, action: str, note: str, *, lifted: bool) -> Wish:
    return Wish(
        workspace=caller.workspace,
        actor=caller.actor,
        action=action,
        source=Source.ADDED,
        by=caller.user,
        note=note,
        lifted=lifted,
    )
