"""The embedded AWS stand-in as a child process of ours (DESIGN 5).

It runs in a venv of its own, on 127.0.0.1, with an environment of its own, since its Lambdas
inherit it. Its state is written when it is stopped by SIGTERM and at no other time: after a kill it
comes back with the state of its last clean stop, which `was_killed` tells.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
START_TIMEOUT = 30.0
# Writing a large state takes a while; whoever kills it sooner loses everything since the start.
STOP_TIMEOUT = 120.0
_LOG_TAIL = 2000


class MinistackError(Exception):
    """It could not be started or stopped; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class _Instance:
    """A started process, as remembered on disk until it is stopped cleanly."""

    pid: int
    port: int
    nonce: str


@dataclass(slots=True)
class Ministack:
    """`python` is the interpreter of ministack's venv; everything it keeps lies under `home`.

    Without `port` it takes the one of last time if that is free, so that links stay valid. With
    `iam_root`, a key and its secret, IAM is enforced: who has that key may do anything, a function
    what its role says. Without, anyone may do anything.
    """

    python: Path
    home: Path
    port: int | None = None
    iam_root: tuple[str, str] | None = None
    was_killed: bool = field(default=False, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _instance: _Instance | None = field(default=None, init=False)

    @property
    def endpoint(self) -> str:
        if self._instance is None:
            message = "ministack has no address before it is started"
            raise MinistackError(message)
        return f"http://{HOST}:{self._instance.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.running:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        remembered = self._remembered()
        if remembered is not None:
            # Left by a parent that died: stopped properly, it still saves its state.
            self.was_killed = not _stop_orphan(remembered)
        self._sweep()
        port, nonce = self._free_port(), secrets.token_hex(16)
        process = self._spawn(port, nonce)
        instance = _Instance(process.pid, port, nonce)
        self._process, self._instance = process, instance
        self._mark.write_text(json.dumps(asdict(instance)), encoding="utf-8")
        self._await_answer(process, instance)

    def stop(self) -> None:
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            message = f"ministack (pid {self._process.pid}) does not stop; see {self._log}"
            raise MinistackError(message) from error
        code = self._process.returncode
        _end_group(self._process.pid)
        self._process = None
        if code != 0:
            message = f"ministack ended with {code}; its state is that of its last clean stop"
            raise MinistackError(f"{message}\n{self._log_tail()}")
        self._mark.unlink(missing_ok=True)
        self._sweep()

    # --- files ---

    @property
    def _mark(self) -> Path:
        return self.home / "running.json"

    @property
    def _last_port(self) -> Path:
        return self.home / "port"

    @property
    def _log(self) -> Path:
        return self.home / "ministack.log"

    @property
    def _scratch(self) -> Path:
        return self.home / "tmp"

    def _sweep(self) -> None:
        """It unpacks a zip for each Lambda worker and leaves some behind."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)

    def _remembered(self) -> _Instance | None:
        try:
            stored = json.loads(self._mark.read_text(encoding="utf-8"))
            return _Instance(stored["pid"], stored["port"], stored["nonce"])
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def _log_tail(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        return ""

    # --- the process ---

    def _free_port(self) -> int:
        wanted = self.port
        if wanted is None:
            with contextlib.suppress(FileNotFoundError, ValueError):
                wanted = int(self._last_port.read_text(encoding="utf-8"))
            if wanted is not None and not _is_free(wanted):
                wanted = None
        if wanted is None:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                wanted = int(probe.getsockname()[1])
        self._last_port.write_text(str(wanted), encoding="utf-8")
        return wanted

    def environment(self, port: int, nonce: str) -> dict[str, str]:
        """All that it gets: nothing of ours leaks into it, nor through it into the Lambdas."""
        home = self.home.resolve()
        iam = {}
        if self.iam_root is not None:
            key, secret = self.iam_root
            iam = {"AUTH": "true", "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        return iam | {
            "PATH": f"{self.python.parent}{os.pathsep}{os.defpath}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._scratch.resolve()),
            # Each worker is unpacked anew: what it compiles is of no use to the next one.
            "PYTHONDONTWRITEBYTECODE": "1",
            "BIND_HOST": HOST,
            # Not GATEWAY_PORT: it names queues by that as well, so at another port it would know
            # none of them, and no list or mail would reach its function.
            "EDGE_PORT": str(port),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(home / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(home / "s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # It tidies away containers when it starts and stops: there shall be none in its reach.
            "DOCKER_HOST": f"unix://{home}/no-docker.sock",
            # Free text that its health page repeats: how we know that it is ours that answers.
            "MINISTACK_EDITION": nonce,
        }

    def _spawn(self, port: int, nonce: str) -> subprocess.Popen[bytes]:
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [str(self.python), "-m", "ministack"],
                cwd=self.home,
                env=self.environment(port, nonce),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the terminal's whole group; it is stopped after those who write.
                start_new_session=True,
            )

    def _await_answer(self, process: subprocess.Popen[bytes], instance: _Instance) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                message = f"ministack ended at its start with {process.returncode}"
                raise MinistackError(f"{message}\n{self._log_tail()}")
            if _answers(instance):
                return
            time.sleep(0.05)
        process.kill()
        message = f"ministack did not answer on port {instance.port} in {START_TIMEOUT:.0f} s"
        raise MinistackError(f"{message}\n{self._log_tail()}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: a port is free although connections to its last owner are still closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _answers(instance: _Instance) -> bool:
    """Whether the server on that port is this very instance, not another one that was faster."""
    connection = http.client.HTTPConnection(HOST, instance.port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        health = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return bool(health.get("edition") == instance.nonce)


def _end_group(leader: int) -> None:
    """End the Lambda workers that did not notice: they are in the group that it led."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _stop_orphan(instance: _Instance) -> bool:
    """Stop it if it still runs and is the one remembered; false if it was gone already."""
    if not _answers(instance):
        return False
    os.kill(instance.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while time.monotonic() < deadline:
        # Not our child, so there is nothing to wait for but its end.
        try:
            os.kill(instance.pid, 0)
        except ProcessLookupError:
            _end_group(instance.pid)
            return True
        time.sleep(0.1)
    message = f"an earlier ministack (pid {instance.pid}) does not stop"
    raise MinistackError(message)
