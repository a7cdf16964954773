"""Time, ids, secrets, files, mails, executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import BinaryIO

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
    """What is to be counted outside of the request: it may take longer (functions/survey)."""

    def request(self, workspace: str, campaign: str) -> None: ...

    def request_screening(self, workspace: str, list_id: str) -> None: ...


class Blobs(Protocol):
    """Objects that are whole or not there: chunks, manifests, rejects, ledgers. A chunk and its
    manifest alone are ever written again, for a number that is erased.
    """

    def get(self, key: str) -> bytes:
        """The object, or NotFound."""
        ...

    def get_range(self, key: str, begin: int, length: int) -> bytes:
        """That part of the object, as far as there is one: behind its end there is nothing."""
        ...

    def put(self, key: str, data: bytes) -> None: ...

    def put_file(self, key: str, file: BinaryIO) -> None:
        """From where it stands to its end; it need not fit memory."""
        ...

    def delete(self, key: str) -> None: ...

    def delete_all(self, prefix: str) -> None:
        """Whatever stands under it, however many there are. May be repeated."""
        ...


class Downloads(Protocol):
    """Objects that a caller may fetch from the bucket, without us in between."""

    def address(self, key: str, name: str) -> str:
        """Where to GET the object for a short time, as a file of that name; NotFound if there is
        none.
        """
        ...


class Ingests(Protocol):
    """Uploaded lists whose reading is asked for again: the first time the bucket itself does."""

    def request(self, workspace: str, list_id: str) -> None: ...


class Uploads(Protocol):
    """Files on their way in: straight from the caller to the bucket (SPEC 5.1)."""

    def begin(self, key: str) -> str: ...

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        """A presigned address for each part number; each signs its exact length."""
        ...

    def parts(self, key: str, upload: str) -> dict[int, int]:
        """Lengths of the parts that have arrived, by number and in its order; NotFound if the
        upload is no longer open.
        """
        ...

    def is_there(self, key: str) -> bool:
        """Whether the file is there whole."""
        ...

    def complete(self, key: str, upload: str) -> None:
        """Put the parts together; an upload that is no longer open is left alone."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Drop the parts; an upload that is no longer open is left alone."""
        ...

    def read(self, key: str) -> Iterator[bytes]: ...

    def discard(self, key: str) -> None:
        """Delete the file that was uploaded; one that is not there is none."""
        ...


class DataKeys(Protocol):
    """Per-workspace keys, wrapped by the installation's one KMS key (SPEC 5.5)."""

    def create(self, workspace: str) -> bytes:
        """A new key, wrapped."""
        ...

    def unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        """The plain key; NotFound if it was wrapped for another workspace."""
        ...

    def rewrap(self, workspace: str, wrapped: bytes) -> bytes:
        """The same key, wrapped anew by what KMS wraps with today; NotFound as above."""
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
