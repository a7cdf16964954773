"""What SPEC 2.2 and 2.3 say about members, invitations and requests, in a few lines and without a
database: what the use cases do is compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from chalicelib.domain.errors import MessageCenterError
from chalicelib.domain.invitation import (
    APPLICANT_PREFIX,
    APPLICATION_LENGTH,
    INVITATION_LENGTH,
    INVITATION_PREFIX,
    Invitation,
    entry_in,
    referred_email,
)
from chalicelib.domain.rights import Right, Role, Standing
from chalicelib.domain.workspace import MASTER
from tests.unit.usecases.people import ACME, HERE, OTHER, People, token_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from chalicelib.usecases.auditing import Caller

T = TypeVar("T")
Seat = tuple[Role, bool]
# A workspace and a user.
Place = tuple[str, str]

WORKSPACES = (MASTER, ACME, OTHER)
ADMIN_OF = {MASTER: Role.SUPER_ADMIN, ACME: Role.ADMIN, OTHER: Role.ADMIN}
# The last two have no account in the beginning.
ROOT, SECOND, ADA, BEN, CAL, DEE, EVE, FLO = EVERYBODY = tuple(
    f"{name}@example.com" for name in ("root", "second", "ada", "ben", "cal", "dee", "eve", "flo")
)
FIRST_SEATS = (
    (MASTER, SECOND, Role.SUPER_ADMIN),
    (ACME, ADA, Role.ADMIN),
    (ACME, BEN, Role.ADMIN),
    (ACME, CAL, Role.AUTHOR),
    (OTHER, CAL, Role.ADMIN),
)


@dataclass
class Invited:
    id: str
    workspace: str
    email: str
    seat: Seat
    ends: datetime
    mailed_at: datetime | None = None
    token: str | None = None
    is_open: bool = True


@dataclass
class Applied:
    token: str
    ends: datetime


def pick(things: Sequence[T], choice: int) -> T:
    return things[choice % len(things)]


def possible(workspace: str, seat: Seat) -> bool:
    role, is_moderator = seat
    in_place = (role is Role.SUPER_ADMIN) == (workspace == MASTER)
    return in_place and (role is Role.AUTHOR or not is_moderator)


def seat_of(workspace: str, choice: int) -> Seat:
    """Mostly one that this workspace has."""
    seats = [(role, is_moderator) for role in Role for is_moderator in (False, True)]
    return pick([*seats, *(5 * [seat for seat in seats if possible(workspace, seat)])], choice)


def standing(seat: Seat) -> Standing:
    return Standing.AUTHOR_MODERATOR if seat == (Role.AUTHOR, True) else Standing[seat[0].name]


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.people = People()
        users = {email: self.people.add_user(email) for email in (SECOND, ADA, BEN, CAL, DEE)}
        self.accounts = {ROOT: self.people.root.user}
        self.accounts |= {email: user.id for email, user in users.items()}
        self.seats: dict[Place, Seat] = {(MASTER, self.people.root.user): (Role.SUPER_ADMIN, False)}
        for workspace, email, role in FIRST_SEATS:
            self.people.add_member(workspace, users[email], role)
            self.seats[workspace, users[email].id] = (role, False)
        self.callers = [self.people.caller(*place) for place in self.seats]
        self.callers += [self.people.visitor(place, self.accounts[ROOT]) for place in WORKSPACES]
        self.invited: list[Invited] = []
        self.asked: dict[Place, str] = {}
        self.applied: dict[Place, Applied] = {}
        self.tokens: list[str] = []
        self.codes: list[str] = []
        self.begin()

    def begin(self) -> None:
        """With something of everything, so that every step has something to work on."""
        invitations, joining = self.people.invitations, self.people.joining
        for workspace in (ACME, OTHER):
            caller = self.people.visitor(workspace, self.accounts[ROOT])
            self.codes.append(self.people.settings.make_join_code(caller).join_code or "")
            self.note_invitation(invitations.invite(caller, DEE, Role.ADMIN))
            self.note_invitation(invitations.invite(caller, EVE, Role.AUTHOR, is_moderator=True))
            joining.ask(self.codes[-1], FLO, "Flo")
            for email in (SECOND, DEE):
                joining.ask_as(self.accounts[email], self.codes[-1], HERE)
                self.asked[workspace, self.accounts[email]] = "pending"
        self.send_mails()

    # --- the model ---

    @property
    def now(self) -> datetime:
        return self.people.clock.now()

    def whom(self, workspace: str, choice: int) -> tuple[str, Place]:
        """An address and its place: more often of somebody who is there, or asked to be."""
        known = {user for place, user in (*self.seats, *self.asked) if place == workspace}
        emails = [email for email, user in self.accounts.items() if user in known]
        email = pick([*emails, *emails, *EVERYBODY], choice)
        return email, (workspace, self.accounts.get(email, "usr_nobody"))

    def asker(self, workspace: str, choice: int) -> Place:
        asked = [place for place in self.asked if place[0] == workspace]
        return pick([*asked, *asked, *asked, self.whom(workspace, choice)[1]], choice)

    def token(self, prefix: str, choice: int) -> str:
        fitting = [token for token in self.tokens if token.startswith(prefix)]
        return pick([*fitting, *fitting, *fitting, *self.tokens], choice)

    def entitled(self, caller: Caller) -> bool:
        """To manage members: by a role that they had when they came, and have still."""
        home = MASTER if caller.actor.role == Role.SUPER_ADMIN else caller.workspace
        role, _ = self.seats.get((home, caller.user), (None, False))
        return caller.may(Right.ADMINISTER) and role is ADMIN_OF[home]

    def admins(self, workspace: str) -> set[str]:
        return {
            user
            for (place, user), (role, _) in self.seats.items()
            if place == workspace and role is ADMIN_OF[workspace]
        }

    def may_change(self, caller: Caller, place: Place) -> bool:
        return self.entitled(caller) and place in self.seats and place[1] != caller.user

    def may_decide(self, caller: Caller, place: Place) -> bool:
        pending = self.asked.get(place) == "pending"
        return self.entitled(caller) and pending and place[1] != caller.user

    def holds(self, invited: Invited) -> bool:
        return invited.is_open and self.now < invited.ends

    def open_invitation(self, workspace: str, email: str) -> Invited | None:
        found = [
            each
            for each in self.invited
            if (each.workspace, each.email) == (workspace, email) and self.holds(each)
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def act(self, call: Callable[[], Any], *, allowed: bool) -> MessageCenterError | None:
        """Do it; it must be refused, without a trace, exactly if it is not allowed."""
        records = len(self.people.records.audit)
        try:
            call()
        except MessageCenterError as error:
            refusal = error
        else:
            assert allowed, "done by whom, or to whom, it may not be done"
            return None
        assert not allowed, f"refused: {refusal}"
        assert len(self.people.records.audit) == records
        return refusal

    def account(self, email: str) -> str:
        user = self.people.directory.user_by_email(email)
        assert user is not None
        return self.accounts.setdefault(email, user.id)

    def invitation_in(self, token: str) -> Invited | None:
        named = entry_in(token, INVITATION_PREFIX)
        return next((each for each in self.invited if named and each.id.endswith(named[1])), None)

    def applicant_in(self, token: str) -> Place:
        workspace, reference = entry_in(token, APPLICANT_PREFIX) or ("", "")
        return workspace, referred_email(reference) or ""

    def note_invitation(self, made: Invitation) -> None:
        seat = (made.role, made.is_moderator)
        ends = self.now + INVITATION_LENGTH
        self.invited.append(Invited(made.id, made.workspace, made.email, seat, ends))

    def send_mails(self) -> None:
        for letter in self.people.post():
            if "#" not in letter.text:
                continue
            token = token_in(letter)
            self.tokens.append(token)
            invitation = self.invitation_in(token)
            if invitation is not None:
                invitation.token, invitation.mailed_at = token, self.now
            else:
                ends = self.now + APPLICATION_LENGTH
                self.applied[self.applicant_in(token)] = Applied(token, ends)
