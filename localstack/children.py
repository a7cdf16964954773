"""Programs of ours as child processes: a log file each, an environment of exactly what they need.

They live in sessions of their own, so that a terminal's Ctrl-C reaches the parent alone, which then
stops them in the right order.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localstack.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

READY_SECONDS = 20.0
TAIL_BYTES = 3000
TAIL_LINES = 12
BACK_OFF_MAX = 30.0
# Whoever ran for so long starts again without waiting.
STEADY_SECONDS = 60.0
_POLL = 0.05


class ChildError(Exception):
    """A child did not start; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `says_port`: it prints {"port": …} when it listens, and is ready then."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    says_port: bool = False


@dataclass(slots=True)
class Child:
    program: Program
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _retry_at: float = 0.0
    _back_off: float = 0.0
    # Where in the log this run of the program begins.
    _log_from: int = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> int:
        """Start it and wait until it is ready; the port that it said, else 0."""
        self._spawn()
        if not self.program.says_port:
            return 0
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            port = said_port(self._new_log())
            if port is not None:
                return port
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(_POLL)
        self.stop(1.0)
        raise ChildError(f"The {self.program.name} did not start.\n{self.tail()}")

    def stop(self, patience: float, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Ask it to end; when `patience` is over or `hurry` says so, make it. Whether it obeyed."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return True
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline and not hurry():
            time.sleep(_POLL)
        if process.poll() is not None:
            return True
        process.kill()
        process.wait()
        return False

    def revive(self, now: float) -> str | None:
        """Start it again where it died, later and later; a sentence whenever there is news."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return None
            lived = now - self._started
            self._process = None
            self._back_off = (
                0.0 if lived > STEADY_SECONDS else min(self._back_off * 2 or 1.0, BACK_OFF_MAX)
            )
            self._retry_at = now + self._back_off
            when = f"in {self._back_off:.0f} s" if self._back_off else "now"
            return (
                f"The {self.program.name} {ended(code)}; it is started again {when}.\n{self.tail()}"
            )
        if self._started and now >= self._retry_at:
            self._spawn()
            return f"The {self.program.name} runs again (pid {self.pid})."
        return None

    def tail(self) -> str:
        lines = self._new_log().strip().splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {line}" for line in [*lines, f"({self.program.log})"])

    def _new_log(self) -> str:
        with self.program.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_from, end - TAIL_BYTES))
            return log.read().decode(errors="replace")

    def _spawn(self) -> None:
        with self.program.log.open("ab") as log:
            self._log_from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self.program.arguments],
                cwd=ROOT,
                env={**clean_environment(), **self.program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started = time.monotonic()


def said_port(log: str) -> int | None:
    for line in log.splitlines():
        if line.startswith('{"port"'):
            try:
                return int(json.loads(line)["port"])
            except (ValueError, KeyError):
                return None  # half a line: the rest is on its way
    return None


def ended(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with {code}"


def clean_environment() -> dict[str, str]:
    """Nothing of the caller's AWS profile, proxies or Python settings."""
    kept = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PYTHONUNBUFFERED": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
