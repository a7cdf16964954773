"""Use cases on fakes, wired as bootstrap wires them on AWS."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import Records
from chalicelib.bootstrap.api_use_cases import Api, Services, compose_api
from chalicelib.domain.audit import Actor, AuditRecord, system
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.decision import Decision
from chalicelib.domain.delivery import JournalItem
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.formats.chunk import Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.ledger import Outcome, OutcomeKind
from chalicelib.domain.moderation import revision_item
from chalicelib.domain.recipient_list import ListCounts, ListStatus, RecipientList, list_prefix
from chalicelib.domain.rights import Role, scopes_of
from chalicelib.domain.sender import (
    DESTINATION,
    Revision,
    RevisionStatus,
    Sender,
    default_type,
)
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases.auditing import Auditor, Caller, Recorder, Retentions
from chalicelib.usecases.drafting import ContentChanges
from chalicelib.usecases.drive import Driver
from chalicelib.usecases.erasing import Eraser
from chalicelib.usecases.folding import Folder
from chalicelib.usecases.installation import Installation
from chalicelib.usecases.invitations import InvitationMails
from chalicelib.usecases.joining import JoinMails
from chalicelib.usecases.list_keeping import ListKeeping, ListSweep
from chalicelib.usecases.mailing import Mailer
from chalicelib.usecases.ports import next_version
from chalicelib.usecases.receipts import Receipts
from chalicelib.usecases.rejections import RejectionMails
from chalicelib.usecases.resets import ResetMails
from chalicelib.usecases.sealing import Keeper
from chalicelib.usecases.sweeping import AuditSweep, Sweep
from chalicelib.usecases.tending_uploads import UploadSweep
from chalicelib.usecases.wishes import Wishes
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeAuditFallback, FakeCheckpoints
from tests.fakes.post import FakeErrands, FakeMail
from tests.fakes.records import (
    FakeAuditLog,
    FakeCampaigns,
    FakeChanges,
    FakeDelivery,
    FakeDirectory,
    FakeQueue,
)
from tests.fakes.records import Records as Stored
from tests.fakes.services import (
    FakeClock,
    FakeDataKeys,
    FakeExecutions,
    FakeIds,
    FakeIngests,
    FakePasswords,
    FakeSurveys,
)
from tests.fakes.storage import FakeBlobs, FakeDownloads, FakeUploads
from tests.fakes.suppressions import FakeSuppressions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.letters import Errand
    from chalicelib.domain.membership import Member
    from chalicelib.usecases.campaigns import CampaignDesk
    from chalicelib.usecases.identity import Identity
    from chalicelib.usecases.lists import Lists
    from chalicelib.usecases.ports import Campaigns, Changes, Delivery, Directory, Suppressions
    from chalicelib.usecases.recipients import Recipients

UPLOAD_MAX = 100 * 1024 * 1024
PASSWORD = "correct horse battery"


@dataclass
class World:
    """One workspace with people, a channel and an approved sender."""

    workspace: str = "wsp_a"
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    records: Stored = field(default_factory=Stored)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    uploads: FakeUploads = field(default_factory=FakeUploads)
    data_keys: FakeDataKeys = field(default_factory=FakeDataKeys)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    surveys: FakeSurveys = field(default_factory=FakeSurveys)
    ingests: FakeIngests = field(default_factory=FakeIngests)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    errands: FakeErrands = field(default_factory=FakeErrands)
    fallback: FakeAuditFallback = field(default_factory=FakeAuditFallback)
    checkpoints: FakeCheckpoints = field(default_factory=FakeCheckpoints)

    def __post_init__(self) -> None:
        self.keep_records()
        self.retentions = Retentions(self.directory, self.clock)
        self.auditor = Auditor(self.clock, self.ids, self.retentions)
        self.recorder = Recorder(self.audit_log, self.fallback, self.clock)
        self.folder = Folder(
            delivery=self.delivery,
            campaigns=self.campaigns,
            blobs=self.blobs,
            changes=self.changes,
            executions=self.executions,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.wishes = Wishes(self.suppressions, self.blobs, self.clock)
        self.driver = Driver(
            campaigns=self.campaigns,
            delivery=self.delivery,
            blobs=self.blobs,
            changes=self.changes,
            executions=self.executions,
            folder=self.folder,
            wishes=self.wishes,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
        )
        self.receipts = Receipts(
            self.directory, self.delivery, self.blobs, self.data_keys, self.clock
        )
        self.sweep = Sweep(
            campaigns=self.campaigns,
            delivery=self.delivery,
            changes=self.changes,
            executions=self.executions,
            folder=self.folder,
            receipts=self.receipts,
            clock=self.clock,
            auditor=self.auditor,
        )
        self.upload_sweep = UploadSweep(
            campaigns=self.campaigns,
            changes=self.changes,
            uploads=self.uploads,
            ingests=self.ingests,
            clock=self.clock,
            auditor=self.auditor,
        )
        self.audit_sweep = AuditSweep(
            directory=self.directory,
            log=self.audit_log,
            fallback=self.fallback,
            keeper=Keeper(self.audit_log, self.checkpoints, self.clock),
            clock=self.clock,
        )
        self.list_sweep = ListSweep(
            keeping=ListKeeping(
                directory=self.directory,
                campaigns=self.campaigns,
                suppressions=self.suppressions,
                changes=self.changes,
                clock=self.clock,
                auditor=self.auditor,
            ),
            directory=self.directory,
            campaigns=self.campaigns,
            changes=self.changes,
            blobs=self.blobs,
            uploads=self.uploads,
            clock=self.clock,
        )
        self.eraser = Eraser(
            directory=self.directory,
            campaigns=self.campaigns,
            suppressions=self.suppressions,
            data_keys=self.data_keys,
            changes=self.changes,
            blobs=self.blobs,
            uploads=self.uploads,
            clock=self.clock,
            auditor=self.auditor,
        )
        self.installation = Installation(
            directory=self.directory,
            changes=self.changes,
            data_keys=self.data_keys,
            passwords=self.passwords,
            clock=self.clock,
            ids=self.ids,
            auditor=self.auditor,
            actor=Actor("usr_operator", "super_admin"),
        )
        self._settle_in()

    @cached_property
    def api(self) -> Api:
        return compose_api(
            Services(
                records=Records(
                    directory=self.directory,
                    campaigns=self.campaigns,
                    delivery=self.delivery,
                    queue=self.queue,
                    suppressions=self.suppressions,
                    changes=self.changes,
                    audit=self.audit_log,
                ),
                clock=self.clock,
                ids=self.ids,
                auditor=self.auditor,
                recorder=self.recorder,
                passwords=self.passwords,
                data_keys=self.data_keys,
                errands=self.errands,
                checkpoints=self.checkpoints,
                uploads=self.uploads,
                downloads=FakeDownloads(self.blobs),
                blobs=self.blobs,
                executions=self.executions,
                surveys=self.surveys,
                upload_max_bytes=UPLOAD_MAX,
            )
        )

    @property
    def identity(self) -> Identity:
        return self.api.identity

    @property
    def lists(self) -> Lists:
        return self.api.lists

    @property
    def desk(self) -> CampaignDesk:
        return self.api.campaigns

    @property
    def recipients(self) -> Recipients:
        return self.api.recipients

    def keep_records(self) -> None:
        self.directory: Directory = FakeDirectory(self.records)
        self.campaigns: Campaigns = FakeCampaigns(self.records)
        self.queue = FakeQueue(self.records)
        self.suppressions: Suppressions = FakeSuppressions(self.records)
        self.delivery: Delivery = FakeDelivery(self.records)
        self.changes: Changes = FakeChanges(self.records)
        self.audit_log = FakeAuditLog(self.records)

    def _settle_in(self) -> None:
        self.installation.add_workspace(self.workspace, "Acme", "Europe/London")
        self.channel = self.installation.add_channel(samples.channel()).id
        self.sender = self.add_sender("Shop", "ACME").id
        self.author = self.person("author@example.com", Role.AUTHOR)
        self.moderator = self.person("moderator@example.com", Role.MODERATOR)

    def add_sender(
        self, name: str, address: str, *, approved: bool = True, workspace: str | None = None
    ) -> Sender:
        """With its first revision, approved or waiting."""
        place, now = workspace or self.workspace, self.clock.now()
        sender = Sender(self.ids.new("snd"), place, name, 1 if approved else None, now, revisions=1)
        revision = Revision(
            sender=sender.id,
            number=1,
            workspace=place,
            status=RevisionStatus.APPROVED if approved else RevisionStatus.PENDING,
            address=address,
            source=default_type(address),
            destination=DESTINATION,
            channel=self.channel,
            author="usr_operator",
            created_at=now,
            submitted_at=now,
            decision=Decision("usr_operator", now) if approved else None,
        )
        waiting = () if approved else (revision_item(revision),)
        self.changes.commit(sender, revision, *waiting, audit=self.audit())
        return next_version(sender)

    def person(self, email: str, role: Role, *, is_moderator: bool = False) -> Caller:
        user = self.installation.add_person(email, email, PASSWORD)
        member = self.installation.add_member(
            self.workspace, user.id, role, is_moderator=is_moderator
        )
        return self.caller(member)

    def caller(self, member: Member) -> Caller:
        """What signing in makes of a member, under the workspace's permissions of this moment."""
        workspace = self.directory.workspace(member.workspace)
        scopes = scopes_of(member.standing, workspace.permissions)
        actor = Actor(member.user, member.role.value, "127.0.0.1", "test", "req-1")
        return Caller(workspace.id, member.user, scopes, actor, workspace.self_approval)

    def ready_list(
        self,
        numbers: list[int],
        *,
        per_chunk: int = 10_000,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> RecipientList:
        """A list as ingest leaves it; `columns` have their values in the order of `numbers`."""
        columns = columns or {}
        list_id = self.ids.new("lst")
        mixer = Mixer.of(self.data_key())
        pairs = sorted((mixer.token(number), number, place) for place, number in enumerate(numbers))
        entries = []
        for number, start in enumerate(range(0, len(pairs), per_chunk)):
            part = pairs[start : start + per_chunk]
            digits = array("Q", [each[1] for each in part])
            values = {name: [column[at] for _, _, at in part] for name, column in columns.items()}
            data = chunk_format.encode(Chunk(digits, values))
            blob = f"{list_prefix(self.workspace, list_id)}/chunk-{number:05}"
            self.blobs.put(blob, data)
            entries.append(
                ChunkEntry(
                    number=number,
                    key=blob,
                    count=len(part),
                    first_token=f"{part[0][0]:016x}",
                    last_token=f"{part[-1][0]:016x}",
                    sha256=hashlib.sha256(data).hexdigest(),
                )
            )
        digest = manifests.digest_of(entries)
        counts = Counts(valid=len(pairs), duplicate=0, invalid={})
        manifest = Manifest(1, self.workspace, list_id, digest, counts, tuple(entries))
        self.blobs.put(
            f"{list_prefix(self.workspace, list_id)}/manifest", manifests.encode(manifest)
        )
        ready = samples.recipient_list(
            id=list_id,
            workspace=self.workspace,
            author=self.author.user,
            status=ListStatus.READY,
            counts=ListCounts(valid=len(pairs)),
            columns=tuple(columns),
            digest=digest,
        )
        return self.changes.save(ready, self.audit())

    def approved_campaign(
        self, numbers: list[int], *, per_chunk: int = 10_000, **written: Any
    ) -> str:
        """A campaign on its way: submitted by the author, approved by another person, started."""
        recipients = self.ready_list(numbers, per_chunk=per_chunk)
        campaign = self.draft(list=recipients.id, auto_start=True, **written)
        submitted = self.desk.submit(self.author, campaign.id)
        self.approve(submitted)
        return campaign.id

    def draft(self, **changes: Any) -> Campaign:
        """One of the author's that needs a list to be submitted, if `changes` names none."""
        written = {"name": "Spring", "text": "Hello", "sender": self.sender, **changes}
        return self.api.drafting.create(self.author, ContentChanges(**written))

    def approve(self, submitted: Campaign) -> Campaign:
        return self.api.moderation.decide_campaign(
            self.moderator, submitted.id, approve=True, note="", shown=submitted.digest
        )

    def audit(self) -> AuditRecord:
        return self.auditor.record(self.workspace, system("test"), "test.prepared", "world")

    def written_token(self, errand: Errand) -> str:
        """Do the errand as the mailer does, and read the token in its letter."""
        ports = (self.directory, self.changes, self.clock, self.ids)
        mail = FakeMail()
        Mailer(
            directory=self.directory,
            invitations=InvitationMails(*ports),
            joining=JoinMails(*ports),
            resets=ResetMails(*ports, self.auditor),
            rejections=RejectionMails(self.directory, self.campaigns),
            mail=mail,
            console="https://console.example",
        ).do(errand)
        (letter,) = mail.sent
        return letter.text.partition("use this token:\n")[2].split()[0]

    def data_key(self) -> bytes:
        wrapped = self.directory.workspace(self.workspace).wrapped_data_key
        return self.data_keys.unwrap(self.workspace, wrapped)

    def answer(self, campaign: str, chunk: int, sequence: int, outcomes: list[Outcome]) -> None:
        """What the bridge would journal."""
        self.delivery.append(
            JournalItem(self.workspace, campaign, chunk, "00000001", sequence, tuple(outcomes))
        )

    def forge_sender(self, status: str = "approved") -> None:
        """Change what was approved, as someone with access to the records might."""
        revision = self.campaigns.revision(self.workspace, self.sender, 1)
        forged = replace(revision, status=RevisionStatus(status), address="EVIL")
        self.changes.save(forged, self.audit())


def accepted(index: int, message_id: str, **changes: int) -> Outcome:
    return Outcome(
        index=index,
        part=changes.get("part", 0),
        parts=changes.get("parts", 1),
        kind=OutcomeKind.ACCEPTED,
        at_ms=1_000 + index,
        space=CodeSpace.NONE,
        code=0,
        message_id=message_id,
    )


def refused(index: int, code: int) -> Outcome:
    return Outcome(index, 0, 1, OutcomeKind.REFUSED, 1_000, CodeSpace.COMMAND_STATUS, code, "")
