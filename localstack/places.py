"""Where the local installation keeps its things, and how it writes what only its owner may read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
STACK_PYTHON = ROOT / ".venv-stack" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Places:
    """Everything under one folder, so that a second installation is a second folder."""

    state: Path

    def make(self) -> None:
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.log, self.secrets, self.certificates, self.mail, self.ministack):
            folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def running(self) -> Path:
        return self.state / "running.json"

    @property
    def unclean(self) -> Path:
        """Only a clean stop removes it (DESIGN 5)."""
        return self.state / "unclean"

    @property
    def demo(self) -> Path:
        return self.state / "demo.json"

    @property
    def smsc_port(self) -> Path:
        return self.state / "smsc-port"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def smsc_owed(self) -> Path:
        return self.state / "smsc-owed.json"

    @property
    def smsc_log(self) -> Path:
        return self.log / "smsc-messages.jsonl"

    @property
    def mail(self) -> Path:
        """Mails that would have been sent; who reads them can take accounts over."""
        return self.state / "mail"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def certificates(self) -> Path:
        return self.state / "certificates"

    @property
    def ministack(self) -> Path:
        return self.state / "ministack"


def write_private(path: Path, text: str) -> None:
    """Never readable by others, not even for a moment; never half written."""
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)


def shown(path: Path) -> str:
    """As short as it can be typed from the project's folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
