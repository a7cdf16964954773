"""Mails: what is to be written (an errand, queued), and what is sent (a letter).

An errand holds no token: the mailer makes one when it writes the letter, so no queue ever keeps
what opens an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrandKind(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 # nosec B105 - a kind of mail
    JOIN = "join"
    DECISION = "decision"
    CAMPAIGN_REJECTED = "campaign_rejected"
    REVISION_REJECTED = "revision_rejected"


@dataclass(frozen=True, slots=True)
class Errand:
    """`target` is what the kind needs, such as an invitation's id; `email` and `name` stand as
    somebody typed them.
    """

    kind: ErrandKind
    workspace: str
    target: str = ""
    email: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    text: str
