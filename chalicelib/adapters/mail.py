"""Letters on their way out (SPEC 2.3): by SES on AWS, and locally into a folder that one can read.

Subject and address hold what people typed. Neither may end a header's line and begin another one,
so what is not printable is refused before anything is sent.
"""

from __future__ import annotations

import os
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import TYPE_CHECKING, Final

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.ids import UlidIds
from chalicelib.domain.errors import require
from chalicelib.domain.identity import is_email

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.adapters.aws import Clients
    from chalicelib.domain.letters import Letter
    from chalicelib.usecases.ports import Clock

# Text as it was written, in lines as they were written.
_READABLE: Final = SMTPUTF8.clone(linesep="\n", max_line_length=0)


class FolderMail:
    """One file a letter, named so that they sort by time. They hold links that open accounts: only
    their owner may read them.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._ids = UlidIds(self._clock)

    def send(self, letter: Letter) -> None:
        check_letter(letter)
        now = self._clock.now()
        message = EmailMessage(_READABLE)
        message["Date"] = now
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message.set_content(letter.text, cte="8bit")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The id makes it the only one of its name, also among several processes.
        name = f"{now:%Y%m%dT%H%M%S}-{self._ids.new('mail')}.eml"
        _write_whole(self._folder / name, message.as_bytes())


class SesMail:
    """`sender` is an address that SES may send from, or a name and such an address in brackets."""

    def __init__(self, clients: Clients, sender: str) -> None:
        self._clients = clients
        self._sender = sender

    def send(self, letter: Letter) -> None:
        check_letter(letter)
        self._clients.ses().send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [letter.to]},
            Content={
                "Simple": {
                    "Subject": {"Data": letter.subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": letter.text, "Charset": "UTF-8"}},
                }
            },
        )


def check_letter(letter: Letter) -> None:
    require(
        (is_email(letter.to), "to", "give one mail address"),
        (letter.subject.isprintable(), "subject", "use printable characters on one line"),
    )


def _write_whole(path: Path, data: bytes) -> None:
    """Nobody who looks into the folder sees half a letter."""
    scratch = path.with_name(f".{path.name}.new")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    scratch.rename(path)
