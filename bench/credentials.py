"""What checking a program's credential costs, beside the argon2 that it does without (SPEC 2.5).

`key_checks_per_s`        checks of an API key by one process: remembered, read anew for each check,
                          and with a wrong secret. Records are in memory: no I/O is in it.
`reads_per_1000_checks`   the same three: calls of DynamoDB, counted below pynamodb and answered by
                          moto.
`argon2_checks_per_s`     checks of a password with the production settings, in the same run.
`revocation_seconds_max`  from the answer to a revocation until another process refuses the key, by
                          the real clock: the longest of some keys that are in use all the time and
                          revoked at moments spread over the time that a process remembers.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

from bench.api import MOTO_ENVIRONMENT, counted
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.ids import UlidIds
from chalicelib.adapters.passwords import Argon2Passwords
from chalicelib.domain.audit import Actor
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.rights import Right, Standing, scopes_of
from chalicelib.usecases.access import REMEMBERED, Access
from chalicelib.usecases.auditing import Auditor, Caller, Recorder, Retentions
from chalicelib.usecases.credentials import Credentials, NewKey
from chalicelib.usecases.identity import Identity, Origin
from chalicelib.usecases.repeats import Repeats
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback
from tests.fakes.cloud import mocked_cloud
from tests.fakes.records import FakeAuditLog, FakeChanges, FakeDirectory, Records
from tests.fakes.services import FakeClock, FakeDataKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.credentials import ApiKey
    from chalicelib.usecases.credentials import Issued
    from chalicelib.usecases.ports import Changes, Clock, Directory

HERE = "wsp_a"
ORIGIN = Origin("192.0.2.1", "bench", "req-1")
ADMIN = Caller(HERE, "usr_a", scopes_of(Standing.ADMIN, {}), Actor("usr_a", "admin"))
NEW = NewKey("Shop", (Right.VIEW, Right.FEED))
COUNTED = 1_000
BLOCK = 500
# Much longer than a revocation may take: a key that holds for ever must end the benchmark.
PATIENCE = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description="What checking a program's credential costs.")
    parser.add_argument("--checks", type=int, default=50_000, help="checks of a key, each way")
    parser.add_argument("--passwords", type=int, default=50, help="checks of a password")
    parser.add_argument("--keys", type=int, default=16, help="keys that are revoked")
    options = parser.parse_args()
    records = Records()
    in_memory = Programs(FakeDirectory(records), FakeChanges(records))
    figures = {
        "key_checks_per_s": {
            name: per_second(check, options.checks) for name, check in in_memory.checks().items()
        },
        "argon2_checks_per_s": argon2_checks_per_second(options.passwords),
    }
    with patch.dict(os.environ, MOTO_ENVIRONMENT), mocked_cloud() as cloud:
        store = cloud.store
        programs = Programs(DynamoDirectory(store), DynamoChanges(store))
        figures["reads_per_1000_checks"] = {
            name: calls_of(check) for name, check in programs.checks().items()
        }
        figures["revocation_seconds_max"] = round(max(revocations(programs, options.keys)), 2)
    print(json.dumps(figures))


class Programs:
    """An admin who hands out keys, and the processes that check them."""

    def __init__(self, directory: Directory, changes: Changes) -> None:
        self.directory, self.changes = directory, changes
        self.clock = SystemClock()
        self.ids = UlidIds(self.clock)
        self.auditor = Auditor(self.clock, self.ids, Retentions(directory, self.clock))
        repeats = Repeats(directory, self.clock)
        self.desk = Credentials(directory, changes, repeats, self.clock, self.ids, self.auditor)
        changes.save(samples.workspace(id=HERE), samples.audit())

    def create(self) -> Issued[ApiKey]:
        return self.desk.create_key(ADMIN, NEW)

    def process(self, clock: Clock) -> Process:
        recorder = Recorder(FakeAuditLog(Records()), FakeAuditFallback(), clock)
        identity = Identity(
            directory=self.directory,
            changes=self.changes,
            passwords=Argon2Passwords(),
            data_keys=FakeDataKeys(),
            clock=clock,
            ids=self.ids,
            auditor=self.auditor,
            recorder=recorder,
        )
        return Process(Access(self.directory, clock, identity, recorder, self.auditor))

    def checks(self) -> dict[str, Callable[[], bool]]:
        """One check of each kind; they answer whether it came out as it should."""
        busy, still = self.process(self.clock), FakeClock()
        idle = self.process(still)
        token = self.create().secret or ""

        def anew() -> bool:
            still.advance(REMEMBERED)
            return idle.takes(token)

        return {
            "remembered": lambda: busy.takes(token),
            "read_anew": anew,
            "wrong_secret": lambda: not busy.takes(f"{token}x"),
        }


class Process:
    def __init__(self, access: Access) -> None:
        self.access = access

    def takes(self, token: str) -> bool:
        try:
            self.access.caller(token, HERE, ORIGIN)
        except Unauthenticated:
            return False
        return True


def per_second(check: Callable[[], bool], times: int) -> int:
    """The best of some blocks: others use this machine too."""
    return round(BLOCK / min(timed(check, BLOCK) for _ in range(max(1, times // BLOCK))))


def argon2_checks_per_second(times: int) -> int:
    passwords = Argon2Passwords()
    stored = passwords.hash("correct horse battery")
    return round(
        1
        / min(
            timed(lambda: passwords.match(stored, "correct horse battery"), 1) for _ in range(times)
        )
    )


def timed(check: Callable[[], bool], times: int) -> float:
    begun = time.perf_counter()
    good = all(check() for _ in range(times))
    took = time.perf_counter() - begun
    if not good:
        raise SystemExit("A check did not come out as it should.")
    return took


def calls_of(check: Callable[[], bool]) -> int:
    with counted() as calls:
        timed(check, COUNTED)
    return len(calls)


def revocations(programs: Programs, keys: int) -> list[float]:
    """How long each key was still taken, by a process that checks all of them all the time."""
    process = programs.process(programs.clock)
    issued = [programs.create() for _ in range(keys)]
    step = REMEMBERED.total_seconds() / keys
    begun = time.perf_counter()
    due = {key.record.id: begun + 1 + number * step for number, key in enumerate(issued)}
    revoked: dict[str, float] = {}
    refused: dict[str, float] = {}
    while len(refused) < keys:
        for key in issued:
            name = key.record.id
            if name not in revoked and time.perf_counter() >= due[name]:
                programs.desk.revoke_key(ADMIN, name)
                revoked[name] = time.perf_counter()
            if name not in refused and not process.takes(key.secret or ""):
                refused[name] = time.perf_counter()
        if time.perf_counter() - begun > PATIENCE:
            raise SystemExit("A revoked key is taken still.")
    return [refused[name] - revoked[name] for name in revoked]


if __name__ == "__main__":
    main()
