"""Clock, ids, passwords, keys, executions and secrets, without chance and without waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from chalicelib.adapters.secrets import check_name
from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = MORNING) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        self._now += by
        return self._now


class FakeIds:
    """Counts, over all prefixes: `cmp_00000000000000000000000001` is the first id."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):026}"

    def token(self) -> str:
        return f"token-{next(self._numbers):037}"


class FakePasswords:
    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def match(self, stored: str | None, password: str) -> bool:
        return stored == self.hash(password)

    def common(self, password: str) -> bool:
        return password.startswith("password")


class FakeDataKeys:
    """What is wrapped names its owner and, once it was wrapped anew, how often, before the key."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def create(self, workspace: str) -> bytes:
        return f"{workspace}:{next(self._numbers):032}".encode()

    def unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        owner, _, key = wrapped.rpartition(b":")
        if owner.partition(b"~")[0] != workspace.encode():
            raise NotFound("data key of this workspace")
        return key

    def rewrap(self, workspace: str, wrapped: bytes) -> bytes:
        key = self.unwrap(workspace, wrapped)
        return f"{workspace}~{next(self._numbers)}:{key.decode()}".encode()


class FakeExecutions:
    """`started` has every run once, `resumed` and `failed` every token that was told so."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, int]] = []
        self.resumed: list[str] = []
        self.failed: list[str] = []
        self._ended: set[tuple[str, str, int]] = set()

    def start(self, workspace: str, campaign: str, run: int) -> None:
        if (workspace, campaign, run) not in self.started:
            self.started.append((workspace, campaign, run))

    def running(self, workspace: str, campaign: str, run: int) -> bool:
        execution = (workspace, campaign, run)
        return execution in self.started and execution not in self._ended

    def resume(self, token: str) -> None:
        self.resumed.append(token)

    def fail(self, token: str, error: str) -> None:  # noqa: ARG002 - what went wrong is for people
        self.failed.append(token)

    def end(self, workspace: str, campaign: str, run: int) -> None:
        """As when it failed, or the service was restarted."""
        self._ended.add((workspace, campaign, run))


class FakeSecrets:
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    def get(self, name: str) -> str:
        check_name(name)
        if name not in self._secrets:
            raise NotFound(f"secret as {name}")
        return self._secrets[name]


class FakeIngests:
    def __init__(self) -> None:
        self.requested: list[tuple[str, str]] = []

    def request(self, workspace: str, list_id: str) -> None:
        self.requested.append((workspace, list_id))


class FakeSurveys:
    def __init__(self) -> None:
        self.requested: list[tuple[str, str]] = []
        self.screenings: list[tuple[str, str]] = []

    def request(self, workspace: str, campaign: str) -> None:
        self.requested.append((workspace, campaign))

    def request_screening(self, workspace: str, list_id: str) -> None:
        self.screenings.append((workspace, list_id))
