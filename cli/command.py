"""What a command is: words, a sentence, arguments, and a function. `cli.__main__` has the table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli.client import Client
from cli.errors import NotSignedIn
from cli.session import Session, SessionFile, session_file
from cli.transport import HttpTransport, Transport

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.errors import Exit
    from cli.screen import Screen


@dataclass(frozen=True, slots=True)
class Context:
    """What a command may reach: the screen, the session, the server, the clock."""

    screen: Screen
    sessions: SessionFile
    # Named on the command line; stands above the session's.
    workspace: str | None = None
    transport: Transport = field(default_factory=HttpTransport)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def session(self) -> Session:
        session = self.sessions.read()
        if session is None:
            raise NotSignedIn("You are not signed in: mc sign-in --url … --email …")
        return session

    def client(self) -> Client:
        session = self.session()
        workspace = self.workspace or session.workspace
        return Client(session.url, session.token, workspace, self.transport)


@dataclass(frozen=True, slots=True)
class Argument:
    """As argparse takes it."""

    names: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def argument(*names: str, **options: Any) -> Argument:  # noqa: ANN401 - argparse's own options
    return Argument(names, options)


Run = Callable[[Context, "Namespace"], "Exit"]


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]
    summary: str
    run: Run
    arguments: tuple[Argument, ...] = ()


def context(screen: Screen, workspace: str | None) -> Context:
    return Context(screen, session_file(os.environ), workspace)
