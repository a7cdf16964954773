"""Checkpoints of the audit log's chains: signed by a KMS key that never leaves KMS, and kept on S3,
apart from the table whose records they vouch for (SPEC 8.2).
"""

from __future__ import annotations

import base64
import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from chalicelib.domain.seals import (
    Checkpoint,
    SignedCheckpoint,
    checkpoint_bytes,
    checkpoint_to_json,
)

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients

PREFIX: Final = "audit-checkpoints/"
# A busy workspace has one for each hour, for good: one at a time, a year takes minutes to read.
READERS: Final = 16
_PEM_WIDTH: Final = 64


class KmsCheckpoints:
    """`key` is the id or ARN of a KMS key for signing (ECC_NIST_P256)."""

    def __init__(self, clients: Clients, key: str, bucket: str) -> None:
        self._clients = clients
        self._key = key
        self._bucket = bucket

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        answer = self._clients.kms().sign(
            KeyId=self._key,
            Message=checkpoint_bytes(checkpoint),
            MessageType="RAW",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return SignedCheckpoint(checkpoint, base64.b64encode(answer["Signature"]).decode())

    def public_key(self) -> bytes:
        return self._pem

    @cached_property
    def _pem(self) -> bytes:
        answer = self._clients.kms().get_public_key(KeyId=self._key)
        lines = textwrap.wrap(base64.b64encode(answer["PublicKey"]).decode(), _PEM_WIDTH)
        armoured = ["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]
        return "\n".join(armoured).encode()

    def store(self, signed: SignedCheckpoint) -> None:
        checkpoint = signed.checkpoint
        content = {
            "checkpoint": checkpoint_to_json(checkpoint),
            "signature": signed.signature,
        }
        self._clients.s3().put_object(
            Bucket=self._bucket,
            Key=_key(checkpoint.workspace, checkpoint.seal),
            Body=json.dumps(content).encode(),
            ContentType="application/json",
        )

    def stored(self, workspace: str, *, above: int = 0) -> list[SignedCheckpoint]:
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(self._read, self._keys(workspace, above)))

    def newest(self, workspace: str) -> SignedCheckpoint | None:
        keys = self._keys(workspace, above=0)
        return self._read(keys[-1]) if keys else None

    def _keys(self, workspace: str, above: int) -> list[str]:
        pages = self._clients.s3().get_paginator("list_objects_v2")
        listed = pages.paginate(
            Bucket=self._bucket,
            Prefix=f"{PREFIX}{workspace}/",
            StartAfter=_key(workspace, above),
        )
        return sorted(each["Key"] for page in listed for each in page.get("Contents", ()))

    def _read(self, key: str) -> SignedCheckpoint:
        answer = self._clients.s3().get_object(Bucket=self._bucket, Key=key)
        with closing(answer["Body"]) as body:
            return _from_json(body.read())


def _key(workspace: str, seal: int) -> str:
    return f"{PREFIX}{workspace}/{seal:012}.json"


def _from_json(data: bytes) -> SignedCheckpoint:
    content = json.loads(data)
    shown = content["checkpoint"]
    return SignedCheckpoint(
        Checkpoint(
            workspace=shown["workspace"],
            seal=shown["seal"],
            hash=shown["hash"],
            expires_at=datetime.fromisoformat(shown["expires_at"]),
            at=datetime.fromisoformat(shown["at"]),
        ),
        content["signature"],
    )
