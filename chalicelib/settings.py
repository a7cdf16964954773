"""The environment as frozen dataclasses, one per kind of deployable; the only place that reads it.

Read on first use, never at import: packaging imports `app.py` with an empty environment. Whatever
is missing is named at once, each with what it is for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

S = TypeVar("S")

UPLOAD_MAX_BYTES: Final = 1024**3

PURPOSES: Final[Mapping[str, str]] = {
    "MC_DIRECTORY_TABLE": "name of the table of workspaces, people and sessions",
    "MC_CAMPAIGNS_TABLE": "name of the table of campaigns, senders and lists",
    "MC_DELIVERY_TABLE": "name of the table of channels, chunks, journal and inbox",
    "MC_AUDIT_TABLE": "name of the table of audit records",
    "MC_UPLOADS_BUCKET": "name of the bucket that callers upload lists to",
    "MC_DATA_BUCKET": "name of the bucket of lists, chunks and ledgers",
    "MC_DATA_KEY": "id or ARN of the KMS key that wraps the workspaces' keys",
    "MC_AUDIT_KEY": "id or ARN of the KMS key that signs checkpoints of the audit log",
    "MC_STATE_MACHINE": "ARN of the state machine that drives campaigns",
    "MC_MAIL_QUEUE": "URL of the queue of mails to be written",
    "MC_SURVEY_QUEUE": "URL of the queue of surveys to be made",
    "MC_UPLOAD_QUEUE": "URL of the queue that the uploads bucket notifies",
    "MC_MAIL_FROM": "address that mails come from, through SES; not needed with MC_MAILBOX_DIR",
    "MC_MAILBOX_DIR": "folder that mails are written to and never leave; instead of MC_MAIL_FROM",
    "MC_CONSOLE_URL": "origin that links in mails lead to, such as https://sms.example.com",
    "MC_BRIDGE_CA": "file of the certificates that the carriers' servers must chain to",
    "MC_BRIDGE_CERT": "file of the bridge's own certificate",
    "MC_BRIDGE_KEY": "file of the private key of the bridge's certificate",
    "MC_BRIDGE_NAME": "name by which this bridge owns channels; by default its host's name",
    "MC_SECRETS_DIR": "folder with one file a secret; by default AWS Secrets Manager keeps them",
    "UPLOAD_MAX_BYTES": f"largest upload, in bytes; by default {UPLOAD_MAX_BYTES}",
    "AWS_ENDPOINT_URL": "where AWS is played locally; read by the AWS SDK too",
}


class SettingError(Exception):
    """The environment does not hold what this program needs."""


class MissingSetting(SettingError):
    def __init__(self, *names: str) -> None:
        wanted = "; ".join(f"{name} ({PURPOSES[name]})" for name in names)
        super().__init__(f"Set these environment variables: {wanted}.")
        self.names = names


class BadSetting(SettingError):
    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"The environment variable {name} must be {expected}: {PURPOSES[name]}.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Tables:
    directory: str
    campaigns: str
    delivery: str
    audit: str


@dataclass(frozen=True, slots=True)
class ApiSettings:
    tables: Tables
    uploads_bucket: str
    data_bucket: str
    data_key: str
    audit_key: str
    state_machine: str
    mail_queue: str
    survey_queue: str
    upload_max_bytes: int
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What the functions behind the state machine and the stream need."""

    tables: Tables
    data_bucket: str
    data_key: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class IngestSettings:
    tables: Tables
    uploads_bucket: str
    data_bucket: str
    data_key: str
    upload_max_bytes: int
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """As `FunctionSettings`; the sweep also starts lost executions and lost lists again, signs
    checkpoints, and removes what was uploaded.
    """

    tables: Tables
    uploads_bucket: str
    data_bucket: str
    data_key: str
    audit_key: str
    state_machine: str
    upload_queue: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class SealerSettings:
    tables: Tables
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class SurveyorSettings:
    tables: Tables
    data_bucket: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class MailerSettings:
    """At least one of `mail_from` and `mailbox_dir` is there."""

    tables: Tables
    mail_from: str | None
    # Mails are written here, and none is sent.
    mailbox_dir: Path | None
    console_url: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    tables: Tables
    data_bucket: str
    name: str
    ca: Path
    certificate: Path
    private_key: Path
    # None: AWS Secrets Manager keeps the bind passwords.
    secrets_dir: Path | None
    endpoint: str | None


class _Environment:
    """Collects what is missing, so that one error names it all."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._missing: list[str] = []

    def needed(self, name: str) -> str:
        value = self._variables.get(name, "")
        if not value:
            self._missing.append(name)
        return value

    def optional(self, name: str) -> str | None:
        return self._variables.get(name) or None

    def unless(self, name: str, other: str) -> str | None:
        """Needed where `other` is not there; of two that stand in for each other both are named."""
        value = self.optional(name)
        if value is None and self.optional(other) is None:
            self._missing.append(name)
        return value

    def positive(self, name: str, default: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise BadSetting(name, "a whole number above 0")
        return int(value)

    def tables(self) -> Tables:
        return Tables(
            directory=self.needed("MC_DIRECTORY_TABLE"),
            campaigns=self.needed("MC_CAMPAIGNS_TABLE"),
            delivery=self.needed("MC_DELIVERY_TABLE"),
            audit=self.needed("MC_AUDIT_TABLE"),
        )

    def check(self) -> None:
        if self._missing:
            raise MissingSetting(*self._missing)


def _folder(value: str | None) -> Path | None:
    return Path(value) if value else None


# How each field of the dataclasses above is read.
_READ: Final[Mapping[str, Callable[[_Environment], object]]] = {
    "tables": _Environment.tables,
    "uploads_bucket": lambda read: read.needed("MC_UPLOADS_BUCKET"),
    "data_bucket": lambda read: read.needed("MC_DATA_BUCKET"),
    "data_key": lambda read: read.needed("MC_DATA_KEY"),
    "audit_key": lambda read: read.needed("MC_AUDIT_KEY"),
    "state_machine": lambda read: read.needed("MC_STATE_MACHINE"),
    "mail_queue": lambda read: read.needed("MC_MAIL_QUEUE"),
    "upload_queue": lambda read: read.needed("MC_UPLOAD_QUEUE"),
    "survey_queue": lambda read: read.needed("MC_SURVEY_QUEUE"),
    "mail_from": lambda read: read.unless("MC_MAIL_FROM", "MC_MAILBOX_DIR"),
    "mailbox_dir": lambda read: _folder(read.unless("MC_MAILBOX_DIR", "MC_MAIL_FROM")),
    "console_url": lambda read: read.needed("MC_CONSOLE_URL"),
    "upload_max_bytes": lambda read: read.positive("UPLOAD_MAX_BYTES", UPLOAD_MAX_BYTES),
    "endpoint": lambda read: read.optional("AWS_ENDPOINT_URL"),
    "ca": lambda read: Path(read.needed("MC_BRIDGE_CA")),
    "certificate": lambda read: Path(read.needed("MC_BRIDGE_CERT")),
    "private_key": lambda read: Path(read.needed("MC_BRIDGE_KEY")),
    "secrets_dir": lambda read: _folder(read.optional("MC_SECRETS_DIR")),
}


def _settings(kind: type[S], variables: Mapping[str, str], **given: object) -> S:
    read = _Environment(variables)
    values: dict[str, Any] = {
        field.name: _READ[field.name](read)
        for field in fields(kind)  # type: ignore[arg-type] # S is one of the dataclasses above
        if field.name not in given
    }
    read.check()
    return kind(**values, **given)


def api_settings(variables: Mapping[str, str] = os.environ) -> ApiSettings:
    return _settings(ApiSettings, variables)


def function_settings(variables: Mapping[str, str] = os.environ) -> FunctionSettings:
    return _settings(FunctionSettings, variables)


def ingest_settings(variables: Mapping[str, str] = os.environ) -> IngestSettings:
    return _settings(IngestSettings, variables)


def sweep_settings(variables: Mapping[str, str] = os.environ) -> SweepSettings:
    return _settings(SweepSettings, variables)


def sealer_settings(variables: Mapping[str, str] = os.environ) -> SealerSettings:
    return _settings(SealerSettings, variables)


def surveyor_settings(variables: Mapping[str, str] = os.environ) -> SurveyorSettings:
    return _settings(SurveyorSettings, variables)


def mailer_settings(variables: Mapping[str, str] = os.environ) -> MailerSettings:
    return _settings(MailerSettings, variables)


def bridge_settings(host: str, variables: Mapping[str, str] = os.environ) -> BridgeSettings:
    return _settings(BridgeSettings, variables, name=variables.get("MC_BRIDGE_NAME") or host)
