"""The SMSC simulator as the process that it is, and the log that it leaves."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localstack.smsc import OptionError, SimulatorOptions
from localstack.smsc.__main__ import main
from localstack.smsc.certificates import CertificateFiles, make_certificates
from localstack.smsc.log import LogFormatError, Record, read_log

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "smsc.jsonl"


def test_a_torn_last_line_is_left_out_and_a_bad_one_is_named(log: Path) -> None:
    line = '{"t":1,"conn":1,"dir":"in","cmd":"unbind","seq":4,"status":0}\n'
    log.write_text(line + line[:20])
    assert list(read_log(log)) == [Record(1, 1, "in", "unbind", 4, 0)]
    log.write_text(line + "{}\n")
    with pytest.raises(LogFormatError, match=r"smsc\.jsonl, line 2"):
        list(read_log(log))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"receipt_loss": 1.5}, "receipt_loss is 1.5; it must be 0 to 1"),
        ({"receipt_delay_ms": -1}, "receipt_delay_ms is -1; it must be 0 or more"),
        ({"submit_error_status": 0}, "submit_error_status must be a status other than 0"),
        ({"receipt_window": 0}, "receipt_window is 0; it must be 1 or more"),
        ({"port": 70_000}, "port is 70000; it must be 0"),
        ({"password": ""}, "system_id and password must not be empty"),
    ],
)
def test_options_without_sense_are_named(log: Path, wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        SimulatorOptions(system_id="esme", log=log, **{"password": "secret", **wrong})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificates(tmp_path_factory.mktemp("tls"), dt.datetime.now(dt.UTC))


@pytest.fixture
def arguments(certificates: CertificateFiles, log: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "password").write_text("secret\n")
    return [
        f"--cert={certificates.server_cert}",
        f"--key={certificates.server_key}",
        f"--ca={certificates.ca}",
        "--system-id=esme",
        f"--password-file={tmp_path / 'password'}",
        f"--log={log}",
        "--submit-error-status=0x58",
    ]


def test_the_process_says_its_port_and_ends_cleanly(arguments: list[str], log: Path) -> None:
    command = [sys.executable, "-m", "localstack.smsc", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["port"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert log.read_text() == ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("--ca=missing.pem", "--ca: there is no file missing.pem"),
        (f"--key={__file__}", "--ca, --cert and --key must be PEM"),
        ("--receipt-loss=2", "receipt_loss is 2.0; it must be 0 to 1"),
        ("--password-file=missing", "missing"),
    ],
)
def test_bad_arguments_give_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str], change: str, text: str
) -> None:
    assert main([*arguments, change]) == 2
    assert text in capsys.readouterr().err


def test_the_password_may_come_from_the_environment(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without = [argument for argument in arguments if not argument.startswith("--password")]
    monkeypatch.setenv("SMSC_PASSWORD", "")
    assert main(without) == 2
    assert "give --password-file or set SMSC_PASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("SMSC_PASSWORD", "secret")
    assert main([*without, "--port=-1"]) == 2
    assert "port is -1" in capsys.readouterr().err
