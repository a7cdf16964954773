"""Whatever admins and time do, in whatever order: a secret works if and only if it should, in each
of two processes (SPEC 2.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.domain.credentials import SECRETS_MAX, Rotation
from chalicelib.domain.errors import Conflict, IllegalMove
from chalicelib.usecases.access import REMEMBERED
from tests.fakes.programs import Clients, Keys, Place, holds

if TYPE_CHECKING:
    from chalicelib.domain.credentials import ApiKey, Client
    from chalicelib.usecases.credentials import Issued

DAY = timedelta(days=1)


@dataclass
class Known:
    """A secret as the model sees it: it holds until `ends`, decided at `decided`."""

    name: str
    shown: str | None
    ends: datetime
    decided: datetime


class SecretsHoldIffTheyShould(RuleBasedStateMachine):
    """Two processes, each of which remembers; admins and time do what they like."""

    kind_of: type[Keys | Clients] = Keys

    def __init__(self) -> None:
        super().__init__()
        self.place = Place()
        self.kind = self.kind_of(self.place.desk)
        self.processes = [self.place.access, self.place.process()]
        self.known: list[Known] = []
        self.names: list[str] = []
        self.expiry: dict[str, datetime] = {}

    @property
    def now(self) -> datetime:
        return self.place.now

    @initialize()
    def begin(self) -> None:
        self.create()

    @rule()
    def create(self) -> None:
        issued = self.kind.create(self.place.admin)
        self.names.append(issued.record.id)
        self.learn(issued)

    @rule(
        which=st.integers(0, 9),
        overlap=st.sampled_from([0, 1, 24]),
        life=st.sampled_from([None, 1, 60]),
    )
    def rotate(self, which: int, overlap: int, life: int | None) -> None:
        name = self.names[which % len(self.names)]
        try:
            issued = self.kind.rotate(self.place.other, name, Rotation(overlap, life))
        except Conflict as refused:
            self.allowed(name, refused)
            return
        overlapped = min(self.now + timedelta(hours=overlap), self.expiry[name])
        former = self.of(name)
        self.learn(issued)
        for each in former:
            self.shorten(each, min(overlapped, self.expiry[name]))

    @rule(which=st.integers(0, 9))
    def revoke(self, which: int) -> None:
        name = self.names[which % len(self.names)]
        try:
            self.kind.revoke(self.place.admin, name)
        except IllegalMove:
            assert not [each for each in self.of(name) if self.now < each.ends]
            return
        for each in self.of(name):
            self.shorten(each, self.now)

    @rule(
        by=st.sampled_from(
            [
                timedelta(microseconds=1),
                timedelta(seconds=1),
                REMEMBERED - timedelta(microseconds=1),
                REMEMBERED,
                timedelta(hours=1) - REMEMBERED,
                timedelta(hours=1),
                DAY,
                30 * DAY,
            ]
        )
    )
    def wait(self, by: timedelta) -> None:
        self.place.clock.advance(by)

    @rule(which=st.integers(0, 30), process=st.integers(0, 1))
    def show(self, which: int, process: int) -> None:
        each = self.known[which % len(self.known)]
        held = holds(self.kind, self.processes[process], each.name, each.shown)
        if self.now < each.ends:
            assert held
        elif self.now >= max(each.ends, each.decided + REMEMBERED):
            assert not held

    @rule(which=st.integers(0, 30), process=st.integers(0, 1))
    def show_something_else(self, which: int, process: int) -> None:
        each = self.known[which % len(self.known)]
        assert not holds(self.kind, self.processes[process], each.name, f"{each.shown}x")

    @invariant()
    def no_record_has_more_secrets_than_it_may(self) -> None:
        for name in self.names:
            record = self.kind.get(self.place.admin, name)
            assert 1 <= len(record.secrets) <= SECRETS_MAX

    def of(self, name: str) -> list[Known]:
        return [each for each in self.known if each.name == name]

    def learn(self, issued: Issued[ApiKey] | Issued[Client]) -> None:
        name, ends = issued.record.id, issued.record.expires_at
        assert ends
        self.expiry[name] = ends
        self.known.append(Known(name, issued.secret, ends, self.now))

    def shorten(self, each: Known, ends: datetime) -> None:
        if ends < each.ends:
            each.ends, each.decided = ends, self.now

    def allowed(self, name: str, refused: Conflict) -> None:
        """Rotating is refused to what is over, and where too many secrets hold."""
        holding = [each for each in self.of(name) if self.now < each.ends]
        if isinstance(refused, IllegalMove):
            assert not holding
        else:
            assert len(holding) == SECRETS_MAX


class ClientsToo(SecretsHoldIffTheyShould):
    kind_of = Clients


TestKeys = SecretsHoldIffTheyShould.TestCase
TestKeys.settings = settings(max_examples=60, stateful_step_count=30)
TestClients = ClientsToo.TestCase
TestClients.settings = settings(max_examples=60, stateful_step_count=30)
