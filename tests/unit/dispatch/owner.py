"""A dispatcher whose effects are carried out at once, except what a test wants to hold back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smpp_bridge.dispatch.dispatcher import Dispatcher
from smpp_bridge.dispatch.effects import Abandon, Append, Finish, Now, RecordIntent, Submit
from smpp_bridge.dispatch.intents import Intents

if TYPE_CHECKING:
    from chalicelib.domain.ledger import Outcome, OutcomeKind
    from chalicelib.usecases.ownership import Job

START = Now(100.0, 1_700_000_000_000)
FAST = 5_000.0
FOREVER = float("inf")


def later(seconds: float) -> Now:
    return Now(START.at + seconds, START.ms + int(seconds * 1000))


class Owner:
    def __init__(
        self,
        *jobs: Job,
        rate: float = FAST,
        window: int = 100,
        intents: Intents | None = None,
        linked: bool = True,
        known_until: float = FOREVER,
    ) -> None:
        self.intents = intents or Intents()
        self.dispatcher = Dispatcher(rate, window, self.intents)
        self.now = START
        self.sequence = 0
        self.hold_intents = False
        self.hold_appends = False
        self.asked: list[RecordIntent] = []
        self.wire: list[tuple[str, int, int]] = []
        self.on_wire: dict[int, Submit] = {}
        self.abandoned: list[int] = []
        self.appends: list[Append] = []
        self.outcomes: list[Outcome] = []
        self.finished: list[str] = []
        for one in jobs:
            self.dispatcher.take(one)
        self.dispatcher.trust(known_until)
        if linked:
            self.dispatcher.link_up()

    def tick(self, seconds: float = 0.0, times: int = 1) -> None:
        for _ in range(times):
            self.now = Now(self.now.at + seconds, self.now.ms + int(seconds * 1000))
            for effect in self.dispatcher.tick(self.now):
                match effect:
                    case RecordIntent():
                        self.asked.append(effect)
                        if not self.hold_intents:
                            self.dispatcher.intent_recorded(effect.job.key, effect.mark)
                    case Submit():
                        self.submit(effect)
                    case Abandon():
                        self.abandoned.append(effect.sequence)
                    case Append():
                        self.append(effect)
                    case Finish():
                        self.finished.append(effect.job.key.campaign)

    def submit(self, effect: Submit) -> None:
        self.sequence += 1
        self.wire.append((effect.job.key.campaign, effect.index, effect.part))
        self.on_wire[self.sequence] = effect
        self.dispatcher.submitted(effect, self.sequence, self.now)

    def withhold(self, effect: Submit) -> None:
        """As for a recipient whose number was erased."""
        self.dispatcher.withheld(effect, self.now)

    def append(self, effect: Append) -> None:
        self.appends.append(effect)
        self.outcomes.extend(effect.outcomes)
        if not self.hold_appends:
            self.dispatcher.appended(effect)

    def answer(self, status: int = 0) -> None:
        for sequence in list(self.on_wire):
            del self.on_wire[sequence]
            self.dispatcher.answered(sequence, status, f"id{sequence}", self.now)

    def idle(self) -> bool:
        return self.dispatcher.idle

    def kinds(self) -> list[OutcomeKind]:
        return [outcome.kind for outcome in self.outcomes]
