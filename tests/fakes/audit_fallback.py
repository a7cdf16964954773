"""The fallback store and the checkpoints in memory."""

from __future__ import annotations

import base64
import json
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.domain.audit import to_json
from chalicelib.domain.seals import SignedCheckpoint, checkpoint_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit import AuditRecord
    from chalicelib.domain.seals import Checkpoint


class FakeAuditFallback:
    """`room` is how many records it takes."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.waiting: list[AuditRecord] = []
        self._lock = Lock()

    def keep(self, record: AuditRecord) -> bool:
        with self._lock:
            if len(self.waiting) >= self.room:
                return False
            self.waiting.append(record)
            return True

    def drain(self, take: Callable[[AuditRecord], None]) -> int:
        taken = 0
        for record in sorted(self.waiting, key=attrgetter("at", "id")):
            take(record)
            taken += 1
            with self._lock:
                if record in self.waiting:
                    self.waiting.remove(record)
        return taken

    def size(self) -> int:
        return sum(len(json.dumps(to_json(record))) for record in self.waiting)


class FakeCheckpoints:
    """Signs with a key of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._stored: dict[tuple[str, int], SignedCheckpoint] = {}

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        signature = self._key.sign(checkpoint_bytes(checkpoint), ec.ECDSA(hashes.SHA256()))
        return SignedCheckpoint(checkpoint, base64.b64encode(signature).decode())

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def store(self, signed: SignedCheckpoint) -> None:
        self._stored[signed.checkpoint.workspace, signed.checkpoint.seal] = signed

    def stored(self, workspace: str, *, above: int = 0) -> list[SignedCheckpoint]:
        return [
            self._stored[owner, seal]
            for owner, seal in sorted(self._stored)
            if owner == workspace and seal > above
        ]

    def newest(self, workspace: str) -> SignedCheckpoint | None:
        return next(reversed(self.stored(workspace)), None)
