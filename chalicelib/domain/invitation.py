"""How people come into a workspace: invited by an admin, or asking with its join code (SPEC 2.3).

Both prove a mail address by a token that only its mail holds; a token is stored as its digest. It
names its workspace, and there the invitation or the address, for nothing else leads to them:
`<prefix><workspace>.<reference>_<secret>`. References hold neither `.` nor `_`, secrets no `.`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import AlreadyDecided, IllegalMove, TooMany
from chalicelib.domain.identity import digest_of, same

if TYPE_CHECKING:
    from chalicelib.domain.audit import Facts
    from chalicelib.domain.rights import Role

INVITATION_PREFIX: Final = "mci_"
INVITATION_ID_PREFIX: Final = "inv_"
APPLICANT_PREFIX: Final = "mca_"
INVITATION_LENGTH: Final = timedelta(days=7)
APPLICATION_LENGTH: Final = timedelta(hours=24)
# Whoever asks again at once gets no second mail: nobody's mailbox is filled through us.
MAIL_PAUSE: Final = timedelta(minutes=1)
# 50 bits, to be read aloud: Crockford's alphabet has no letter that looks like a digit.
JOIN_CODE_LENGTH: Final = 10
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class InvitationStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Invitation:
    id: str
    workspace: str
    email: str
    role: Role
    is_moderator: bool
    invited_by: str
    created_at: datetime
    expires_at: datetime
    status: InvitationStatus = InvitationStatus.OPEN
    # Of the token in the newest mail; None until one was written, and once it is of no more use.
    digest: str | None = None
    mailed_at: datetime | None = None
    accepted_by: str | None = None
    version: int = 0

    def state_at(self, now: datetime) -> str:
        """For people: an open one that nobody took in time is expired."""
        late = self.status is InvitationStatus.OPEN and now >= self.expires_at
        return "expired" if late else self.status.value

    def holds_at(self, now: datetime) -> bool:
        return self.status is InvitationStatus.OPEN and now < self.expires_at

    def opens_with(self, token: str, now: datetime) -> bool:
        return (
            self.holds_at(now) and self.digest is not None and same(self.digest, digest_of(token))
        )


class JoinStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """One user's wish to belong to one workspace."""

    workspace: str
    user: str
    email: str
    name: str
    created_at: datetime
    status: JoinStatus = JoinStatus.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Applicant:
    """Someone who gave a join code without signing in: an address that is not proven yet."""

    workspace: str
    email: str
    name: str
    digest: str
    created_at: datetime
    expires_at: datetime
    # None until the mail has left: what could not be sent is tried again without a pause.
    mailed_at: datetime | None = None
    version: int = 0

    def holds_at(self, now: datetime) -> bool:
        return now < self.expires_at

    def opens_with(self, token: str, now: datetime) -> bool:
        return self.holds_at(now) and same(self.digest, digest_of(token))


def check_open(invitation: Invitation, now: datetime, action: str) -> None:
    if not invitation.holds_at(now):
        raise IllegalMove("workspace invitation", invitation.state_at(now), action)


def revoked(invitation: Invitation, now: datetime) -> Invitation:
    check_open(invitation, now, "be revoked")
    return replace(invitation, status=InvitationStatus.REVOKED, digest=None)


def renewed(invitation: Invitation, now: datetime) -> Invitation:
    """With all of its time before it again. The mail that is out keeps its token till the next."""
    check_open(invitation, now, "be sent again")
    if invitation.mailed_at is not None and mailed_lately(invitation.mailed_at, now):
        wait = invitation.mailed_at + MAIL_PAUSE - now
        raise TooMany("Its mail left a moment ago: wait before the next one.", wait)
    return replace(invitation, expires_at=now + INVITATION_LENGTH)


def accepted(invitation: Invitation, user: str) -> Invitation:
    return replace(invitation, status=InvitationStatus.ACCEPTED, digest=None, accepted_by=user)


def decided(request: JoinRequest, status: JoinStatus, by: str, now: datetime) -> JoinRequest:
    if request.status is not JoinStatus.PENDING:
        raise AlreadyDecided(request.status.value, request.decided_at)
    return replace(request, status=status, decided_by=by, decided_at=now)


def mailed_lately(mailed_at: datetime | None, now: datetime) -> bool:
    return mailed_at is not None and now - mailed_at < MAIL_PAUSE


def entry_token(prefix: str, workspace: str, reference: str, secret: str) -> str:
    return f"{prefix}{workspace}.{reference}_{secret}"


def entry_in(token: str, prefix: str) -> tuple[str, str] | None:
    """Workspace and reference in a token of this kind; None if it is none."""
    workspace, dot, rest = token.removeprefix(prefix).rpartition(".")
    reference, between, secret = rest.partition("_")
    whole = workspace and dot and reference and between and secret
    if not (token.startswith(prefix) and token.isascii() and whole):
        return None
    return workspace, reference


def invitation_reference(invitation: str) -> str:
    return invitation.removeprefix(INVITATION_ID_PREFIX)


def email_reference(email: str) -> str:
    return email.encode().hex()


def referred_email(reference: str) -> str | None:
    try:
        return bytes.fromhex(reference).decode()
    except ValueError:
        return None


def join_code(workspace: str, secret: str) -> str:
    bits = int.from_bytes(hashlib.sha256(secret.encode()).digest())
    letters = (CROCKFORD[bits >> 5 * place & 31] for place in range(JOIN_CODE_LENGTH))
    return f"{workspace}.{''.join(letters)}"


def code_workspace(code: str) -> str | None:
    """The workspace in a join code; None if it is none."""
    workspace, _, letters = code.rpartition(".")
    return workspace if workspace and letters and code.isascii() else None


def facts(invitation: Invitation) -> Facts:
    return {
        "email": invitation.email,
        "role": invitation.role.value,
        "is_moderator": invitation.is_moderator,
        "status": invitation.status.value,
    }
