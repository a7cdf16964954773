"""The embedded stand-in's process, played here by a small server that says what it was given.

`python -m ministack` finds the module beside its working folder first, which is where it is put.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.package import ROOT
from localstack import ministack
from localstack.ministack import HOST, Ministack, MinistackError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.enable_socket

PLAYED = """
import http.server, json, os, pathlib, signal, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"edition": os.environ["MINISTACK_EDITION"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...

def save(*_):
    pathlib.Path(os.environ["STATE_DIR"]).mkdir(exist_ok=True)
    pathlib.Path(os.environ["STATE_DIR"], "saved").write_text("saved")
    sys.exit(0)

signal.signal(signal.SIGTERM, save)
pathlib.Path("environment.json").write_text(json.dumps(dict(os.environ)))
address = os.environ["BIND_HOST"], int(os.environ["EDGE_PORT"])
http.server.HTTPServer(address, Answer).serve_forever()
"""
BROKEN = "raise SystemExit('no room')"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "ministack.py").write_text(PLAYED)
    return folder


@pytest.fixture
def played(home: Path) -> Iterator[Ministack]:
    stack = Ministack(Path(sys.executable), home)
    yield stack
    if stack.running:
        stack.stop()


def test_it_starts_answers_and_saves_when_stopped(played: Ministack, home: Path) -> None:
    played.start()
    running = [played.running]
    assert played.endpoint.startswith(f"http://{HOST}:")
    assert not played.was_killed
    played.stop()
    assert [*running, played.running] == [True, False]
    assert (home / "state" / "saved").exists()


def test_nothing_of_our_environment_reaches_it(
    played: Ministack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    played.start()
    seen = json.loads((home / "environment.json").read_text())
    assert not {"AWS_PROFILE", "PYTHONPATH", "AWS_ACCESS_KEY_ID", "AUTH"} & seen.keys()
    # Queues would be named by it, and unknown at the next port.
    assert "GATEWAY_PORT" not in seen
    assert seen["BIND_HOST"] == HOST
    assert seen["PERSIST_STATE"] == seen["S3_PERSIST"] == "1"
    assert seen["IOT_MTLS_ENABLED"] == seen["SFTP_ENABLED"] == "0"
    for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR", "HOME"):
        assert Path(seen[name]).is_relative_to(home.resolve())


def test_iam_is_enforced_for_all_but_the_root_key(home: Path) -> None:
    strict = Ministack(Path(sys.executable), home, iam_root=("root", "word"))
    strict.start()
    strict.stop()
    seen = json.loads((home / "environment.json").read_text())
    assert seen["AUTH"] == "true"
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"]) == ("root", "word")


def test_it_comes_back_at_the_same_address(played: Ministack, home: Path) -> None:
    played.start()
    endpoint = played.endpoint
    played.stop()
    again = Ministack(Path(sys.executable), home)
    again.start()
    assert again.endpoint == endpoint
    again.stop()


def test_a_taken_port_is_left_to_whoever_has_it(played: Ministack, home: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        (home / "port").write_text(str(taken))
        played.start()
        assert not played.endpoint.endswith(f":{taken}")


def test_another_server_on_its_port_is_not_taken_for_it(home: Path) -> None:
    """Both answer; only one of them says the word that was given to ours."""
    first = Ministack(Path(sys.executable), home)
    first.start()
    port = int(first.endpoint.rpartition(":")[2])
    stranger = ministack._Instance(pid=0, port=port, nonce="another")
    assert not ministack._answers(stranger)
    first.stop()


def test_a_start_that_fails_shows_the_end_of_the_log(played: Ministack, home: Path) -> None:
    (home / "ministack.py").write_text(BROKEN)
    with pytest.raises(MinistackError, match="no room"):
        played.start()


START_AND_DIE = """
import os, sys
from pathlib import Path
from localstack.ministack import Ministack
Ministack(Path(sys.executable), Path(sys.argv[1])).start()
os._exit(0)
"""


def test_what_a_dead_parent_left_is_stopped_so_that_it_saves(home: Path) -> None:
    parent = [sys.executable, "-c", START_AND_DIE, str(home)]
    subprocess.run(parent, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True)
    left = json.loads((home / "running.json").read_text())["pid"]
    heir = Ministack(Path(sys.executable), home)
    heir.start()
    assert not heir.was_killed
    assert (home / "state" / "saved").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)
    heir.stop()


def test_a_kill_is_noticed_at_the_next_start(played: Ministack, home: Path) -> None:
    played.start()
    assert played._process is not None
    os.kill(played._process.pid, signal.SIGKILL)
    played._process.wait()
    heir = Ministack(Path(sys.executable), home)
    heir.start()
    assert heir.was_killed
    heir.stop()
    clean = Ministack(Path(sys.executable), home)
    clean.start()
    assert not clean.was_killed
    clean.stop()


def test_what_workers_unpacked_is_swept(played: Ministack, home: Path) -> None:
    left = home / "tmp" / "ministack-lambda-left"
    left.mkdir(parents=True)
    played.start()
    assert not left.exists()
    left.mkdir()
    played.stop()
    assert not left.exists()


def test_it_has_no_address_before_it_runs(played: Ministack) -> None:
    with pytest.raises(MinistackError, match="before it is started"):
        _ = played.endpoint


def test_an_end_that_was_not_asked_for_is_told(played: Ministack) -> None:
    played.start()
    assert played._process is not None
    os.kill(played._process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while played.running and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(MinistackError, match="ended with -9"):
        played.stop()
