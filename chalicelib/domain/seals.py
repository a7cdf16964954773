"""The audit log's chain: seals over records, checkpoints over seals (SPEC 8.2, DESIGN 3).

A seal names records by key, hash and expiry, and the seal before it by hash and expiry. Its number
is put if absent, so the chain cannot fork, and no item is shared by those who write records. What
is missing expired or was deleted: the seal that names it, or the seal after it, tells which.

A checkpoint is a signed mark "seal n had this hash". Whoever can write the table can make a chain
that fits together, but not the signature. A chain of which all has expired goes on from the newest
one, so that it does not begin anew with numbers that there have been.

No seal expires before one with a lower number. So a seal that has not expired is followed by none
that is gone, and what is kept is always the end of the chain.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.audit import hash_of, instant, key_of, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.audit import AuditRecord

# Of one seal, so that its item stays small; what is left goes into the next.
RECORDS_MAX: Final = 500
# Hash "before" the first seal.
ORIGIN: Final = "0" * 64
# How long a record may take to turn up, which has its time before its transaction is tried, and
# tried again. What is later still, the sweep finds.
LOOK_BACK: Final = timedelta(minutes=10)
# Expiries have whole seconds, and clocks differ: what is about to expire may be gone.
SLACK: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Covered:
    """A record that a seal names. `key` sorts by time."""

    key: str
    hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    workspace: str
    number: int
    # Never before that of the seal before it.
    at: datetime
    previous: str
    # Up to when the seal before it is kept; its own `at` if there is none.
    previous_expires_at: datetime
    # In order of their keys.
    records: tuple[Covered, ...]
    # Of the last record that it names; no seal is kept less long than one before it.
    expires_at: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a workspace's chain at one moment; `seal` 0 with ORIGIN if nothing is sealed."""

    workspace: str
    seal: int
    hash: str
    # Up to when the seals so far, and all they name, are kept.
    expires_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    checkpoint: Checkpoint
    # DER-encoded ECDSA (P-256) over SHA-256 of `checkpoint_bytes`, in base64.
    signature: str


def next_seal(
    previous: Seal | Checkpoint | None,
    workspace: str,
    records: Sequence[AuditRecord],
    at: datetime,
) -> Seal:
    """The seal over `records`, which are in order of their keys and at most RECORDS_MAX.

    `previous` is the newest seal, or the newest checkpoint where the seal itself has expired; None
    begins the chain.
    """
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    head = head_of(previous, at) if previous else Checkpoint(workspace, 0, ORIGIN, at, at)
    covered = tuple(
        Covered(key_of(record), hash_of(to_json(record)), record.expires_at) for record in records
    )
    unsigned = Seal(
        workspace=workspace,
        number=head.seal + 1,
        at=max(at, previous.at if previous else at),
        previous=head.hash,
        previous_expires_at=head.expires_at,
        records=covered,
        expires_at=max([head.expires_at, *(item.expires_at for item in covered)]),
        hash="",
    )
    return replace(unsigned, hash=seal_hash(seal_to_json(unsigned)))


def head_of(newest: Seal | Checkpoint, at: datetime) -> Checkpoint:
    """The head of a chain whose newest seal this is, or was at the time of this checkpoint."""
    if isinstance(newest, Seal):
        return Checkpoint(newest.workspace, newest.number, newest.hash, newest.expires_at, at)
    return replace(newest, at=at)


def reach_of(seal: Seal) -> datetime:
    """Up to when it names records. Of one that was made late this is long before its own time."""
    times = (int(item.key.partition("#")[0]) for item in seal.records)
    return max((_EPOCH + timedelta(milliseconds=at) for at in times), default=seal.at)


def covered_to_json(item: Covered) -> dict[str, Any]:
    return {"key": item.key, "hash": item.hash, "expires_at": instant(item.expires_at)}


def seal_hash(shown: Mapping[str, Any]) -> str:
    """Of a seal as `seal_to_json` gives it: over all of it but the hash itself."""
    return hashlib.sha256(
        canonical({name: value for name, value in shown.items() if name != "hash"})
    ).hexdigest()


def seal_to_json(seal: Seal) -> dict[str, Any]:
    return {
        "workspace": seal.workspace,
        "number": seal.number,
        "at": instant(seal.at),
        "previous": seal.previous,
        "previous_expires_at": instant(seal.previous_expires_at),
        "records": [covered_to_json(item) for item in seal.records],
        "expires_at": instant(seal.expires_at),
        "hash": seal.hash,
    }


def checkpoint_to_json(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "workspace": checkpoint.workspace,
        "seal": checkpoint.seal,
        "hash": checkpoint.hash,
        "expires_at": instant(checkpoint.expires_at),
        "at": instant(checkpoint.at),
    }


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """What is signed."""
    return canonical(checkpoint_to_json(checkpoint))


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one spelling of a seal or a checkpoint that is hashed and signed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
