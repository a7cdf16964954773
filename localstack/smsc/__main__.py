"""The simulator as a process: says {"port": ...} on one line when it listens, SIGTERM ends it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from localstack.smsc.certificates import server_tls
from localstack.smsc.options import OptionError, SimulatorOptions
from localstack.smsc.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

_VARIABLE = "SMSC_PASSWORD"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localstack.smsc", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--cert", type=Path, required=True, help="certificate, PEM")
    parser.add_argument("--key", type=Path, required=True, help="its key, PEM")
    parser.add_argument("--ca", type=Path, required=True, help="CA of the clients, PEM")
    parser.add_argument("--system-id", required=True)
    parser.add_argument("--password-file", type=Path, help=f"else the variable {_VARIABLE}")
    parser.add_argument("--log", type=Path, required=True, help="JSON lines, one per PDU")
    parser.add_argument("--owed", type=Path, help="keeps the receipts still owed at the stop")
    parser.add_argument("--answer-delay-ms", type=int, default=0)
    parser.add_argument("--answer-loss", type=float, default=0.0, help="share never answered")
    parser.add_argument("--submit-error", type=float, default=0.0, help="share refused")
    parser.add_argument(
        "--submit-error-status", type=lambda text: int(text, 0), default=0x0B, help="such as 0x58"
    )
    parser.add_argument("--receipt-delay-ms", type=int, default=500)
    parser.add_argument("--receipt-loss", type=float, default=0.0, help="share without receipt")
    parser.add_argument("--receipt-failure", type=float, default=0.0, help="share undeliverable")
    parser.add_argument("--receipt-window", type=int, default=1_000)
    parser.add_argument("--enquire-ms", type=int, default=0, help="0: send no enquire_link")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return os.environ.get(_VARIABLE, "")


def _tls(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    for option, path in (("--ca", ca), ("--cert", cert), ("--key", key)):
        if not path.is_file():
            raise OptionError(f"{option}: there is no file {path}")
    try:
        return server_tls(ca, cert, key)
    except ssl.SSLError as error:
        raise OptionError(
            f"--ca, --cert and --key must be PEM, and the key that of the certificate ({error})"
        ) from error


def _options(arguments: argparse.Namespace) -> SimulatorOptions:
    given = vars(arguments).copy()
    tls = _tls(given.pop("ca"), given.pop("cert"), given.pop("key"))
    password = _password(given.pop("password_file"))
    if not password:
        raise OptionError(f"no password: give --password-file or set {_VARIABLE}")
    return SimulatorOptions(tls=tls, password=password, **given)


async def _serve(options: SimulatorOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(options) as smsc:
        sys.stdout.write(json.dumps({"port": smsc.port}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        uvloop.run(_serve(_options(_parser().parse_args(arguments))))
    except (OptionError, OSError) as error:
        sys.stderr.write(f"The SMSC simulator cannot start: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
