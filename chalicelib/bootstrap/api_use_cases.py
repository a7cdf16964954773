"""The API's use cases over whatever services: AWS's, or the tests' fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.usecases.access import Access
from chalicelib.usecases.account import Account
from chalicelib.usecases.audit_desk import AuditDesk
from chalicelib.usecases.campaigns import CampaignDesk
from chalicelib.usecases.credentials import Credentials
from chalicelib.usecases.drafting import Drafting
from chalicelib.usecases.erasing import ErasureDesk
from chalicelib.usecases.identity import Identity
from chalicelib.usecases.invitations import Invitations
from chalicelib.usecases.joining import Joining
from chalicelib.usecases.list_keeping import ListKeeping
from chalicelib.usecases.list_reading import ListReading
from chalicelib.usecases.lists import Lists
from chalicelib.usecases.members import Members
from chalicelib.usecases.moderation import Moderation
from chalicelib.usecases.queueing import QueueBell
from chalicelib.usecases.recipients import Recipients
from chalicelib.usecases.repeats import Repeats
from chalicelib.usecases.review import Reviews
from chalicelib.usecases.screening import Screener
from chalicelib.usecases.senders import SenderDesk
from chalicelib.usecases.settings import WorkspaceDesk
from chalicelib.usecases.starting import Starter
from chalicelib.usecases.suppressed import Suppressed
from chalicelib.usecases.suppressing import Suppressing
from chalicelib.usecases.surveying import Surveyor
from chalicelib.usecases.wishes import Wishes

if TYPE_CHECKING:
    from chalicelib.bootstrap import Records
    from chalicelib.usecases.auditing import Auditor, Recorder
    from chalicelib.usecases.ports import (
        Blobs,
        Checkpoints,
        Clock,
        DataKeys,
        Downloads,
        Errands,
        Executions,
        Ids,
        Passwords,
        Surveys,
        Uploads,
    )


@dataclass(frozen=True, slots=True)
class Services:
    """What the API's use cases need from the world: AWS's, or fakes of it."""

    records: Records
    clock: Clock
    ids: Ids
    auditor: Auditor
    recorder: Recorder
    passwords: Passwords
    data_keys: DataKeys
    errands: Errands
    checkpoints: Checkpoints
    uploads: Uploads
    downloads: Downloads
    blobs: Blobs
    executions: Executions
    surveys: Surveys
    upload_max_bytes: int


@dataclass(frozen=True, slots=True)
class Api:
    clock: Clock
    identity: Identity
    account: Account
    access: Access
    settings: WorkspaceDesk
    members: Members
    invitations: Invitations
    joining: Joining
    credentials: Credentials
    lists: Lists
    list_keeping: ListKeeping
    erasures: ErasureDesk
    list_reading: ListReading
    senders: SenderDesk
    drafting: Drafting
    campaigns: CampaignDesk
    moderation: Moderation
    reviews: Reviews
    recipients: Recipients
    suppressing: Suppressing
    suppressed: Suppressed
    audit: AuditDesk


def compose_api(services: Services) -> Api:
    """The API's use cases over whatever services; tests compose theirs in the same way."""
    records = services.records
    repeats = Repeats(records.directory, services.clock)
    identity = Identity(
        directory=records.directory,
        changes=records.changes,
        passwords=services.passwords,
        data_keys=services.data_keys,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
        recorder=services.recorder,
    )
    bell = QueueBell(records.queue, services.clock, services.ids)
    starter, reviews = _starter(services), _reviews(services)
    return Api(
        clock=services.clock,
        identity=identity,
        account=_account(services),
        access=_access(services, identity),
        settings=_settings(services, repeats),
        members=_members(services),
        invitations=_invitations(services, repeats),
        joining=_joining(services),
        credentials=_credentials(services, repeats),
        lists=_lists(services, repeats),
        list_keeping=_list_keeping(services),
        erasures=_erasures(services, repeats),
        list_reading=_list_reading(services),
        senders=_senders(services, repeats, bell),
        drafting=_drafting(services, repeats, bell),
        campaigns=_campaigns(services, starter, bell),
        moderation=_moderation(services, starter, reviews, bell),
        reviews=reviews,
        recipients=_recipients(services),
        suppressing=_suppressing(services),
        suppressed=_suppressed(services),
        audit=_audit(services),
    )


def _account(services: Services) -> Account:
    return Account(
        directory=services.records.directory,
        changes=services.records.changes,
        passwords=services.passwords,
        data_keys=services.data_keys,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
        recorder=services.recorder,
        errands=services.errands,
    )


def _access(services: Services, identity: Identity) -> Access:
    return Access(
        directory=services.records.directory,
        clock=services.clock,
        identity=identity,
        recorder=services.recorder,
        auditor=services.auditor,
    )


def _settings(services: Services, repeats: Repeats) -> WorkspaceDesk:
    return WorkspaceDesk(
        directory=services.records.directory,
        changes=services.records.changes,
        repeats=repeats,
        data_keys=services.data_keys,
        errands=services.errands,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _members(services: Services) -> Members:
    return Members(
        directory=services.records.directory,
        changes=services.records.changes,
        clock=services.clock,
        auditor=services.auditor,
    )


def _invitations(services: Services, repeats: Repeats) -> Invitations:
    return Invitations(
        directory=services.records.directory,
        changes=services.records.changes,
        repeats=repeats,
        passwords=services.passwords,
        errands=services.errands,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _joining(services: Services) -> Joining:
    return Joining(
        directory=services.records.directory,
        changes=services.records.changes,
        passwords=services.passwords,
        errands=services.errands,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _credentials(services: Services, repeats: Repeats) -> Credentials:
    return Credentials(
        directory=services.records.directory,
        changes=services.records.changes,
        repeats=repeats,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _lists(services: Services, repeats: Repeats) -> Lists:
    return Lists(
        campaigns=services.records.campaigns,
        changes=services.records.changes,
        repeats=repeats,
        uploads=services.uploads,
        downloads=services.downloads,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
        recorder=services.recorder,
        upload_max_bytes=services.upload_max_bytes,
    )


def _list_keeping(services: Services) -> ListKeeping:
    return ListKeeping(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        suppressions=services.records.suppressions,
        changes=services.records.changes,
        clock=services.clock,
        auditor=services.auditor,
    )


def _erasures(services: Services, repeats: Repeats) -> ErasureDesk:
    return ErasureDesk(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        data_keys=services.data_keys,
        changes=services.records.changes,
        repeats=repeats,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _list_reading(services: Services) -> ListReading:
    return ListReading(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        blobs=services.blobs,
        data_keys=services.data_keys,
        auditor=services.auditor,
        recorder=services.recorder,
    )


def _senders(services: Services, repeats: Repeats, bell: QueueBell) -> SenderDesk:
    return SenderDesk(
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        changes=services.records.changes,
        repeats=repeats,
        bell=bell,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _drafting(services: Services, repeats: Repeats, bell: QueueBell) -> Drafting:
    return Drafting(
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        changes=services.records.changes,
        repeats=repeats,
        bell=bell,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _starter(services: Services) -> Starter:
    return Starter(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        changes=services.records.changes,
        executions=services.executions,
        clock=services.clock,
        auditor=services.auditor,
    )


def _campaigns(services: Services, starter: Starter, bell: QueueBell) -> CampaignDesk:
    return CampaignDesk(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        changes=services.records.changes,
        starter=starter,
        bell=bell,
        surveys=services.surveys,
        executions=services.executions,
        clock=services.clock,
        auditor=services.auditor,
    )


def _moderation(
    services: Services, starter: Starter, reviews: Reviews, bell: QueueBell
) -> Moderation:
    return Moderation(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        queued=services.records.queue,
        changes=services.records.changes,
        bell=bell,
        starter=starter,
        reviews=reviews,
        errands=services.errands,
        clock=services.clock,
        auditor=services.auditor,
    )


def _reviews(services: Services) -> Reviews:
    records = services.records
    return Reviews(
        directory=records.directory,
        campaigns=records.campaigns,
        delivery=records.delivery,
        surveyor=Surveyor(records.campaigns, services.blobs, records.changes, services.clock),
        screener=Screener(
            campaigns=records.campaigns,
            changes=records.changes,
            wishes=Wishes(records.suppressions, services.blobs, services.clock),
            clock=services.clock,
        ),
        surveys=services.surveys,
        clock=services.clock,
    )


def _recipients(services: Services) -> Recipients:
    return Recipients(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        delivery=services.records.delivery,
        blobs=services.blobs,
        data_keys=services.data_keys,
        auditor=services.auditor,
        recorder=services.recorder,
    )


def _suppressing(services: Services) -> Suppressing:
    return Suppressing(
        directory=services.records.directory,
        suppressions=services.records.suppressions,
        changes=services.records.changes,
        data_keys=services.data_keys,
        clock=services.clock,
        ids=services.ids,
        auditor=services.auditor,
    )


def _suppressed(services: Services) -> Suppressed:
    return Suppressed(
        directory=services.records.directory,
        campaigns=services.records.campaigns,
        suppressions=services.records.suppressions,
        blobs=services.blobs,
        data_keys=services.data_keys,
        auditor=services.auditor,
        recorder=services.recorder,
    )


def _audit(services: Services) -> AuditDesk:
    return AuditDesk(
        log=services.records.audit,
        checkpoints=services.checkpoints,
        clock=services.clock,
        recorder=services.recorder,
        auditor=services.auditor,
    )
