"""Checkpoints: anyone with the public key can check them, and nobody else can make one."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chalicelib.adapters.checkpoints import KmsCheckpoints
from chalicelib.domain.seals import ORIGIN, Checkpoint, SignedCheckpoint, checkpoint_bytes
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.cloud import mocked_cloud
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Checkpoints
    from tests.fakes.cloud import Cloud

CHECKPOINT = Checkpoint(
    workspace="wsp_a",
    seal=7,
    hash="c" * 64,
    expires_at=MORNING + timedelta(days=90),
    at=MORNING,
)


@pytest.fixture
def checkpoints(cloud: Cloud | None) -> Checkpoints:
    return FakeCheckpoints() if cloud is None else real(cloud)


def real(cloud: Cloud) -> KmsCheckpoints:
    key = cloud.clients.kms().create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return KmsCheckpoints(cloud.clients, key["KeyMetadata"]["KeyId"], cloud.bucket)


def verify(pem: bytes, signed: SignedCheckpoint) -> None:
    key = load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    signature = base64.b64decode(signed.signature, validate=True)
    key.verify(signature, checkpoint_bytes(signed.checkpoint), ec.ECDSA(hashes.SHA256()))


def test_a_signed_checkpoint_can_be_verified_offline(checkpoints: Checkpoints) -> None:
    signed = checkpoints.sign(CHECKPOINT)

    assert signed.checkpoint == CHECKPOINT
    verify(checkpoints.public_key(), signed)


def test_a_changed_checkpoint_does_not_hold(checkpoints: Checkpoints) -> None:
    signed = checkpoints.sign(CHECKPOINT)
    changed = [
        replace(CHECKPOINT, workspace="wsp_b"),
        replace(CHECKPOINT, seal=6),
        replace(CHECKPOINT, hash=ORIGIN),
        replace(CHECKPOINT, expires_at=CHECKPOINT.expires_at + timedelta(days=1)),
        replace(CHECKPOINT, at=CHECKPOINT.at + timedelta(milliseconds=1)),
    ]

    for checkpoint in changed:
        with pytest.raises(InvalidSignature):
            verify(checkpoints.public_key(), replace(signed, checkpoint=checkpoint))


def test_the_public_key_stays_the_same(checkpoints: Checkpoints) -> None:
    assert checkpoints.public_key() == checkpoints.public_key()


def test_no_checkpoint_is_stored_at_first(checkpoints: Checkpoints) -> None:
    assert checkpoints.stored("wsp_a") == []


def test_stored_checkpoints_come_as_they_were_by_seal_number(checkpoints: Checkpoints) -> None:
    signed = [checkpoints.sign(replace(CHECKPOINT, seal=number)) for number in (2, 10, 1_000)]
    for at in (1, 2, 0):
        checkpoints.store(signed[at])

    assert checkpoints.stored("wsp_a") == signed


def test_stored_checkpoints_are_read_from_a_seal_number_on(checkpoints: Checkpoints) -> None:
    signed = [checkpoints.sign(replace(CHECKPOINT, seal=number)) for number in (2, 10, 1_000)]
    for each in signed:
        checkpoints.store(each)

    assert checkpoints.stored("wsp_a", above=2) == signed[1:]
    assert checkpoints.stored("wsp_a", above=1_000) == []


def test_the_newest_checkpoint_is_that_of_the_highest_seal(checkpoints: Checkpoints) -> None:
    assert checkpoints.newest("wsp_a") is None
    signed = [checkpoints.sign(replace(CHECKPOINT, seal=number)) for number in (2, 1_000, 10)]
    for each in signed:
        checkpoints.store(each)

    assert checkpoints.newest("wsp_a") == signed[1]


def test_the_same_seal_again_is_written_over(checkpoints: Checkpoints) -> None:
    later = checkpoints.sign(replace(CHECKPOINT, at=MORNING + timedelta(hours=1)))
    checkpoints.store(checkpoints.sign(CHECKPOINT))
    checkpoints.store(later)

    assert checkpoints.stored("wsp_a") == [later]


def test_a_workspace_has_its_own_checkpoints_alone(checkpoints: Checkpoints) -> None:
    checkpoints.store(checkpoints.sign(CHECKPOINT))
    other = checkpoints.sign(replace(CHECKPOINT, workspace="wsp_ab"))
    checkpoints.store(other)

    assert checkpoints.stored("wsp_ab") == [other]
    assert checkpoints.stored("wsp_") == []


def test_kms_is_asked_once_for_the_public_key() -> None:
    with mocked_cloud() as cloud:
        checkpoints = real(cloud)
        pem = checkpoints.public_key()

        # Stubbed, and with nothing laid out: any call would be an error.
        with Stubber(cloud.clients.kms()):
            assert checkpoints.public_key() == pem
