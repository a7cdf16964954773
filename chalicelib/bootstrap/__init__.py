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
    from chalicelib.adapters.ids import UlidIds
    from chalicelib.domain.audit import Actor
    from chalicelib.settings import BridgeSettings, FunctionSettings, SweepSettings, Tables
    from chalicelib.usecases.campaigns import CampaignDesk
    from chalicelib.usecases.drive import Driver
    from chalicelib.usecases.folding import Folder
    from chalicelib.usecases.identity import Identity
    from chalicelib.usecases.ingest_list import Ingest
    from chalicelib.usecases.installation import Installation
    from chalicelib.usecases.lists import Lists
    from chalicelib.usecases.ports import (
        Blobs,
        Campaigns,
        Changes,
        Clock,
        Delivery,
        Directory,
        Ids,
        Secrets,
    )
    from chalicelib.usecases.receipts import Receipts
    from chalicelib.usecases.recipients import Recipients
    from chalicelib.usecases.sweeping import Sweep


@dataclass(frozen=True, slots=True)
class Records:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    changes: Changes


@dataclass(frozen=True, slots=True)
class Base:
    """What every deployable has."""

    records: Records
    clients: Clients
    clock: SystemClock
    ids: UlidIds


@dataclass(frozen=True, slots=True)
class Api:
    identity: Identity
    lists: Lists
    campaigns: CampaignDesk
    recipients: Recipients


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
    secrets: Secrets
    clock: Clock
    ids: Ids
    # From 0 to below 1, to spread what would otherwise meet.
    chance: Callable[[], float]


@cache
def api() -> Api:
    from chalicelib.adapters.kms import KmsDataKeys
    from chalicelib.adapters.passwords import Argon2Passwords
    from chalicelib.adapters.s3 import S3Blobs, S3Uploads
    from chalicelib.adapters.stepfunctions import StepFunctionsExecutions
    from chalicelib.settings import api_settings
    from chalicelib.usecases.campaigns import CampaignDesk
    from chalicelib.usecases.identity import Identity
    from chalicelib.usecases.lists import Lists
    from chalicelib.usecases.recipients import Recipients
    from chalicelib.usecases.repeats import Repeats

    settings = api_settings()
    base = _base(settings.tables, settings.endpoint)
    records, clients, clock, ids = base.records, base.clients, base.clock, base.ids
    repeats = Repeats(records.directory, clock)
    return Api(
        identity=Identity(records.directory, records.changes, Argon2Passwords(), clock, ids),
        lists=Lists(
            campaigns=records.campaigns,
            changes=records.changes,
            repeats=repeats,
            uploads=S3Uploads(clients, settings.uploads_bucket),
            clock=clock,
            ids=ids,
            upload_max_bytes=settings.upload_max_bytes,
        ),
        campaigns=CampaignDesk(
            directory=records.directory,
            campaigns=records.campaigns,
            changes=records.changes,
            repeats=repeats,
            executions=StepFunctionsExecutions(clients, settings.state_machine),
            clock=clock,
            ids=ids,
        ),
        recipients=Recipients(
            directory=records.directory,
            campaigns=records.campaigns,
            delivery=records.delivery,
            blobs=S3Blobs(clients, settings.data_bucket),
            data_keys=KmsDataKeys(clients, settings.data_key),
        ),
    )


@cache
def ingest() -> Ingest:
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
        ids=base.ids,
        limit=settings.upload_max_bytes,
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
        clock=base.clock,
        ids=base.ids,
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
        ids=base.ids,
    )


@cache
def bridge() -> Bridge:
    import platform

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
        secrets=DirectorySecrets(folder) if folder else ManagedSecrets(base.clients),
        clock=base.clock,
        ids=base.ids,
        chance=chance,
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
        campaigns=base.records.campaigns,
        changes=base.records.changes,
        data_keys=KmsDataKeys(base.clients, settings.data_key),
        passwords=Argon2Passwords(),
        clock=base.clock,
        ids=base.ids,
        actor=actor,
    )


def _base(tables: Tables, endpoint: str | None) -> Base:
    from chalicelib.adapters.aws import Clients
    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
    from chalicelib.adapters.dynamo.changes import DynamoChanges
    from chalicelib.adapters.dynamo.delivery import DynamoDelivery
    from chalicelib.adapters.dynamo.directory import DynamoDirectory
    from chalicelib.adapters.dynamo.store import Store
    from chalicelib.adapters.ids import UlidIds

    store, clock = Store(tables), SystemClock()
    records = Records(
        DynamoDirectory(store), DynamoCampaigns(store), DynamoDelivery(store), DynamoChanges(store)
    )
    # Buckets have no host names of their own where an endpoint plays AWS.
    return Base(records, Clients(path_style=endpoint is not None), clock, UlidIds(clock))


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
    )


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
