"""Time, ids, secrets, files, mails, executions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chalicelib.domain.letters import Errand, Letter


class Clock(Protocol):
    def now(self) -> datetime: ...


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh id; ids of one prefix sort by time."""
        ...

    def token(self) -> str:
        """256 random bits as text."""
        ...


class Passwords(Protocol):
    def hash(self, password: str) -> str: ...

    def match(self, stored: str | None, password: str) -> bool:
        """Whether they belong together; takes as long when nothing is stored."""
        ...

    def common(self, password: str) -> bool:
        """Whether it is on the bundled list of common ones, or hardly more than one of them."""
        ...


class Mail(Protocol):
    def send(self, letter: Letter) -> None: ...


class Errands(Protocol):
    """Mails to be written, soon and outside of the request (functions/mailer): whether an address
    has an account is found out where nobody can measure it.
    """

    def post(self, errand: Errand) -> None: ...


class Surveys(Protocol):
    """Surveys to be made outside of the request: they may take longer (functions/survey)."""

    def request(self, workspace: str, campaign: str) -> None: ...


class Blobs(Protocol):
    """Immutable objects: chunks, manifests, rejects, ledgers."""

    def get(self, key: str) -> bytes:
        """The object, or NotFound."""
        ...

    def put(self, key: str, data: bytes) -> None: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class StoredUpload:
    size: int
    parts: int


class Uploads(Protocol):
    """Files on their way in: straight from the caller to the bucket (SPEC 5.1)."""

    def begin(self, key: str) -> str: ...

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        """A presigned address for each part number; each signs its exact length."""
        ...

    def stored(self, key: str, upload: str) -> StoredUpload:
        """What has arrived; NotFound if the upload is no longer open."""
        ...

    def complete(self, key: str, upload: str) -> None:
        """Put the parts together; an upload that is no longer open is left alone."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Drop the parts; an upload that is no longer open is left alone."""
        ...

    def read(self, key: str) -> Iterator[bytes]: ...


class DataKeys(Protocol):
    """Per-workspace keys, wrapped by the installation's one KMS key (SPEC 5.5)."""

    def create(self, workspace: str) -> bytes:
        """A new key, wrapped."""
        ...

    def unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        """The plain key; NotFound if it was wrapped for another workspace."""
        ...


class Executions(Protocol):
    """Executions of the state machine, one a campaign and run (DESIGN 4.4)."""

    def start(self, workspace: str, campaign: str, run: int) -> None:
        """Start it; an execution of that run that is there already is left alone."""
        ...

    def running(self, workspace: str, campaign: str, run: int) -> bool: ...

    def resume(self, token: str) -> None:
        """Tell the execution that waits with this token to go on; a token nobody waits for is
        ignored.
        """
        ...

    def fail(self, token: str, error: str) -> None:
        """End the execution that waits with this token; the sweep starts another."""
        ...


class Secrets(Protocol):
    def get(self, name: str) -> str: ...
