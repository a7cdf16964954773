"""The session between two commands: a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
class SessionFile:
    path: Path

    def read(self) -> Session | None:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return Session(**stored)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise NotSignedIn(f"{self.path} is damaged: sign in again with mc sign-in.") from error

    def write(self, session: Session) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes it 0600 from the start; replacing keeps a reader from seeing half of it.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".session-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(session), file, indent=1)
        Path(name).replace(self.path)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def session_file(environment: Mapping[str, str]) -> SessionFile:
    """`MC_CONFIG` names the file; by default it lies where XDG wants it."""
    named = environment.get("MC_CONFIG")
    if named:
        return SessionFile(Path(named).expanduser())
    base = environment.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else Path("~/.config").expanduser()
    return SessionFile(folder / "message-center" / "session.json")
