"""Two workspaces and the installation's own, with people in them, and all that decides about people
wired on fakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.audit import Actor, system
from chalicelib.domain.identity import User, normal_email
from chalicelib.domain.membership import ADMINS, Member, Roster
from chalicelib.domain.rights import Role, Standing, scopes_of
from chalicelib.domain.workspace import MASTER, Workspace
from chalicelib.usecases.auditing import Auditor, Caller, Retentions
from chalicelib.usecases.identity import Origin
from chalicelib.usecases.invitations import InvitationMails, Invitations
from chalicelib.usecases.joining import Joining, JoinMails
from chalicelib.usecases.mailing import Mailer
from chalicelib.usecases.members import Members
from chalicelib.usecases.rejections import RejectionMails
from chalicelib.usecases.repeats import Repeats
from chalicelib.usecases.resets import ResetMails
from chalicelib.usecases.settings import WorkspaceDesk
from chalicelib.usecases.standing import seated
from tests.fakes.post import FakeErrands, FakeMail
from tests.fakes.records import FakeCampaigns, FakeChanges, FakeDirectory, Records
from tests.fakes.services import FakeClock, FakeDataKeys, FakeIds, FakePasswords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.letters import Letter
    from chalicelib.usecases.ports import Changes, Directory, Versioned

ACME = "wsp_acme"
OTHER = "wsp_other"
PASSWORD = "correct horse battery"
HERE = Origin("192.0.2.1", "test", "req-1")
CONSOLE = "https://console.example"


@dataclass
class People:
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    records: Records = field(default_factory=Records)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    data_keys: FakeDataKeys = field(default_factory=FakeDataKeys)
    errands: FakeErrands = field(default_factory=FakeErrands)
    mail: FakeMail = field(default_factory=FakeMail)

    def __post_init__(self) -> None:
        self.directory: Directory = FakeDirectory(self.records)
        self.auditor = Auditor(self.clock, self.ids, Retentions(self.directory, self.clock))
        self.wire(FakeChanges(self.records))
        for workspace, name in ((MASTER, "Installation"), (ACME, "Acme"), (OTHER, "Other")):
            self.add_workspace(workspace, name)
        self.root = self.add_member(MASTER, self.add_user("root@example.com"), Role.SUPER_ADMIN)

    def wire(self, changes: Changes) -> None:
        self.changes = changes
        repeats = Repeats(self.directory, self.clock)
        self.members = Members(self.directory, changes, self.clock, self.auditor)
        self.invitations = Invitations(
            directory=self.directory,
            changes=changes,
            repeats=repeats,
            passwords=self.passwords,
            errands=self.errands,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.joining = Joining(
            directory=self.directory,
            changes=changes,
            passwords=self.passwords,
            errands=self.errands,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.settings = WorkspaceDesk(
            directory=self.directory,
            changes=changes,
            repeats=repeats,
            data_keys=self.data_keys,
            errands=self.errands,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.invitation_mails = InvitationMails(self.directory, changes, self.clock, self.ids)
        self.join_mails = JoinMails(self.directory, changes, self.clock, self.ids)
        self.mailer = Mailer(
            directory=self.directory,
            invitations=self.invitation_mails,
            joining=self.join_mails,
            resets=ResetMails(self.directory, changes, self.clock, self.ids, self.auditor),
            rejections=RejectionMails(self.directory, FakeCampaigns(self.records)),
            mail=self.mail,
            console=CONSOLE,
        )

    # --- what is there ---

    def add_workspace(self, workspace: str, name: str) -> None:
        made = Workspace(
            id=workspace,
            name=name,
            time_zone="UTC",
            self_approval=False,
            wrapped_data_key=self.data_keys.create(workspace),
            created_at=self.clock.now(),
        )
        self.changes.commit(made, audit=self.prepared(workspace))

    def add_user(self, email: str) -> User:
        user = User(
            id=self.ids.new("usr"),
            email=normal_email(email),
            name=email.partition("@")[0].title(),
            password_hash=self.passwords.hash(PASSWORD),
            created_at=self.clock.now(),
        )
        return self.changes.save(user, self.prepared(MASTER))

    def add_member(
        self, workspace: str, user: User, role: Role, *, is_moderator: bool = False
    ) -> Member:
        member = Member(workspace, user.id, role, is_moderator, self.clock.now())
        records = seated(self.directory, member)
        self.changes.commit(*records, audit=self.prepared(workspace))
        return self.member(workspace, user.id)

    def person(
        self, email: str, role: Role, workspace: str = ACME, *, is_moderator: bool = False
    ) -> Caller:
        user = self.add_user(email)
        self.add_member(workspace, user, role, is_moderator=is_moderator)
        return self.caller(workspace, user.id)

    def prepared(self, workspace: str) -> AuditRecord:
        return self.auditor.record(workspace, system("test"), "test.prepared", workspace)

    # --- who asks ---

    def caller(self, workspace: str, user: str) -> Caller:
        """As a request that comes now would have it."""
        seat = self.directory.seat(workspace, user)
        assert seat is not None, f"{user} is no member of {workspace}"
        place, member = seat
        scopes = scopes_of(member.standing, place.permissions)
        actor = Actor(user, member.role.value, HERE.address, HERE.agent, HERE.request)
        return Caller(workspace, user, scopes, actor)

    def visitor(self, workspace: str, user: str) -> Caller:
        """A super admin on the installation's own routes."""
        actor = Actor(user, Role.SUPER_ADMIN.value, HERE.address, HERE.agent, HERE.request)
        return Caller(workspace, user, scopes_of(Standing.SUPER_ADMIN, {}), actor)

    # --- what became of it ---

    def member(self, workspace: str, user: str) -> Member:
        member = self.directory.member(workspace, user)
        assert member is not None, f"{user} is no member of {workspace}"
        return member

    def admins(self, workspace: str) -> set[str]:
        members = self.records.all(Member, workspace=workspace)
        return {member.user for member in members if member.role in ADMINS}

    def roster(self, workspace: str) -> Roster:
        return self.directory.roster(workspace)

    def actions(self) -> list[str]:
        actions = [record.action for record in self.records.audit]
        return [action for action in actions if action != "test.prepared"]

    def post(self) -> list[Letter]:
        """Do all errands; what was sent for them."""
        before = len(self.mail.sent)
        while self.errands.posted:
            self.mailer.do(self.errands.posted.pop(0))
        return self.mail.sent[before:]


def token_in(letter: Letter) -> str:
    """Its link and its text hold the same."""
    link = next(line for line in letter.text.splitlines() if line.startswith(CONSOLE))
    token = link.partition("#")[2]
    assert token in letter.text.splitlines()
    return token


class Interrupted(FakeChanges):
    """Does what is given just before the next commit, as somebody else's request might."""

    def __init__(self, people: People, meanwhile: Callable[[], object], times: int = 1) -> None:
        super().__init__(people.records)
        self._meanwhile = meanwhile
        self._left = times

    def commit(
        self, *records: Versioned, remove: Sequence[Versioned] = (), audit: AuditRecord
    ) -> None:
        if self._left:
            self._left -= 1
            self._meanwhile()
        super().commit(*records, remove=remove, audit=audit)


def interrupt(people: People, meanwhile: Callable[[People], object], times: int = 1) -> People:
    """The same records, seen by a request that another one gets ahead of."""
    other = object.__new__(People)
    other.__dict__.update(people.__dict__)
    other.wire(Interrupted(people, lambda: meanwhile(people), times))
    return other
