"""What can stop a command, each with its sentence and its exit code.

ClientError
├── UsageError       what was asked for cannot be done as written
├── NotSignedIn      there is no session, or it has ended
├── Unreachable      no answer from the server
├── BadAnswer        an answer that is none of Message Center's
├── BucketRefused    a part of a file was not taken
└── Refused          the server's problem document (RFC 9457)
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.shapes import ProblemDocument


class Exit(IntEnum):
    OK = 0
    REFUSED = 1
    USAGE = 2  # argparse's own
    NOT_SIGNED_IN = 3
    UNREACHABLE = 4
    # The command did its work, and what it waited for ended badly.
    ENDED_BADLY = 5
    INTERRUPTED = 130


class ClientError(Exception):
    code = Exit.REFUSED


class UsageError(ClientError):
    code = Exit.USAGE


class NotSignedIn(ClientError):
    code = Exit.NOT_SIGNED_IN


class Unreachable(ClientError):
    code = Exit.UNREACHABLE

    def __init__(self, url: str, reason: object) -> None:
        super().__init__(
            f"No answer from {url}: {reason}. Is it running (`make up`), and is the address right?"
        )


class BadAnswer(ClientError):
    code = Exit.UNREACHABLE

    def __init__(self, url: str, status: int) -> None:
        super().__init__(
            f"What answers at {url} is not Message Center (status {status}). Is the address right?"
        )
        self.status = status


class BucketRefused(ClientError):
    def __init__(self, status: int) -> None:
        super().__init__(f"The bucket refused a part of the file (status {status}).")


class Refused(ClientError):
    """The server understood and said no; `problem` is its document."""

    def __init__(
        self, status: int, problem: ProblemDocument, retry_after: int | None = None
    ) -> None:
        super().__init__(_sentence(problem) + _wait(retry_after))
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


def _wait(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds < 100:  # noqa: PLR2004 - beyond, minutes are easier to grasp
        return f" Try again in {seconds} s."
    return f" Try again in {math.ceil(seconds / 60)} minutes."


def _sentence(problem: ProblemDocument) -> str:
    fields = [
        f"  {item['field'] or 'body'}: {item['message']}" for item in problem.get("errors", [])
    ]
    if fields:
        return "\n".join((f"{problem['title']}:", *fields))
    detail = problem.get("detail") or problem["title"]
    if problem.get("status", 0) >= 500 and problem.get("request_id"):  # noqa: PLR2004 - HTTP's own
        return f"{detail} (request id {problem['request_id']})"
    return detail
