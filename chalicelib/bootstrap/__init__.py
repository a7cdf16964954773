"""The composition root: the one place where ports meet adapters. One function per deployable.

Imports stand inside, because each deployable carries only the packages that it needs. Everything is
made once a process, on first use, from the settings in the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.adapters.aws import Clients
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.dynamo.store import Limits, Store
    from chalicelib.adapters.ids import UlidIds
    from chalicelib.bootstrap.api_use_cases import Api
    from chalicelib.domain.audit import Actor
    from chalicelib.settings import BridgeSettings, FunctionSettings, SweepSettings, Tables
    from chalicelib.usecases.auditing import Auditor
    from chalicelib.usecases.drive import Driver
    from chalicelib.usecases.erasing import Eraser
    from chalicelib.usecases.folding import Folder
    from chalicelib.usecases.hash_index import Indexer
    from chalicelib.usecases.ingest_list import Ingest
    from chalicelib.usecases.installation import Installation
    from chalicelib.usecases.list_keeping import ListSweep
    from chalicelib.usecases.mailing import Mailer
    from chalicelib.usecases.ports import (
        AuditLog,
        Blobs,
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Ids,
        Queue,
        Secrets,
        Suppressions,
    )
    from chalicelib.usecases.ports.ingest import Hashing, Pipeline
    from chalicelib.usecases.receipts import Receipts
    from chalicelib.usecases.screening import Screener
    from chalicelib.usecases.sealing import Sealer
    from chalicelib.usecases.surveying import Surveyor
    from chalicelib.usecases.sweeping import AuditSweep, Sweep
    from chalicelib.usecases.tending_uploads import UploadSweep
    from chalicelib.usecases.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Records:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    queue: Queue
    suppressions: Suppressions
    changes: Changes
    audit: AuditLog


@dataclass(frozen=True, slots=True)
class Base:
    """What every deployable has."""

    store: Store
    records: Records
    clients: Clients
    clock: SystemClock
    ids: UlidIds
    auditor: Auditor


@dataclass(frozen=True, slots=True)
class FolderParts:
    folder: Folder
    receipts: Receipts


@dataclass(frozen=True, slots=True)
class Bridge:
    settings: BridgeSettings
    delivery: Delivery
    campaigns: Campaigns
    blobs: Blobs
    wishes: Wishes
    secrets: Secrets
    clock: Clock
    ids: Ids
    # From 0 to below 1, to spread what would otherwise meet.
    chance: Callable[[], float]


@cache
def api() -> Api:
    from chalicelib.adapters.audit_fallback import S3AuditFallback
    from chalicelib.adapters.checkpoints import KmsCheckpoints
    from chalicelib.adapters.dynamo.audit import DynamoAuditLog
    from chalicelib.adapters.dynamo.store import BRISK
    from chalicelib.adapters.errands import SqsErrands
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.passwords import Argon2Passwords
    from chalicelib.adapters.s3 import S3Blobs, S3Downloads, S3Uploads
    from chalicelib.adapters.stepfunctions import StepFunctionsExecutions
    from chalicelib.adapters.surveys import SqsSurveys
    from chalicelib.bootstrap.api_use_cases import Services, compose_api
    from chalicelib.settings import api_settings
    from chalicelib.usecases.auditing import Recorder

    settings = api_settings()
    base = _base(settings.tables, settings.endpoint)
    clients = base.clients
    return compose_api(
        Services(
            records=base.records,
            clock=base.clock,
            ids=base.ids,
            auditor=base.auditor,
            recorder=Recorder(
                # Somebody waits, and there is another way.
                log=DynamoAuditLog(base.store.limited(BRISK)),
                fallback=S3AuditFallback(clients, settings.data_bucket),
                clock=base.clock,
            ),
            passwords=Argon2Passwords(),
            data_keys=KmsDataKeys(clients, settings.data_key),
            errands=SqsErrands(clients, settings.mail_queue),
            checkpoints=KmsCheckpoints(clients, settings.audit_key, settings.data_bucket),
            uploads=S3Uploads(clients, settings.uploads_bucket),
            downloads=S3Downloads(clients, settings.data_bucket),
            blobs=S3Blobs(clients, settings.data_bucket),
            executions=StepFunctionsExecutions(clients, settings.state_machine),
            surveys=SqsSurveys(clients, settings.survey_queue),
            upload_max_bytes=settings.upload_max_bytes,
        )
    )


@cache
def ingest(pipeline: Pipeline) -> Ingest:
    """With what reads files, which only that bundle can carry (functions/ingest)."""
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.s3 import S3Blobs, S3Uploads
    from chalicelib.settings import ingest_settings
    from chalicelib.usecases.ingest_list import Ingest

    settings = ingest_settings()
    base = _base(settings.tables, settings.endpoint)
    return Ingest(
        directory=base.records.directory,
        campaigns=base.records.campaigns,
        changes=base.records.changes,
        uploads=S3Uploads(base.clients, settings.uploads_bucket),
        blobs=S3Blobs(base.clients, settings.data_bucket),
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        clock=base.clock,
        auditor=base.auditor,
        pipeline=pipeline,
        limit=settings.upload_max_bytes,
    )


@cache
def indexer(hashing: Hashing) -> Indexer:
    """Beside `ingest`, in the same bundle."""
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.settings import ingest_settings
    from chalicelib.usecases.hash_index import Indexer

    settings = ingest_settings()
    base = _base(settings.tables, settings.endpoint)
    return Indexer(
        directory=base.records.directory,
        campaigns=base.records.campaigns,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        hashing=hashing,
    )


@cache
def driver() -> Driver:
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.adapters.stepfunctions import StepFunctionsExecutions
    from chalicelib.settings import function_settings
    from chalicelib.usecases.drive import Driver

    settings = function_settings()
    base = _base(settings.tables, settings.endpoint)
    return Driver(
        campaigns=base.records.campaigns,
        delivery=base.records.delivery,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        changes=base.records.changes,
        executions=StepFunctionsExecutions(base.clients),
        folder=_folder(base, settings.data_bucket),
        wishes=_wishes(base, settings.data_bucket),
        clock=base.clock,
        ids=base.ids,
        auditor=base.auditor,
    )


@cache
def folder() -> FolderParts:
    from chalicelib.settings import function_settings

    settings = function_settings()
    base = _base(settings.tables, settings.endpoint)
    return FolderParts(_folder(base, settings.data_bucket), _receipts(base, settings))


@cache
def sweep() -> Sweep:
    from chalicelib.adapters.stepfunctions import StepFunctionsExecutions
    from chalicelib.settings import sweep_settings
    from chalicelib.usecases.sweeping import Sweep

    settings = sweep_settings()
    base = _base(settings.tables, settings.endpoint)
    return Sweep(
        campaigns=base.records.campaigns,
        delivery=base.records.delivery,
        changes=base.records.changes,
        executions=StepFunctionsExecutions(base.clients, settings.state_machine),
        folder=_folder(base, settings.data_bucket),
        receipts=_receipts(base, settings),
        clock=base.clock,
        auditor=base.auditor,
    )


@cache
def upload_sweep() -> UploadSweep:
    from chalicelib.adapters.ingests import SqsIngests
    from chalicelib.adapters.s3 import S3Uploads
    from chalicelib.settings import sweep_settings
    from chalicelib.usecases.tending_uploads import UploadSweep

    settings = sweep_settings()
    base = _base(settings.tables, settings.endpoint)
    return UploadSweep(
        campaigns=base.records.campaigns,
        changes=base.records.changes,
        uploads=S3Uploads(base.clients, settings.uploads_bucket),
        ingests=SqsIngests(base.clients, settings.upload_queue),
        clock=base.clock,
        auditor=base.auditor,
    )


@cache
def bridge() -> Bridge:
    import platform

    from chalicelib.adapters.dynamo.store import BRISK
    from chalicelib.adapters.ids import chance
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.adapters.secrets import DirectorySecrets, ManagedSecrets
    from chalicelib.settings import bridge_settings

    settings = bridge_settings(platform.node())
    base = _base(settings.tables, settings.endpoint)
    folder = settings.secrets_dir
    return Bridge(
        settings=settings,
        delivery=base.records.delivery,
        campaigns=base.records.campaigns,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        # Sending waits for its answers: one that does not come is asked for anew.
        wishes=_wishes(base, settings.data_bucket, BRISK),
        secrets=DirectorySecrets(folder) if folder else ManagedSecrets(base.clients),
        clock=base.clock,
        ids=base.ids,
        chance=chance,
    )


@cache
def audit_sweep() -> AuditSweep:
    from chalicelib.adapters.audit_fallback import S3AuditFallback
    from chalicelib.adapters.checkpoints import KmsCheckpoints
    from chalicelib.settings import sweep_settings
    from chalicelib.usecases.sealing import Keeper
    from chalicelib.usecases.sweeping import AuditSweep

    settings = sweep_settings()
    base = _base(settings.tables, settings.endpoint)
    checkpoints = KmsCheckpoints(base.clients, settings.audit_key, settings.data_bucket)
    return AuditSweep(
        directory=base.records.directory,
        log=base.records.audit,
        fallback=S3AuditFallback(base.clients, settings.data_bucket),
        keeper=Keeper(base.records.audit, checkpoints, base.clock),
        clock=base.clock,
    )


@cache
def list_sweep() -> ListSweep:
    from chalicelib.adapters.s3 import S3Blobs, S3Uploads
    from chalicelib.settings import sweep_settings
    from chalicelib.usecases.list_keeping import ListKeeping, ListSweep

    settings = sweep_settings()
    base = _base(settings.tables, settings.endpoint)
    records = base.records
    return ListSweep(
        keeping=ListKeeping(
            directory=records.directory,
            campaigns=records.campaigns,
            suppressions=records.suppressions,
            changes=records.changes,
            clock=base.clock,
            auditor=base.auditor,
        ),
        directory=records.directory,
        campaigns=records.campaigns,
        changes=records.changes,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        uploads=S3Uploads(base.clients, settings.uploads_bucket),
        clock=base.clock,
    )


@cache
def eraser() -> Eraser:
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.s3 import S3Blobs, S3Uploads
    from chalicelib.settings import sweep_settings
    from chalicelib.usecases.erasing import Eraser

    settings = sweep_settings()
    base = _base(settings.tables, settings.endpoint)
    return Eraser(
        directory=base.records.directory,
        campaigns=base.records.campaigns,
        suppressions=base.records.suppressions,
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        changes=base.records.changes,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        uploads=S3Uploads(base.clients, settings.uploads_bucket),
        clock=base.clock,
        auditor=base.auditor,
    )


@cache
def sealer() -> Sealer:
    from chalicelib.settings import sealer_settings
    from chalicelib.usecases.sealing import Sealer

    settings = sealer_settings()
    base = _base(settings.tables, settings.endpoint)
    return Sealer(base.records.audit, base.clock)


@cache
def surveyor() -> Surveyor:
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.settings import surveyor_settings
    from chalicelib.usecases.surveying import Surveyor

    settings = surveyor_settings()
    base = _base(settings.tables, settings.endpoint)
    return Surveyor(
        campaigns=base.records.campaigns,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        changes=base.records.changes,
        clock=base.clock,
    )


@cache
def screener() -> Screener:
    from chalicelib.settings import surveyor_settings
    from chalicelib.usecases.screening import Screener

    settings = surveyor_settings()
    base = _base(settings.tables, settings.endpoint)
    return Screener(
        campaigns=base.records.campaigns,
        changes=base.records.changes,
        wishes=_wishes(base, settings.data_bucket),
        clock=base.clock,
    )


@cache
def mailer() -> Mailer:
    from chalicelib.adapters.mail import FolderMail, SesMail
    from chalicelib.settings import mailer_settings
    from chalicelib.usecases.invitations import InvitationMails
    from chalicelib.usecases.joining import JoinMails
    from chalicelib.usecases.mailing import Mailer
    from chalicelib.usecases.rejections import RejectionMails
    from chalicelib.usecases.resets import ResetMails

    settings = mailer_settings()
    base = _base(settings.tables, settings.endpoint)
    ports = (base.records.directory, base.records.changes, base.clock, base.ids)
    folder, sender = settings.mailbox_dir, settings.mail_from
    return Mailer(
        directory=base.records.directory,
        invitations=InvitationMails(*ports),
        joining=JoinMails(*ports),
        resets=ResetMails(*ports, base.auditor),
        rejections=RejectionMails(base.records.directory, base.records.campaigns),
        mail=FolderMail(folder) if folder else SesMail(base.clients, sender or ""),
        console=settings.console_url,
    )


def installation(actor: Actor) -> Installation:
    """For operators' tools; `actor` is who the audit log names."""
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.passwords import Argon2Passwords
    from chalicelib.settings import api_settings
    from chalicelib.usecases.installation import Installation

    settings = api_settings()
    base = _base(settings.tables, settings.endpoint)
    return Installation(
        directory=base.records.directory,
        changes=base.records.changes,
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        passwords=Argon2Passwords(),
        clock=base.clock,
        ids=base.ids,
        auditor=base.auditor,
        actor=actor,
    )


def _base(tables: Tables, endpoint: str | None) -> Base:
    from chalicelib.adapters.aws import Clients
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.dynamo.audit import DynamoAuditLog
    from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
    from chalicelib.adapters.dynamo.changes import DynamoChanges
    from chalicelib.adapters.dynamo.delivery import DynamoDelivery
    from chalicelib.adapters.dynamo.directory import DynamoDirectory
    from chalicelib.adapters.dynamo.queue import DynamoQueue
    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
    from chalicelib.adapters.ids import UlidIds
    from chalicelib.usecases.auditing import Auditor, Retentions

    store, clock = Store(tables), SystemClock()
    records = Records(
        directory=DynamoDirectory(store),
        campaigns=DynamoCampaigns(store),
        delivery=DynamoDelivery(store),
        queue=DynamoQueue(store),
        suppressions=DynamoSuppressions(store),
        changes=DynamoChanges(store),
        audit=DynamoAuditLog(store),
    )
    ids = UlidIds(clock)
    auditor = Auditor(clock, ids, Retentions(records.directory, clock))
    # Buckets have no host names of their own where an endpoint plays AWS.
    return Base(store, records, Clients(path_style=endpoint is not None), clock, ids, auditor)


def _folder(base: Base, data_bucket: str) -> Folder:
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.adapters.stepfunctions import StepFunctionsExecutions
    from chalicelib.usecases.folding import Folder

    return Folder(
        delivery=base.records.delivery,
        campaigns=base.records.campaigns,
        blobs=S3Blobs(base.clients, data_bucket),
        changes=base.records.changes,
        executions=StepFunctionsExecutions(base.clients),
        clock=base.clock,
        ids=base.ids,
        auditor=base.auditor,
    )


def _wishes(base: Base, data_bucket: str, limits: Limits | None = None) -> Wishes:
    from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.usecases.wishes import Wishes

    store = base.store.limited(limits) if limits else base.store
    return Wishes(DynamoSuppressions(store), S3Blobs(base.clients, data_bucket), base.clock)


def _receipts(base: Base, settings: FunctionSettings | SweepSettings) -> Receipts:
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.s3 import S3Blobs
    from chalicelib.usecases.receipts import Receipts

    return Receipts(
        directory=base.records.directory,
        delivery=base.records.delivery,
        blobs=S3Blobs(base.clients, settings.data_bucket),
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        clock=base.clock,
    )
