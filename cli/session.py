"""What is kept between two commands, in files that only their owner can read: the session, and
what a server knows this machine by.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Session:
    url: str
    token: str
    email: str
    expires_at: str
    # None where one is in several workspaces and has chosen none.
    workspace: str | None


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """Tokens by which servers know this machine. They outlive sessions: while others guess at a
    password elsewhere, its owner can still sign in here (SPEC 2.4).
    """

    path: Path

    def known(self, url: str, email: str) -> str | None:
        device = self._stored().get(_whose(url, email))
        return device if isinstance(device, str) else None

    def keep(self, url: str, email: str, device: str) -> None:
        _write_private(self.path, self._stored() | {_whose(url, email): device})

    def _stored(self) -> dict[str, Any]:
        """A damaged file is worth as little as none: signing in makes new ones."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}


@dataclass(frozen=True, slots=True)
class SessionFile:
    path: Path

    @property
    def devices(self) -> DeviceFile:
        return DeviceFile(self.path.with_name(f"{self.path.stem}-devices.json"))

    def read(self) -> Session | None:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return Session(**stored)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise NotSignedIn(f"{self.path} is damaged: sign in again with mc sign-in.") from error

    def write(self, session: Session) -> None:
        _write_private(self.path, asdict(session))

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def _whose(url: str, email: str) -> str:
    return f"{email.strip().lower()} {url}"


def _write_private(path: Path, document: Mapping[str, object]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes it 0600 from the start; replacing keeps a reader from seeing half of it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".session-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    Path(name).replace(path)


def session_file(environment: Mapping[str, str]) -> SessionFile:
    """`MC_CONFIG` names the file; by default it lies where XDG wants it."""
    named = environment.get("MC_CONFIG")
    if named:
        return SessionFile(Path(named).expanduser())
    base = environment.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else Path("~/.config").expanduser()
    return SessionFile(folder / "message-center" / "session.json")
