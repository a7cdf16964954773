"""Errands become letters (SPEC 2.3, 2.4): plain text, with the link and the token that it carries.

What people typed when they asked stands in no letter: whoever knows a stranger's address could make
us send them words of theirs. A token is in the link's fragment, which no server gets to log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.identity import RESET_LENGTH
from chalicelib.domain.invitation import JoinStatus
from chalicelib.domain.letters import ErrandKind, Letter

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.identity import User
    from chalicelib.domain.invitation import Applicant, Invitation, JoinRequest
    from chalicelib.domain.letters import Errand
    from chalicelib.domain.workspace import Workspace
    from chalicelib.usecases.invitations import InvitationMails
    from chalicelib.usecases.joining import JoinMails
    from chalicelib.usecases.ports import Directory, Mail
    from chalicelib.usecases.rejections import Rejection, RejectionMails
    from chalicelib.usecases.resets import ResetMails

NOT_YOU = "If you did not expect this mail, you need not do anything."


@dataclass(frozen=True, slots=True)
class Mailer:
    """`console` is the origin that links lead to."""

    directory: Directory
    invitations: InvitationMails
    joining: JoinMails
    resets: ResetMails
    rejections: RejectionMails
    mail: Mail
    console: str

    def do(self, errand: Errand) -> None:
        """May be repeated: an errand that failed comes again."""
        write: dict[ErrandKind, Callable[[Errand], None]] = {
            ErrandKind.INVITATION: self._invitation,
            ErrandKind.PASSWORD_RESET: self._password_reset,
            ErrandKind.JOIN: self._join,
            ErrandKind.DECISION: self._decision,
            ErrandKind.CAMPAIGN_REJECTED: self._campaign_rejected,
            ErrandKind.REVISION_REJECTED: self._revision_rejected,
        }
        write[errand.kind](errand)

    def _invitation(self, errand: Errand) -> None:
        written = self.invitations.write(errand.workspace, errand.target)
        if written is None:
            return
        invitation, token = written
        workspace = self.directory.workspace(invitation.workspace)
        self.mail.send(invitation_letter(self.console, workspace, invitation, token))
        self.invitations.sent(invitation)

    def _password_reset(self, errand: Errand) -> None:
        written = self.resets.write_reset(errand.email)
        if written is not None:
            user, token = written
            self.mail.send(reset_letter(self.console, user, token))

    def _join(self, errand: Errand) -> None:
        workspace = self.directory.workspace(errand.workspace)
        written = self.joining.write(errand.workspace, errand.email, errand.name)
        if written is None:
            return
        applicant, token = written
        self.mail.send(
            confirmation_letter(self.console, workspace, applicant, token)
            if token
            else has_account_letter(self.console, workspace, applicant)
        )
        self.joining.sent(applicant)

    def _decision(self, errand: Errand) -> None:
        request = self.joining.decision(errand.workspace, errand.target)
        if request is not None:
            workspace = self.directory.workspace(errand.workspace)
            self.mail.send(decision_letter(self.console, workspace, request))

    def _campaign_rejected(self, errand: Errand) -> None:
        found = self.rejections.campaign(errand.workspace, errand.target)
        if found is not None:
            campaign, rejection = found
            self._rejected(
                errand.workspace,
                rejection,
                f"Your campaign {campaign.content.name}",
                "You may change it and submit it again:",
                f"campaigns/{campaign.id}",
            )

    def _revision_rejected(self, errand: Errand) -> None:
        found = self.rejections.revision(errand.workspace, errand.target)
        if found is not None:
            revision, rejection = found
            self._rejected(
                errand.workspace,
                rejection,
                f"Your revision {revision.number} of a sender, {revision.address},",
                "It stays as it is. You may add another revision of this sender:",
                f"senders/{revision.sender}",
            )

    def _rejected(
        self, workspace_id: str, rejection: Rejection, what: str, then: str, page: str
    ) -> None:
        """The note is a moderator's, to an author of their own workspace."""
        workspace = self.directory.workspace(workspace_id)
        self.mail.send(
            Letter(
                rejection.to.email,
                f"Rejected in {workspace.name}",
                _text(
                    f"{what} was rejected. A moderator of {workspace.name} writes:",
                    "\n".join(f"    {line}".rstrip() for line in rejection.note.splitlines()),
                    then,
                    f"{self.console}/workspaces/{workspace.id}/{page}",
                ),
            )
        )


def invitation_letter(
    console: str, workspace: Workspace, invitation: Invitation, token: str
) -> Letter:
    role = invitation.role.value.replace("_", " ")
    return Letter(
        invitation.email,
        f"Invitation to {workspace.name}",
        _text(
            f"You are invited to the workspace {workspace.name} of Message Center, as {role}.",
            _open(f"{console}/invitation", token),
            f"The invitation holds until {_until(invitation.expires_at)}, and works once.",
            NOT_YOU,
        ),
    )


def reset_letter(console: str, user: User, token: str) -> Letter:
    minutes = RESET_LENGTH // timedelta(minutes=1)
    return Letter(
        user.email,
        "A new password for Message Center",
        _text(
            "Somebody, probably you, asked for a new password for your account.",
            _open(f"{console}/password-reset", token),
            f"This holds for {minutes} minutes, and works once.",
            "If it was not you, leave it: your password stays as it is.",
        ),
    )


def confirmation_letter(
    console: str, workspace: Workspace, applicant: Applicant, token: str
) -> Letter:
    return Letter(
        applicant.email,
        f"Confirm your address to join {workspace.name}",
        _text(
            f"Somebody, probably you, asked to join the workspace {workspace.name} of Message "
            "Center with this address. Confirm it, and an admin will decide.",
            _open(f"{console}/join", token),
            f"This holds until {_until(applicant.expires_at)}, and works once.",
            NOT_YOU,
        ),
    )


def has_account_letter(console: str, workspace: Workspace, applicant: Applicant) -> Letter:
    return Letter(
        applicant.email,
        f"You have an account already: joining {workspace.name}",
        _text(
            f"Somebody, probably you, asked to join the workspace {workspace.name} of Message "
            "Center with this address, as if it had no account. It has one: sign in, then use the "
            "join code again.",
            console,
            NOT_YOU,
        ),
    )


def decision_letter(console: str, workspace: Workspace, request: JoinRequest) -> Letter:
    if request.status is JoinStatus.APPROVED:
        return Letter(
            request.email,
            f"Welcome to {workspace.name}",
            _text(
                f"An admin has approved your request: you are a member of {workspace.name} now.",
                f"{console}/workspaces/{workspace.id}",
            ),
        )
    return Letter(
        request.email,
        f"Your request to join {workspace.name}",
        _text(
            f"An admin has not approved your request to join {workspace.name}.",
            "If you think that this is a mistake, ask an admin of the workspace.",
        ),
    )


def _open(page: str, token: str) -> str:
    return f"Open this page:\n{page}#{token}\n\nor use this token:\n{token}"


def _until(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %B %Y, %H:%M} UTC"


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
