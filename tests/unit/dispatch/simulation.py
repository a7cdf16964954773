"""A seeded world around the dispatcher: store, SMSC, link and people, who do things at any moment.

After every step it checks what must never happen; `settle` ends all troubles, and then every
recipient must have been accounted for. A failing seed replays exactly.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.delivery import ChunkRecord, Offer
from chalicelib.domain.ledger import Outcome, OutcomeKind
from chalicelib.domain.sender import DESTINATION, SHORT_CODE, Revision, RevisionStatus
from chalicelib.sms.parts import compose
from chalicelib.usecases.ownership import CampaignKey, ChunkKey, Job
from smpp_bridge.dispatch.dispatcher import Dispatcher
from smpp_bridge.dispatch.effects import Abandon, Append, Finish, Now, RecordIntent, Submit
from smpp_bridge.dispatch.intents import Intents

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from smpp_bridge.dispatch.effects import Effect

SENDER = Revision(
    sender="snd_1",
    number=1,
    workspace="wsp_1",
    status=RevisionStatus.APPROVED,
    address="12345",
    source=SHORT_CODE,
    destination=DESTINATION,
    channel="chn_1",
    author="usr_1",
    created_at=datetime(2025, 1, 1, tzinfo=UTC),
)
# So long what was heeded may be relied on.
FRESH = 2.0
TEXTS = {1: "Hello", 2: "x" * 200, 3: "x" * 400}


def job(
    campaign: str = "cmp_1",
    chunk: int = 0,
    recipients: int = 10,
    *,
    parts: int = 1,
    mark: int = 0,
    epoch: int = 1,
    skipped: Collection[int] = (),
) -> Job:
    return Job(
        offer=Offer("wsp_1", campaign, "chn_1", 0, chunk, 0, recipients),
        chunk=ChunkRecord("wsp_1", campaign, chunk, "lst_1", "source", recipients, epoch, mark),
        epoch=epoch,
        places=[index for index in range(mark, recipients) if index not in skipped],
        numbers=[447700900000 + index for index in range(recipients)],
        message=compose(TEXTS[parts], reference=7),
        sender=SENDER,
    )


class World:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.rate = self.random.choice([3.0, 40.0, 400.0, 5_000.0])
        self.window = self.random.choice([1, 7, 100])
        self.limit = self.random.choice([20, 200, 1_000])
        self.now = Now(1_000.0, 1_700_000_000_000)
        self.chunks = self._chunks()
        self.marks = dict.fromkeys(self.chunks, 0)
        self.asked = dict.fromkeys(self.chunks, 0)
        self.journal: dict[ChunkKey, list[Outcome]] = {key: [] for key in self.chunks}
        self.wire: list[tuple[float, ChunkKey, int, int]] = []
        self.seen: Counter[tuple[ChunkKey, int, int]] = Counter()
        self.finished: set[ChunkKey] = set()
        self.fenced: set[ChunkKey] = set()  # another owner raised their epoch
        self.told: set[ChunkKey] = set()  # and the dispatcher knows
        self.halted: set[CampaignKey] = set()
        self.ended: set[CampaignKey] = set()
        self.sequence = 0
        # Since when who wants no messages, and what the dispatcher was told last.
        self.stopped: dict[tuple[ChunkKey, int], float] = {}
        self.known: set[tuple[ChunkKey, int]] = set()
        self.listened_at = float("-inf")
        self.start()

    def _chunks(self) -> dict[ChunkKey, Job]:
        jobs = {}
        for campaign in range(self.random.randint(1, 3)):
            parts = self.random.randint(1, 3)
            for number in range(self.random.randint(1, 3)):
                recipients = self.random.randint(1, 60)
                share = self.random.choice([0.0, 0.0, 0.3, 1.0])
                skipped = [at for at in range(recipients) if self.random.random() < share]
                made = job(f"cmp_{campaign}", number, recipients, parts=parts, skipped=skipped)
                jobs[made.key] = made
        return jobs

    # --- the owner's life ---

    def start(self) -> None:
        """A new owner: it adopts what is not done, and notes as in doubt what nobody answered."""
        self.intents = Intents(self.limit)
        self.dispatcher = Dispatcher(self.rate, self.window, self.intents, answer_timeout=5.0)
        self.asks: list[RecordIntent] = []
        self.appends: list[Append] = []
        self.outstanding: dict[int, Submit] = {}
        self.abandoned: dict[int, Submit] = {}
        self.linked = False
        self.owned_since = self.now.at
        doubts = 0
        for key, one in self.chunks.items():
            noted, parts = self.noted(key), len(one.message.parts)
            for index in self.intended(key):
                for part in range(parts):
                    if (index, part) not in noted:
                        doubts += 1
                        self.journal[key].append(self.doubt(index, part, parts))
            if key not in self.finished and key.owner not in self.ended | self.halted:
                self.take(key)
        assert doubts <= self.limit or self.fenced, "more in doubt than W"
        self.fenced.clear()
        self.told.clear()

    def doubt(self, index: int, part: int, parts: int) -> Outcome:
        kind = OutcomeKind.IN_DOUBT
        return Outcome(index, part, parts, kind, self.now.ms, CodeSpace.NONE, 0, "")

    def intended(self, key: ChunkKey) -> list[int]:
        return [index for index in self.chunks[key].places if index < self.marks[key]]

    def noted(self, key: ChunkKey) -> set[tuple[int, int]]:
        """Who is suppressed has one outcome, whatever parts the message would have had."""
        parts = range(len(self.chunks[key].message.parts))
        return {
            (outcome.index, part)
            for outcome in self.journal[key]
            for part in (parts if outcome.kind is OutcomeKind.SUPPRESSED else [outcome.part])
        }

    def take(self, key: ChunkKey) -> None:
        made = self.chunks[key]
        self.dispatcher.take(
            job(
                key.campaign,
                key.chunk,
                made.last,
                parts=len(made.message.parts),
                mark=self.marks[key],
                skipped=set(range(made.last)) - set(made.places),
            )
        )
        self.listen()

    def kill(self) -> None:
        """Writes that were on their way arrive or do not."""
        for ask in self.asks:
            if self.random.random() < 0.5:
                self.marks[ask.job.key] = max(self.marks[ask.job.key], ask.mark)
        for append in self.appends:
            if self.random.random() < 0.5:
                self.write(append)
        self.pass_time(1.5)
        self.start()

    def stop(self) -> None:
        self.dispatcher.stop(self.now)
        for _ in range(5_000):
            if self.dispatcher.idle:
                break
            self.run_down()
        assert self.dispatcher.idle, "a graceful stop comes to an end"
        for key, one in self.chunks.items():
            noted = self.noted(key)
            intended = {
                (index, part)
                for index in self.intended(key)
                for part in range(len(one.message.parts))
            }
            assert key in self.fenced or intended <= noted, "a graceful stop leaves no open intent"
        self.pass_time(1.5)
        self.start()

    # --- what may happen ---

    def step(self) -> None:
        actions: list[tuple[float, Callable[[], None]]] = [
            (30, self.tick),
            (15, self.answer_intent),
            (15, self.answer_submit),
            (10, self.confirm_append),
            (10, lambda: self.pass_time(self.random.random() * 0.3)),
            (3, self.link_up),
            (1, self.link_lost),
            (1, self.halt),
            (2, self.resume),
            (0.2, self.end),
            (0.2, self.lose_chunk),
            (0.2, self.kill),
            (0.2, self.stop),
            (1, lambda: self.pass_time(6)),
            (2, self.answer_late),
            (3, self.say_stop),
            (1, self.say_start),
            (5, self.listen),
        ]
        weights = [weight for weight, _ in actions]
        self.random.choices([action for _, action in actions], weights)[0]()
        self.check()

    def pass_time(self, seconds: float) -> None:
        self.now = Now(self.now.at + seconds, self.now.ms + int(seconds * 1000))

    def tick(self) -> None:
        for effect in self.dispatcher.tick(self.now):
            self.execute(effect)

    def execute(self, effect: Effect) -> None:
        match effect:
            case RecordIntent():
                self.asks.append(effect)
                self.asked[effect.job.key] = max(self.asked[effect.job.key], effect.mark)
            case Submit():
                self.submit(effect)
            case Abandon():
                self.abandoned[effect.sequence] = self.outstanding.pop(effect.sequence)
            case Append():
                self.appends.append(effect)
            case Finish():
                self.finished.add(effect.job.key)

    def submit(self, effect: Submit) -> None:
        key = effect.job.key
        assert self.linked
        assert effect.index < self.marks[key], "submitted beyond the mark"
        assert key not in self.told, "submitted for another owner's chunk"
        place = (key, effect.index, effect.part)
        if not effect.part:
            assert place[:2] not in self.known, "submitted to somebody known to want none"
            assert self.now.at < self.listened_at + FRESH, "submitted without knowing"
            stopped = self.stopped.get(place[:2], self.now.at)
            assert self.now.at - stopped < FRESH, "a STOP did not hold in time"
        assert effect.index in self.chunks[key].places, "submitted to the suppressed"
        self.seen[place] += 1
        assert self.seen[place] == 1, "submitted twice"
        if effect.part and self.wire[-1][0] >= self.owned_since:
            before = (key, effect.index, effect.part - 1)
            assert self.wire[-1][1:] == before or self.cut_since(before), "parts torn apart"
        self.wire.append((self.now.at, *place))
        self.sequence += 1
        self.outstanding[self.sequence] = effect
        self.dispatcher.submitted(effect, self.sequence, self.now)

    def cut_since(self, place: tuple[ChunkKey, int, int]) -> bool:
        """Only a lost link may come between the parts of one message."""
        at = next(one[0] for one in reversed(self.wire) if one[1:] == place)
        return at <= self.last_cut

    last_cut = 0.0

    def answer_intent(self) -> None:
        if self.asks:
            ask = self.asks.pop(self.random.randrange(len(self.asks)))
            if ask.job.key in self.fenced:
                self.told.add(ask.job.key)
                self.dispatcher.intent_refused(ask.job.key)
            else:
                self.marks[ask.job.key] = max(self.marks[ask.job.key], ask.mark)
                self.dispatcher.intent_recorded(ask.job.key, ask.mark)

    def answer_submit(self) -> None:
        for _ in range(min(len(self.outstanding), self.random.randint(1, 10))):
            sequence = self.random.choice(list(self.outstanding))
            del self.outstanding[sequence]
            status = self.random.choice([0, 0, 0, 0x0B])
            self.dispatcher.answered(sequence, status, f"id{sequence}", self.now)

    def answer_late(self) -> None:
        if self.abandoned:
            sequence, _ = self.abandoned.popitem()
            self.dispatcher.answered(sequence, 0, f"id{sequence}", self.now)

    def confirm_append(self) -> None:
        if self.appends:
            append = self.appends.pop(self.random.randrange(len(self.appends)))
            self.write(append)
            self.dispatcher.appended(append)

    def write(self, append: Append) -> None:
        assert 0 < len(append.outcomes) <= 500
        self.journal[append.key].extend(append.outcomes)

    def link_up(self) -> None:
        self.linked = True
        self.dispatcher.link_up()

    def link_lost(self) -> None:
        self.linked = False
        self.last_cut = self.now.at
        self.outstanding.clear()
        self.abandoned.clear()
        self.dispatcher.link_lost(self.now)

    def say_stop(self) -> None:
        key = self.random.choice(list(self.chunks))
        for _ in range(self.random.choice([1, 1, 1, 20])):
            who = (key, self.random.randrange(self.chunks[key].last))
            self.stopped.setdefault(who, self.now.at)

    def say_start(self) -> None:
        if self.stopped:
            del self.stopped[self.random.choice(list(self.stopped))]

    def listen(self) -> None:
        self.known, self.listened_at = set(self.stopped), self.now.at
        unwanted: dict[ChunkKey, list[int]] = {key: [] for key in self.chunks}
        for key, index in self.known:
            unwanted[key].append(index)
        for key, indices in unwanted.items():
            self.dispatcher.heed(key, indices)
        self.dispatcher.trust(self.now.at + FRESH)

    def campaign(self) -> CampaignKey:
        return self.random.choice([key.owner for key in self.chunks])

    def halt(self) -> None:
        self.halted.add(key := self.campaign())
        self.dispatcher.suspend(key)

    def resume(self) -> None:
        for key in list(self.halted):
            self.halted.discard(key)
            self.dispatcher.resume(key)
            self.take_again(key)

    def take_again(self, campaign: CampaignKey) -> None:
        """Offers that a start passed over, since their campaign was paused then."""
        held = self.dispatcher.held.chunks
        for key in self.chunks:
            open_offer = key not in self.finished | self.fenced and campaign not in self.ended
            if key.owner == campaign and open_offer and key not in held:
                self.take(key)

    def end(self) -> None:
        self.ended.add(key := self.campaign())
        self.dispatcher.drop(key, OutcomeKind.CANCELLED, self.now)

    def lose_chunk(self) -> None:
        """Another owner raises the epoch of a chunk; we learn it from the next intent."""
        self.fenced.add(self.random.choice(list(self.chunks)))

    # --- what must hold ---

    def check(self) -> None:
        assert len(self.outstanding) <= self.window
        assert 0 <= self.intents.open <= self.limit
        recent = deque(at for at, *_ in self.wire[-int(self.rate) - 2 :])
        recent_second = [at for at in recent if at > recent[-1] - 1.0] if recent else []
        assert len(recent_second) <= max(1, int(self.rate)), "faster than the rate"

    def run_down(self) -> None:
        """Time goes on and everybody answers."""
        self.pass_time(max(0.01, min(0.2, self.dispatcher.delay(self.now))))
        if self.now.at >= self.listened_at + FRESH / 2:
            self.listen()
        self.tick()
        while self.asks:
            self.answer_intent()
        while self.outstanding:
            self.answer_submit()
        self.tick()
        while self.appends:
            self.confirm_append()
        self.check()

    def settle(self) -> None:
        self.fenced.clear()
        self.kill()
        self.link_up()
        self.resume()
        for _ in range(20_000):
            if not self.dispatcher.held.chunks and self.dispatcher.idle:
                break
            self.run_down()
        self.verify()

    def verify(self) -> None:
        for key, one in self.chunks.items():
            parts = len(one.message.parts)
            facts = Counter((outcome.index, outcome.part) for outcome in self.journal[key])
            for index in one.places if key.owner not in self.ended else self.intended(key):
                for part in range(parts):
                    kinds = {
                        outcome.kind
                        for outcome in self.journal[key]
                        if (outcome.index, outcome.part) == (index, part)
                    }
                    suppressed = (index, 0) in facts and OutcomeKind.SUPPRESSED in {
                        outcome.kind for outcome in self.journal[key] if outcome.index == index
                    }
                    if suppressed:
                        assert not self.seen[key, index, part], "suppressed and sent"
                        continue
                    assert kinds, "somebody who was intended has no outcome"
                    sent = self.seen[key, index, part]
                    assert sent or not kinds & {OutcomeKind.ACCEPTED, OutcomeKind.REFUSED}
                    certain = kinds - {OutcomeKind.IN_DOUBT}
                    assert len(certain) <= 1, "two answers for one part"
                    assert facts[index, part] == 1 or OutcomeKind.IN_DOUBT in kinds
            assert all(index < self.asked[key] for index, _ in facts), "noted, never intended"
            assert {index for index, _ in facts} <= set(one.places), "noted once more"
