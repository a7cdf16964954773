"""The workspaces' data keys: made and wrapped by the installation's one KMS key (SPEC 5.5).

The workspace is the encryption context, so that a wrapped key is of no use in another workspace. A
key never changes, and KMS charges by the call: what was unwrapped stays in this process's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.adapters.aws import Clients


class KmsDataKeys:
    def __init__(self, clients: Clients, key: str) -> None:
        self._clients = clients
        self._key = key
        self._unwrapped: dict[tuple[str, bytes], bytes] = {}

    def create(self, workspace: str) -> bytes:
        answer = self._clients.kms().generate_data_key_without_plaintext(
            KeyId=self._key, KeySpec="AES_256", EncryptionContext={"workspace": workspace}
        )
        return answer["CiphertextBlob"]

    def unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        known = self._unwrapped.get((workspace, wrapped))
        if known is not None:
            return known
        kms = self._clients.kms()
        try:
            answer = kms.decrypt(
                KeyId=self._key,
                CiphertextBlob=wrapped,
                EncryptionContext={"workspace": workspace},
            )
        except kms.exceptions.InvalidCiphertextException as error:
            raise NotFound("data key of this workspace") from error
        return self._unwrapped.setdefault((workspace, wrapped), answer["Plaintext"])

    def rewrap(self, workspace: str, wrapped: bytes) -> bytes:
        """Inside KMS: whoever does this needs no right to see the key, and does not."""
        kms = self._clients.kms()
        try:
            answer = kms.re_encrypt(
                CiphertextBlob=wrapped,
                SourceKeyId=self._key,
                SourceEncryptionContext={"workspace": workspace},
                DestinationKeyId=self._key,
                DestinationEncryptionContext={"workspace": workspace},
            )
        except kms.exceptions.InvalidCiphertextException as error:
            raise NotFound("data key of this workspace") from error
        return answer["CiphertextBlob"]
