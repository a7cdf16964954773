"""Anybody does anything about members, in any order, and it is compared with a model.

Callers are kept, so that people also act on rights that they had once.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from chalicelib.domain.invitation import (
    APPLICANT_PREFIX,
    APPLICATION_LENGTH,
    INVITATION_LENGTH,
    INVITATION_PREFIX,
    MAIL_PAUSE,
    Invitation,
)
from chalicelib.domain.membership import LastAdmin, Member
from chalicelib.domain.rights import RIGHTS, Right
from chalicelib.domain.workspace import MASTER
from tests.unit.usecases.membership_model import (
    ADMIN_OF,
    EVERYBODY,
    WORKSPACES,
    Model,
    pick,
    possible,
    seat_of,
    standing,
)
from tests.unit.usecases.people import HERE, PASSWORD

# Picks from what there is, which no strategy knows beforehand.
ANY = st.integers(0, 1000)
STEPS = st.sampled_from((timedelta(seconds=61), APPLICATION_LENGTH, INVITATION_LENGTH))
# Of codes one of the last few: the others have little to say.
LATE = st.integers(0, 5)


class Membership(Model):
    # --- members ---

    @rule(workspace=st.sampled_from(WORKSPACES), choice=ANY)
    def comes(self, workspace: str, choice: int) -> None:
        """As a member, and as a super admin from outside."""
        _, place = self.whom(workspace, choice)
        if place in self.seats:
            self.callers.append(self.people.caller(*place))
        if (MASTER, place[1]) in self.seats:
            self.callers.append(self.people.visitor(*place))

    @rule(by=ANY, choice=ANY, role=ANY)
    def change_role(self, by: int, choice: int, role: int) -> None:
        caller = pick(self.callers, by)
        seat = seat_of(caller.workspace, role)
        _, place = self.whom(caller.workspace, choice)
        may = self.may_change(caller, place) and possible(place[0], seat)
        unmakes = may and self.admins(place[0]) == {place[1]} and seat[0] is not ADMIN_OF[place[0]]
        refusal = self.act(
            lambda: self.people.members.change_role(
                caller, place[1], seat[0], is_moderator=seat[1]
            ),
            allowed=may and not unmakes,
        )
        assert isinstance(refusal, LastAdmin) is unmakes
        if refusal is None:
            self.seats[place] = seat

    @rule(by=ANY, choice=ANY)
    def remove(self, by: int, choice: int) -> None:
        caller = pick(self.callers, by)
        email, place = self.whom(caller.workspace, choice)
        may = self.may_change(caller, place)
        unmakes = may and self.admins(place[0]) == {place[1]}
        refusal = self.act(
            lambda: self.people.members.remove(caller, place[1]), allowed=may and not unmakes
        )
        assert isinstance(refusal, LastAdmin) is unmakes
        if refusal is None:
            del self.seats[place]
            held = self.open_invitation(place[0], email)
            if held is not None:
                held.is_open = False

    # --- invitations ---

    @rule(by=ANY, choice=ANY, role=ANY)
    def invite(self, by: int, choice: int, role: int) -> None:
        caller, email = pick(self.callers, by), pick(EVERYBODY, choice)
        seat = seat_of(caller.workspace, role)
        made: list[Invitation] = []
        refusal = self.act(
            lambda: made.append(
                self.people.invitations.invite(caller, email, seat[0], is_moderator=seat[1])
            ),
            allowed=self.entitled(caller)
            and possible(caller.workspace, seat)
            and (caller.workspace, self.accounts.get(email)) not in self.seats
            and self.open_invitation(caller.workspace, email) is None,
        )
        if refusal is None:
            self.note_invitation(made[0])

    @rule(by=ANY, choice=ANY, again=st.booleans())
    def revoke_or_resend(self, by: int, choice: int, *, again: bool) -> None:
        caller = pick(self.callers, by)
        near = [each for each in self.invited if each.workspace == caller.workspace]
        invited = pick([*near, *near, *self.invited], choice)
        mine = invited.workspace == caller.workspace and self.entitled(caller)
        may = mine and self.holds(invited)
        if again:
            lately = invited.mailed_at is not None and self.now < invited.mailed_at + MAIL_PAUSE
            refusal = self.act(
                lambda: self.people.invitations.resend(caller, invited.id),
                allowed=may and not lately,
            )
            if refusal is None:
                invited.ends = self.now + INVITATION_LENGTH
            return
        refusal = self.act(lambda: self.people.invitations.revoke(caller, invited.id), allowed=may)
        if refusal is None:
            invited.is_open = False

    @rule()
    def mails_go_out(self) -> None:
        self.send_mails()

    @rule(which=ANY, choice=ANY, rightly=st.booleans())
    def accept(self, which: int, choice: int, *, rightly: bool) -> None:
        """By whom it was sent to, or by whoever got hold of the token; with an account or not."""
        token = self.token(INVITATION_PREFIX, which)
        invited = self.invitation_in(token)
        email = invited.email if invited and rightly else pick(EVERYBODY, choice)
        user = self.accounts.get(email)
        good = invited is not None and self.holds(invited) and invited.token == token
        whose = invited.email if invited else ""
        if user is not None:
            refusal = self.act(
                lambda: self.people.invitations.accept_as(user, token, HERE),
                allowed=good
                and whose == email
                and (invited.workspace if invited else "", user) not in self.seats,
            )
        else:
            refusal = self.act(
                lambda: self.people.invitations.accept(token, "New", PASSWORD, HERE),
                allowed=good and whose not in self.accounts,
            )
        if refusal is None and invited is not None:
            invited.is_open = False
            place = (invited.workspace, self.account(whose))
            self.seats[place] = invited.seat
            if self.asked.get(place) == "pending":
                del self.asked[place]

    # --- joining ---

    @rule(by=ANY, remove=st.booleans())
    def change_code(self, by: int, *, remove: bool) -> None:
        caller, desk = pick(self.callers, by), self.people.settings
        if remove:
            self.act(lambda: desk.remove_join_code(caller), allowed=self.entitled(caller))
            return
        refusal = self.act(
            lambda: desk.make_join_code(caller),
            allowed=self.entitled(caller) and caller.workspace != MASTER,
        )
        if refusal is None:
            self.codes.append(desk.join_code(caller) or "")

    @rule(newest=LATE, choice=ANY)
    def ask(self, newest: int, choice: int) -> None:
        code, email = pick(self.codes[::-1], newest), pick(EVERYBODY, choice)
        workspace = self.people.directory.workspace(code.partition(".")[0])
        good = workspace.join_code == code
        user = self.accounts.get(email)
        if user is None:
            self.act(lambda: self.people.joining.ask(code, email, "New"), allowed=good)
            return
        refusal = self.act(
            lambda: self.people.joining.ask_as(user, code, HERE),
            allowed=good and (workspace.id, user) not in self.seats,
        )
        if refusal is None:
            self.asked[workspace.id, user] = "pending"

    @rule(which=ANY)
    def confirm(self, which: int) -> None:
        token = self.token(APPLICANT_PREFIX, which)
        place = self.applicant_in(token)
        applied = self.applied.get(place)
        refusal = self.act(
            lambda: self.people.joining.confirm(token, PASSWORD, HERE),
            allowed=applied is not None
            and applied.token == token
            and self.now < applied.ends
            and place[1] not in self.accounts,
        )
        if refusal is None:
            self.asked[place[0], self.account(place[1])] = "pending"
            del self.applied[place]

    @rule(by=ANY, choice=ANY, role=ANY)
    def approve(self, by: int, choice: int, role: int) -> None:
        caller = pick(self.callers, by)
        seat = seat_of(caller.workspace, role)
        place = self.asker(caller.workspace, choice)
        refusal = self.act(
            lambda: self.people.joining.approve(caller, place[1], seat[0], is_moderator=seat[1]),
            allowed=self.may_decide(caller, place) and possible(place[0], seat),
        )
        if refusal is None:
            self.asked[place], self.seats[place] = "approved", seat

    @rule(by=ANY, choice=ANY)
    def reject(self, by: int, choice: int) -> None:
        caller = pick(self.callers, by)
        place = self.asker(caller.workspace, choice)
        refusal = self.act(
            lambda: self.people.joining.reject(caller, place[1]),
            allowed=self.may_decide(caller, place),
        )
        if refusal is None:
            self.asked[place] = "rejected"

    @rule(by=STEPS)
    def time_goes_by(self, by: timedelta) -> None:
        self.people.clock.advance(by)

    # --- what always holds ---

    @invariant()
    def members_are_what_the_rules_make_of_them(self) -> None:
        stored = {
            (member.workspace, member.user): (member.role, member.is_moderator)
            for member in self.people.records.all(Member)
        }
        assert stored == self.seats
        assert all(possible(workspace, seat) for (workspace, _), seat in stored.items())

    @invariant()
    def the_roster_names_the_admins_and_no_workspace_loses_its_last(self) -> None:
        for workspace in WORKSPACES:
            admins = self.people.admins(workspace)
            assert admins
            assert sorted(self.people.roster(workspace).admins) == sorted(admins)

    @invariant()
    def the_next_request_has_the_rights_of_this_moment(self) -> None:
        for workspace in WORKSPACES:
            for user in self.accounts.values():
                seat = self.seats.get((workspace, user))
                if seat is None:
                    assert self.people.directory.seat(workspace, user) is None
                    continue
                scopes = self.people.caller(workspace, user).scopes
                column = standing(seat)
                assert scopes == {right: RIGHTS[right].scopes[column] for right in Right}

    @invariant()
    def every_invitation_is_accepted_once_at_most(self) -> None:
        accepted = [
            record.object
            for record in self.people.records.audit
            if record.action == "invitation.accepted"
        ]
        assert len(accepted) == len(set(accepted))


TestMembership = Membership.TestCase
TestMembership.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
