"""The mailer's side of a password reset: whom to write to, and with which token (SPEC 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit import system
from chalicelib.domain.errors import Exists, Stale
from chalicelib.domain.identity import RESET_PREFIX, normal_email, open_reset, token_of
from chalicelib.domain.invitation import MAIL_PAUSE
from chalicelib.domain.workspace import MASTER

if TYPE_CHECKING:
    from chalicelib.domain.identity import User
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.ports import Changes, Clock, Directory, Ids


@dataclass(frozen=True, slots=True)
class ResetMails:
    directory: Directory
    changes: Changes
    clock: Clock
    ids: Ids
    auditor: Auditor

    def write_reset(self, email: str) -> tuple[User, str] | None:
        """None if no mail is due: there is no such account, or it got one a moment ago. A mail that
        could not be sent is tried again later than that: the queue waits for longer.
        """
        user = self.directory.user_by_email(normal_email(email))
        if user is None:
            return None
        now, known = self.clock.now(), self.directory.password_reset(user.id)
        if known is not None and now - known.created_at < MAIL_PAUSE:
            return None
        token = token_of(RESET_PREFIX, user.id, self.ids.token())
        reset = open_reset(user.id, token, now, known.version if known else 0)
        audit = self.auditor.record(MASTER, system("mailer"), "password.reset_sent", user.id)
        try:
            self.changes.commit(reset, audit=audit)
        except (Exists, Stale):  # another mailer is at it
            return None
        return user, token
