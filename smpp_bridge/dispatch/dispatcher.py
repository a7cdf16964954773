"""The owner's decisions for one channel: what is intended, sent and noted, and when (DESIGN 4.5).

A lane holds the jobs of one campaign; this is what happens to it:

    standing   suspend   resume    drop     link lost               stop
    SENDING    HALTED    -         ENDED    waits for the link      sends what is intended
    HALTED     -         SENDING   ENDED    what was begun waits    cut: the intended is in doubt
    ENDED      -         -         -        cut where it stands     -

Invariants, for every order of events:
1. A segment is submitted at most once, and after the intent that covers it was recorded.
2. A segment that was intended gets one outcome, unless its chunk went to another owner: what the
   SMSC said; in doubt, if link or answer was lost; as what its campaign ended, if it was not sent.
   An answer that comes later than that is noted as well, and the ledger prefers it. One outcome
   stands for all parts of a message that was never begun since its recipient wants none.
3. At most `window` submits are unanswered, and the pace holds, both counted in segments.
4. At most `Intents.limit` segments are intended and have no written outcome, over all dispatchers
   that share the `Intents`: so many are in doubt if the process dies now (SPEC 6.3).
5. The parts of a message leave one after the other. A halted or ended campaign still finishes the
   message that it began while the link holds, since half a message is worse than a late one.
6. Nobody's message begins who is known not to want it, and nobody's at all once what is known is
   too old (SPEC 5.4). Who has an outcome already, as the build gives to the suppressed, is no place
   of the job: no intent, no pace and no outcome is spent on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.ledger import Outcome, OutcomeKind
from chalicelib.domain.pacing import Pacer
from chalicelib.usecases.ownership import Held
from smpp_bridge.dispatch.batches import Batches
from smpp_bridge.dispatch.effects import Abandon, Finish, RecordIntent, Submit
from smpp_bridge.dispatch.lanes import Lane, Run, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.usecases.ownership import CampaignKey, ChunkKey, Job
    from smpp_bridge.dispatch.effects import Append, Effect, Now
    from smpp_bridge.dispatch.intents import Intents

# Outcomes are written early when this share of all open intents waits for nothing else.
BATCH_SHARE: Final = 4
ANSWER_TIMEOUT: Final = 30.0
LATE_ANSWERS: Final = 10_000
IDLE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """For the log and the heartbeat: numbers of segments."""

    in_flight: int
    intended: int
    unwritten: int
    submitted: int


@dataclass(frozen=True, slots=True)
class _Flight:
    run: Run
    index: int
    part: int
    since: float


class Dispatcher:
    def __init__(
        self,
        rate: float,
        window: int,
        intents: Intents,
        *,
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        self._rate = rate
        self._window = window
        self._intents = intents
        self._answer_timeout = answer_timeout
        self._pacer = Pacer(rate)
        self._linked = False
        self._stopping = False
        self._known_until = float("-inf")
        self._submitted = 0
        self._runs: dict[ChunkKey, Run] = {}
        self._lanes: dict[CampaignKey, Lane] = {}  # the first one is served next
        self._outstanding: dict[int, _Flight] = {}  # oldest first
        self._late: dict[int, _Flight] = {}
        self._waiting = Batches()

    # --- what is asked from outside ---

    @property
    def held(self) -> Held:
        unsent = {
            key: sum(
                (run.end - run.cursor - run.left_out(run.end)) // run.parts for run in lane.runs
            )
            for key, lane in self._lanes.items()
        }
        return Held(frozenset(self._runs), unsent)

    @property
    def jobs(self) -> list[Job]:
        """Under way, each of another chunk."""
        return [run.job for run in self._runs.values()]

    @property
    def idle(self) -> bool:
        """Whether nothing is open: after `stop`, the moment to unbind."""
        return not (
            self._outstanding or self._waiting or any(run.open for run in self._runs.values())
        )

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            in_flight=len(self._outstanding),
            intended=sum(lane.intended() for lane in self._lanes.values()),
            unwritten=len(self._waiting),
            submitted=self._submitted,
        )

    def delay(self, now: Now) -> float:
        """Seconds after which a tick is worth while even if nothing happens before."""
        moments = [now.at + IDLE]
        if self._linked and len(self._outstanding) < self._window and self._ready():
            moments.append(self._pacer.next_at(now.at))
        moments.extend(self._waiting.due_at)
        moments.extend(
            flight.since + self._answer_timeout for flight in islice(self._outstanding.values(), 1)
        )
        return max(0.0, min(moments) - now.at)

    # --- events ---

    def take(self, job: Job) -> None:
        if job.key in self._runs:
            raise ValueError("This chunk is under way: a job is taken when the one before is done.")
        run = self._runs[job.key] = Run.of(job)
        self._lanes.setdefault(job.key.owner, Lane()).runs.append(run)

    def heed(self, key: ChunkKey, indices: Iterable[int]) -> None:
        """These recipients of the chunk want no messages, all others do: as of now."""
        run = self._runs.get(key)
        if run is not None:
            run.heed(indices)

    def trust(self, until: float) -> None:
        """What was heeded is new enough to begin messages before this moment."""
        self._known_until = max(self._known_until, until)

    def suspend(self, campaign: CampaignKey) -> None:
        lane = self._lanes.get(campaign)
        if lane is not None and lane.standing is Standing.SENDING:
            lane.standing = Standing.HALTED
            lane.finishing = self._linked

    def resume(self, campaign: CampaignKey) -> None:
        lane = self._lanes.get(campaign)
        if lane is not None and lane.standing is Standing.HALTED:
            lane.standing = Standing.SENDING

    def drop(self, campaign: CampaignKey, unsent_as: OutcomeKind, now: Now) -> None:
        """The campaign has ended: note the intended as unsent, forget the rest."""
        lane = self._lanes.get(campaign)
        if lane is None or lane.standing is Standing.ENDED:
            return
        finishing = self._may_finish(lane)
        lane.standing = Standing.ENDED
        lane.unsent_as = unsent_as
        for run in lane.runs:
            self._cut(run, run.boundary if finishing else run.cursor, unsent_as, now)

    def intent_recorded(self, key: ChunkKey, mark: int) -> None:
        run = self._runs.get(key)
        if run is not None:
            run.mark = max(run.mark, run.segment_at(mark))

    def intent_refused(self, key: ChunkKey) -> None:
        """Another owner has the chunk, and will note as in doubt what we cannot."""
        run = self._runs.pop(key, None)
        if run is None:
            return
        run.fenced = True
        self._intents.open -= len(run.open)
        run.open.clear()
        run.end = run.cursor
        self._waiting.forget(key)

    def submitted(self, submit: Submit, sequence: int, now: Now) -> None:
        run = self._runs[submit.job.key]
        self._outstanding[sequence] = _Flight(run, submit.index, submit.part, now.at)

    def withheld(self, submit: Submit, now: Now) -> None:
        """Nothing went out: the recipient's number was erased."""
        run = self._runs[submit.job.key]
        self._note(run, submit.index, submit.part, OutcomeKind.CANCELLED, now)

    def answered(self, sequence: int, status: int, message_id: str, now: Now) -> None:
        """A status other than 0 is a refusal; an answer to nothing we know is ignored."""
        flight = self._outstanding.pop(sequence, None) or self._late.pop(sequence, None)
        if flight is None:
            return
        if status:
            code = (CodeSpace.COMMAND_STATUS, status)
            self._note(flight.run, flight.index, flight.part, OutcomeKind.REFUSED, now, code)
        else:
            self._note(
                flight.run, flight.index, flight.part, OutcomeKind.ACCEPTED, now, name=message_id
            )

    def appended(self, append: Append) -> None:
        run = self._runs.get(append.key)
        if run is None:
            return
        written = run.open.intersection(
            segment
            for one in append.outcomes
            for segment in run.segments_of(
                one.index, None if one.kind is OutcomeKind.SUPPRESSED else one.part
            )
        )
        run.open -= written
        self._intents.open -= len(written)

    def link_up(self) -> None:
        self._linked = True

    def link_lost(self, now: Now) -> None:
        """Nobody will answer any more what is outstanding; what is left waits for the next link."""
        self._linked = False
        for flight in self._outstanding.values():
            self._note(flight.run, flight.index, flight.part, OutcomeKind.IN_DOUBT, now)
        self._outstanding.clear()
        self._late.clear()
        for lane in self._lanes.values():
            lane.finishing = False
            for run in lane.runs if lane.unsent_as else ():
                self._cut(run, run.cursor, lane.unsent_as or OutcomeKind.IN_DOUBT, now)
        if self._stopping:
            self._cut_all(now)

    def stop(self, now: Now) -> None:
        """Intend nothing more, send what is intended as long as there is a link, then be idle."""
        self._stopping = True
        self._cut_all(now)

    def close(self) -> None:
        """The ownership is over: whoever is still open is the next owner's to note."""
        self._intents.open -= sum(len(run.open) for run in self._runs.values())
        self._runs.clear()
        self._lanes.clear()

    # --- effects ---

    def tick(self, now: Now) -> list[Effect]:
        for lane in self._lanes.values():
            lane.blind = now.at >= self._known_until
        self._leave_out(now)
        effects: list[Effect] = [
            *self._expire(now),
            *self._ask(),
            *self._submit(now),
            *self._flush(now),
            *self._finish(),
        ]
        return effects

    def flush(self) -> list[Append]:
        """Everything that waits to be written, at once."""
        return self._waiting.take()

    def _expire(self, now: Now) -> Iterator[Abandon]:
        while self._outstanding:
            sequence, flight = next(iter(self._outstanding.items()))
            if now.at - flight.since < self._answer_timeout:
                return
            del self._outstanding[sequence]
            self._late[sequence] = flight
            if len(self._late) > LATE_ANSWERS:
                del self._late[next(iter(self._late))]
            self._note(flight.run, flight.index, flight.part, OutcomeKind.IN_DOUBT, now)
            yield Abandon(sequence)

    def _ask(self) -> Iterator[RecordIntent]:
        sending = [lane for lane in self._lanes.values() if lane.standing is Standing.SENDING]
        if not self._linked or self._stopping or not sending:
            return
        intended = sum(lane.intended() for lane in sending)
        lead, refill = self._intents.lead(self._rate, intended, len(sending))
        for lane in sending:
            run = lane.next_to_ask()
            already = lane.intended()
            if run is None or already > refill:
                continue
            # One message at least: a slow channel must not wait for the rate to grow.
            wanted = max(run.parts, lead - already)
            segments = min(wanted, self._intents.free, run.end - run.asked)
            segments -= segments % run.parts
            if segments:
                yield self._intend(run, segments)

    def _intend(self, run: Run, segments: int) -> RecordIntent:
        for segment in range(run.asked, run.asked + segments):
            run.open.update(run.segments_of(*run.place(segment)))
        run.asked += segments
        self._intents.open += segments
        return RecordIntent(run.job, run.mark_at(run.asked))

    def _submit(self, now: Now) -> Iterator[Submit]:
        wanted = min(self._window - len(self._outstanding), self._ready())
        if not self._linked or wanted <= 0:
            return
        for _ in range(self._pacer.allowance(now.at, wanted)):
            yield self._next_submit(now)

    def _leave_out(self, now: Now) -> None:
        if self._linked:
            for lane in self._lanes.values():
                for run in lane.runs:
                    self._pass_over(lane, run, now)

    def _pass_over(self, lane: Lane, run: Run, now: Now) -> None:
        """Note whoever wants no message now that it is their turn."""
        while run.unwanted and run.cursor < lane.limit(run) and run.is_unwanted():
            index, part = run.place(run.cursor)
            self._note(run, index, part, OutcomeKind.SUPPRESSED, now)
            run.cursor += run.parts

    def _next_submit(self, now: Now) -> Submit:
        """Serve lanes in turn, one whole message each; there is one that is ready."""
        key, lane = next(iter(self._lanes.items()))
        while not lane.ready():
            self._lanes[key] = self._lanes.pop(key)
            key, lane = next(iter(self._lanes.items()))
        run = lane.next_to_send()
        index, part = run.place(run.cursor)
        run.cursor += 1
        self._submitted += 1
        if run.cursor == run.boundary:
            self._lanes[key] = self._lanes.pop(key)
            self._pass_over(lane, run, now)
        return Submit(run.job, index, part)

    def _flush(self, now: Now) -> list[Append]:
        crowded = len(self._waiting) >= self._intents.limit // BATCH_SHARE
        last = self._stopping and not self._outstanding
        return self.flush() if crowded or last or self._waiting.is_due(now) else []

    def _finish(self) -> Iterator[Finish]:
        for key, lane in list(self._lanes.items()):
            while lane.runs and lane.runs[0].cursor == lane.runs[0].end:
                lane.runs.popleft()
            if not lane.runs:
                del self._lanes[key]
        for run in list(self._runs.values()):
            if run.cursor == run.end and not run.open:
                del self._runs[run.job.key]
                if not run.offer_stays:
                    yield Finish(run.job)

    # --- parts of several of them ---

    def _ready(self) -> int:
        return sum(lane.ready() for lane in self._lanes.values())

    def _may_finish(self, lane: Lane) -> bool:
        return self._linked and (lane.standing is Standing.SENDING or lane.finishing)

    def _cut_all(self, now: Now) -> None:
        """Stopping: a lane that sends goes on to its mark, all others end where they stand."""
        for lane in self._lanes.values():
            for run in lane.runs:
                run.offer_stays = run.offer_stays or run.asked < run.end
                if lane.standing is Standing.SENDING and self._linked:
                    run.end = min(run.end, run.asked)
                elif lane.standing is not Standing.ENDED:
                    at = run.boundary if self._may_finish(lane) else run.cursor
                    self._cut(run, at, OutcomeKind.IN_DOUBT, now)

    def _cut(self, run: Run, at: int, kind: OutcomeKind, now: Now) -> None:
        for segment in range(at, min(run.asked, run.end)):
            self._note(run, *run.place(segment), kind, now)
        run.end = at

    def _note(
        self,
        run: Run,
        index: int,
        part: int,
        kind: OutcomeKind,
        now: Now,
        code: tuple[CodeSpace, int] = (CodeSpace.NONE, 0),
        name: str = "",
    ) -> None:
        if not run.fenced:
            parts = 1 if kind is OutcomeKind.SUPPRESSED else run.parts
            outcome = Outcome(index, part, parts, kind, now.ms, *code, name)
            self._waiting.add(run.job.key, outcome, now)
