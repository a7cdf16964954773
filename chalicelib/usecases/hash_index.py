"""The index of a list by `ctn_hash`, made once the list is ready (SPEC 5.5).

The HMAC of a number takes longer than all else that ingest does with it, so nobody waits for this:
a list is ready without. What is written depends on the list's content alone, and the
object that makes an index of it comes last: a killed one is made again, to the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound
from chalicelib.domain.formats import hash_index
from chalicelib.domain.formats import manifest as manifest_format
from chalicelib.domain.formats.hash_index import Index
from chalicelib.domain.recipient_list import ListStatus, list_prefix

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Blobs, Campaigns, DataKeys, Directory
    from chalicelib.usecases.ports.ingest import Hashing


@dataclass(frozen=True, slots=True)
class Indexer:
    directory: Directory
    campaigns: Campaigns
    blobs: Blobs
    data_keys: DataKeys
    hashing: Hashing

    def index(self, workspace: str, list_id: str) -> bool:
        """Whether there is something new: no list but a ready one has an index, and only once."""
        prefix = list_prefix(workspace, list_id)
        if not self._is_ready(workspace, list_id) or self._is_indexed(prefix):
            return False
        manifest = manifest_format.decode(self.blobs.get(f"{prefix}/manifest"))
        wrapped = self.directory.workspace(workspace).wrapped_data_key
        key = self.data_keys.unwrap(workspace, wrapped)
        parts = self.hashing(self.blobs, prefix, manifest, key)
        index = Index(hash_index.VERSION, manifest.digest, tuple(parts))
        self.blobs.put(hash_index.index_key(prefix), hash_index.encode(index))
        return True

    def _is_ready(self, workspace: str, list_id: str) -> bool:
        try:
            recipients = self.campaigns.recipient_list(workspace, list_id)
        except NotFound:
            return False
        return recipients.status is ListStatus.READY

    def _is_indexed(self, prefix: str) -> bool:
        try:
            hash_index.decode(self.blobs.get(hash_index.index_key(prefix)))
        except NotFound:
            return False
        return True
