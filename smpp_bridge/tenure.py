"""One term of owning a channel, from the lease to its end: carries out what the dispatcher decides.

The loops in here bring the dispatcher what happens (offers, answers, writes), and its effects to
the wire and to the store. A term ends in order, when all that is intended was sent and written; or
at once, when the lease may have lapsed by the monotonic clock (DESIGN 4.5).
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from chalicelib.domain.channel import LEASE, RENEW_EVERY
from chalicelib.domain.formats.chunk import is_hole
from chalicelib.domain.formats.frame import TEXT_MAX
from chalicelib.usecases.ownership import Refusal, Term
from smpp_bridge.binding import Binding
from smpp_bridge.dispatch.dispatcher import Dispatcher
from smpp_bridge.dispatch.effects import Abandon, Append, Finish, Now, RecordIntent, Submit
from smpp_bridge.hearing import Hearing
from smpp_bridge.inbox import Inbox
from smpp_bridge.protocol.commands import INVALID_COMMAND_ID
from smpp_bridge.protocol.errors import LocalProtocolError
from smpp_bridge.protocol.events import Delivered, Nacked, SubmitAnswered
from smpp_bridge.protocol.template import SubmitOptions, SubmitTemplate

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chalicelib.domain.channel import Channel, Lease
    from chalicelib.usecases.ownership import ChunkKey, Job, Orders
    from smpp_bridge.dispatch.effects import Effect
    from smpp_bridge.link import Link
    from smpp_bridge.means import Means
    from smpp_bridge.protocol.events import Event

# A new owner lets an old one, whose lease has just lapsed, fall silent first (DESIGN 4.5).
SILENCE: Final = 1.0
# We stop that long before the lease is over: clocks drift, and bytes lie in buffers.
MARGIN: Final = 2.0
POLL: Final = 1.0
INBOX_EVERY: Final = 0.5
JOURNAL_FIRST: Final = 5.0
REPORT_EVERY: Final = 10.0
# Of each campaign so many seconds of work are in hand, or at least one chunk.
APPETITE: Final = 3.0
SHORTEST_WAIT: Final = 0.001
# An answer may take 30 s, and a container is killed after 120.
LEAVE: Final = 60.0
LAST_WRITES: Final = 5.0
USER_DATA_HEADER: Final = 0x40

log = logging.getLogger(__name__)


class Tenure:
    def __init__(self, means: Means, channel: Channel, lease: Lease, taken_at: float) -> None:
        self.lapsed = False
        self._means = means
        self._workers = means.workers
        self._ownership = means.ownership
        self._delivery = means.ownership.delivery
        self._channel = channel
        self._lease = lease
        self._valid_until = _valid_until(taken_at)
        self._term = Term(channel.id, lease.epoch, count())
        self._dispatcher = Dispatcher(channel.rate, channel.window, means.intents)
        self._inbox = Inbox(channel.id, self._delivery, means.ids, means.clock)
        self._inbox_lock = asyncio.Lock()
        self._templates: dict[ChunkKey, SubmitTemplate] = {}
        self._refusals: dict[ChunkKey, str] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._hearing = Hearing(means, self._dispatcher, self._take, self._wake.set)
        self._over = asyncio.Event()
        self._binding = Binding(
            means,
            channel,
            on_up=self._link_up,
            on_events=self._received,
            on_down=self._link_lost,
        )

    def leave(self) -> None:
        """Ask for an end in order."""
        self._over.set()

    async def run(self) -> None:
        loops = (
            self._renewing,
            self._ticking,
            self._hearing.listen,
            self._receiving,
            self._reporting,
        )
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                polling = group.create_task(self._polling())
                linking = group.create_task(self._linking())
                others = [group.create_task(loop()) for loop in loops]
                await self._over.wait()
                polling.cancel()
                if not self.lapsed:
                    await self._finish_in_order()
                linking.cancel()
                await self._binding.close()
                await self._write_the_rest()
                for task in (*others, *self._writing):
                    task.cancel()
        finally:
            await self._binding.close()
            self._dispatcher.close()

    async def _finish_in_order(self) -> None:
        self._dispatcher.stop(self._means.now())
        try:
            async with asyncio.timeout(LEAVE):
                while not self.lapsed and (self._writing or not self._dispatcher.idle):
                    self._wake.set()
                    await asyncio.sleep(0.02)
                await self._flush_inbox()
        except TimeoutError:
            log.warning("left before everything was written", extra=self._progress())

    async def _write_the_rest(self) -> None:
        """What is known by now is worth to be written, even by one who owns the channel no more."""
        self._write_journal()
        if self._writing:
            await asyncio.wait(self._writing, timeout=LAST_WRITES)

    # --- loops ---

    async def _renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY.total_seconds())
            started, lease = await self._workers.insist("renew the lease", self._renew)
            if lease is None:
                self._lapse("another bridge owns the channel")
                return
            self._valid_until = _valid_until(started)

    def _renew(self) -> tuple[float, Lease | None]:
        started = time.monotonic()
        now = self._means.clock.now()
        return started, self._ownership.renew(self._channel.id, self._lease, now)

    async def _polling(self) -> None:
        appetite = max(1, int(self._channel.rate * APPETITE))
        while True:
            look = partial(
                self._ownership.take_offers,
                self._term,
                replace(self._dispatcher.held, barred=self._hearing.barred),
                appetite,
                self._means.now().ms,
            )
            _, orders = await self._workers.attempt("look at the offers", look)
            if orders is not None:
                self._obey(orders)
                if orders.jobs:
                    await self._hearing.hear(orders.jobs)
            await asyncio.sleep(POLL)

    async def _linking(self) -> None:
        await asyncio.sleep(SILENCE)
        await self._binding.keep()

    async def _ticking(self) -> None:
        while True:
            now = self._means.now()
            if now.at >= self._valid_until:
                self._lapse("the lease could not be renewed in time")
            for effect in self._dispatcher.tick(now):
                self._carry_out(effect, now)
            wait = max(SHORTEST_WAIT, self._dispatcher.delay(now))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()

    async def _receiving(self) -> None:
        while True:
            await asyncio.sleep(INBOX_EVERY)
            await self._flush_inbox()

    async def _reporting(self) -> None:
        reported = 0
        while True:
            await asyncio.sleep(REPORT_EVERY)
            progress = self._progress()
            if progress["submitted"] != reported:
                per_second = (int(progress["submitted"]) - reported) / REPORT_EVERY
                log.info("sending", extra={**progress, "per_second": per_second})
                reported = int(progress["submitted"])

    # --- events ---

    def _obey(self, orders: Orders) -> None:
        now = self._means.now()
        for campaign in orders.halted:
            self._dispatcher.suspend(campaign)
        for campaign in orders.sending:
            self._dispatcher.resume(campaign)
        for campaign, unsent_as in orders.ended.items():
            self._dispatcher.drop(campaign, unsent_as, now)
        for refusal in orders.refusals:
            self._refuse(refusal)
        self._wake.set()

    def _take(self, job: Job) -> None:
        try:
            self._templates[job.key] = SubmitTemplate(submit_options(job))
        except LocalProtocolError as error:
            self._refuse(Refusal(job.key, str(error)))
        else:
            self._refusals.pop(job.key, None)
            self._dispatcher.take(job)

    def _refuse(self, refusal: Refusal) -> None:
        """Say it once, not at every look."""
        if self._refusals.get(refusal.key) != refusal.reason:
            self._refusals[refusal.key] = refusal.reason
            facts = {**refusal.key._asdict(), "reason": refusal.reason}
            log.error("an offer is refused and sends nothing", extra=facts)

    def _received(self, link: Link, events: list[Event]) -> None:
        now = self._means.now()
        for event in events:
            match event:
                case SubmitAnswered(sequence, status, message_id):
                    self._dispatcher.answered(sequence, status, message_id[:TEXT_MAX], now)
                case Nacked(sequence, status):
                    self._dispatcher.answered(sequence, status or INVALID_COMMAND_ID, "", now)
                case Delivered():
                    self._inbox.add(link, event, now.ms)
                case _:
                    pass  # the link answers what else there is
        self._wake.set()

    def _link_up(self) -> None:
        if not self.lapsed:
            self._dispatcher.link_up()
        self._wake.set()

    def _link_lost(self) -> None:
        self._dispatcher.link_lost(self._means.now())
        self._wake.set()

    def _lapse(self, reason: str) -> None:
        if not self.lapsed:
            self.lapsed = True
            log.error("ownership lost", extra={"channel": self._channel.id, "reason": reason})
            self._link_lost()
            self._over.set()

    # --- effects ---

    def _carry_out(self, effect: Effect, now: Now) -> None:
        match effect:
            case Submit():
                self._submit(effect, now)
            case RecordIntent():
                self._write(self._intend(effect))
            case Append():
                self._write(self._append(effect))
            case Abandon(sequence):
                if self._binding.link is not None:
                    self._binding.link.abandon(sequence)
            case Finish(job):
                self._templates.pop(job.key, None)
                self._write(self._take_back(job))

    def _submit(self, effect: Submit, now: Now) -> None:
        """The window bounds what lies in the socket's buffer, so nothing waits for it to drain."""
        link = self._binding.link
        if link is None:
            raise AssertionError("the dispatcher submits while there is no link")
        job = effect.job
        if is_hole(job.numbers[effect.index]):
            self._dispatcher.withheld(effect, now)
            return
        number, part = str(job.numbers[effect.index]), job.message.parts[effect.part]
        sequence = link.submit(self._templates[job.key], number, part)
        self._dispatcher.submitted(effect, sequence, now)

    async def _intend(self, effect: RecordIntent) -> None:
        job = effect.job
        intend = partial(self._delivery.intend, job.chunk, job.epoch, effect.mark)
        if await self._workers.insist("record an intent", intend):
            self._dispatcher.intent_recorded(job.key, effect.mark)
        else:
            self._dispatcher.intent_refused(job.key)
            log.warning("another owner has the chunk", extra=job.key._asdict())

    async def _append(self, effect: Append) -> None:
        item = self._term.item(effect.key, effect.outcomes)
        await self._workers.insist("append to the journal", partial(self._delivery.append, item))
        self._dispatcher.appended(effect)

    async def _take_back(self, job: Job) -> None:
        remove = partial(self._delivery.remove_offer, job.offer)
        await self._workers.insist("take an offer back", remove)

    def _write(self, writing: Coroutine[None, None, None]) -> None:
        task = self._group.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        self._wake.set()

    def _write_journal(self) -> None:
        for append in self._dispatcher.flush():
            self._write(self._append(append))

    async def _journal_first(self) -> None:
        self._write_journal()
        if self._writing:
            await asyncio.wait(self._writing, timeout=JOURNAL_FIRST)

    async def _flush_inbox(self) -> None:
        async with self._inbox_lock:
            await self._inbox.flush(self._workers, self._journal_first)

    def _progress(self) -> dict[str, str | int]:
        seen = self._dispatcher.snapshot
        return {
            "channel": self._channel.id,
            "in_flight": seen.in_flight,
            "intended": seen.intended,
            "unwritten": seen.unwritten,
            "submitted": seen.submitted,
            "messages_refused": self._inbox.refused,
        }


def submit_options(job: Job) -> SubmitOptions:
    sender = job.sender
    return SubmitOptions(
        source=sender.address,
        source_ton=sender.source.ton,
        source_npi=sender.source.npi,
        destination_ton=sender.destination.ton,
        destination_npi=sender.destination.npi,
        data_coding=job.message.data_coding,
        esm_class=USER_DATA_HEADER if job.message.udh else 0,
    )


def _valid_until(taken_at: float) -> float:
    return taken_at + LEASE.total_seconds() - MARGIN
