"""The sweep's part in lists on moto: one number is erased, deleted lists are removed."""

from __future__ import annotations

import hashlib
from array import array
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.suppressions import DynamoSuppressions
from chalicelib.adapters.ids import first_of
from chalicelib.adapters.kms import KmsDataKeys
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.domain.erasure import Suppressed
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.formats.chunk import Chunk
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest, digest_of
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from chalicelib.domain.suppression import Source, Suppression
from chalicelib.domain.tokens import Mixer
from tests.fakes import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cloud import Cloud

NUMBERS = [447_700_900_000 + n for n in range(6)]
GONE = NUMBERS[4]
NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)
LONG_AGO = NOW - timedelta(days=91)


@pytest.fixture(autouse=True)
def key(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made: str = cloud.clients.kms().create_key()["KeyMetadata"]["KeyId"]
    for name in ("directory", "campaigns", "delivery", "audit"):
        monkeypatch.setenv(f"MC_{name.upper()}_TABLE", name)
    for name in ("MC_DATA_BUCKET", "MC_UPLOADS_BUCKET"):
        monkeypatch.setenv(name, cloud.bucket)
    for name in ("MC_DATA_KEY", "MC_AUDIT_KEY"):
        monkeypatch.setenv(name, made)
    monkeypatch.setenv("MC_STATE_MACHINE", "machine")
    monkeypatch.setenv("MC_UPLOAD_QUEUE", "queue")
    for each in (bootstrap.list_sweep, bootstrap.eraser):
        each.cache_clear()
    yield made
    for each in (bootstrap.list_sweep, bootstrap.eraser):
        each.cache_clear()


def save(cloud: Cloud, *records: Any) -> None:
    for record in records:
        DynamoChanges(cloud.store).save(record, samples.audit())


def listed(cloud: Cloud, mixer: Mixer, made_at: datetime) -> str:
    """A list of two chunks, as ingest leaves it."""
    list_id, blobs = first_of("lst", made_at), S3Blobs(cloud.clients, cloud.bucket)
    ordered, entries = sorted(NUMBERS, key=mixer.token), []
    for number in range(2):
        part = ordered[3 * number : 3 * number + 3]
        data = chunk_format.encode(Chunk(array("Q", part), {"name": ["Ann"] * 3}))
        entry = ChunkEntry(
            number=number,
            key=f"lists/wsp_a/{list_id}/chunk-{number:05}",
            count=3,
            first_token=f"{mixer.token(part[0]):016x}",
            last_token=f"{mixer.token(part[-1]):016x}",
            sha256=hashlib.sha256(data).hexdigest(),
        )
        blobs.put(entry.key, data)
        entries.append(entry)
    digest = digest_of(entries)
    manifest = Manifest(1, "wsp_a", list_id, digest, Counts(6, 0, {}), tuple(entries))
    blobs.put(f"lists/wsp_a/{list_id}/manifest", manifests.encode(manifest))
    blobs.put(f"wsp_a/{list_id}", b"the uploaded file")
    save(
        cloud,
        samples.recipient_list(
            id=list_id, created_at=made_at, digest=digest, counts=ListCounts(valid=6)
        ),
    )
    return list_id


def keys(cloud: Cloud, prefix: str) -> list[str]:
    answer = cloud.clients.s3().list_objects_v2(Bucket=cloud.bucket, Prefix=prefix)
    return [each["Key"] for each in answer.get("Contents", ())]


def test_lists_age_and_a_number_is_erased(cloud: Cloud, key: str) -> None:
    data_keys = KmsDataKeys(cloud.clients, key)
    wrapped = data_keys.create("wsp_a")
    mixer = Mixer.of(data_keys.unwrap("wsp_a", wrapped))
    save(cloud, samples.workspace(wrapped_data_key=wrapped))
    aged, young = listed(cloud, mixer, LONG_AGO), listed(cloud, mixer, YESTERDAY)
    token = mixer.token(GONE)
    save(
        cloud,
        Suppression("wsp_a", token, GONE, Source.ADDED, YESTERDAY, "usr_a"),
        samples.erasure(
            token=token,
            keep_suppressed=False,
            created_at=NOW,
            after="",
            waiting=(),
            lists=0,
            erased=0,
            noted="",
        ),
        samples.open_erasure(),
    )

    sweep, eraser = bootstrap.list_sweep(), bootstrap.eraser()
    for workspace in sweep.share():
        sweep.look_through(workspace)
    for removal in sweep.removals():
        sweep.remove(removal)
    assert eraser.share() == ["wsp_a"]
    eraser.tend("wsp_a")

    campaigns, blobs = DynamoCampaigns(cloud.store), S3Blobs(cloud.clients, cloud.bucket)
    assert campaigns.recipient_list("wsp_a", aged).status is ListStatus.DELETED
    assert keys(cloud, f"lists/wsp_a/{aged}/") == []
    assert keys(cloud, "wsp_a/") == []
    manifest = manifests.decode(blobs.get(f"lists/wsp_a/{young}/manifest"))
    left = []
    for entry in manifest.chunks:
        data = blobs.get(entry.key)
        assert entry.holds(data)
        left += [
            each for each in chunk_format.decode(data).numbers if not chunk_format.is_hole(each)
        ]
    assert sorted(left) == [number for number in NUMBERS if number != GONE]
    done = campaigns.erasure("wsp_a", "era_a")
    assert (done.token, done.erased, done.suppressed) == (None, 1, Suppressed.REMOVED)
    assert campaigns.open_erasures() == []
    assert DynamoSuppressions(cloud.store).find("wsp_a", {token}) == {}
    # What somebody may be writing still is removed once more, later.
    assert campaigns.list_removals(datetime.now(UTC), 9) == []
    assert len(campaigns.list_removals(datetime.now(UTC) + timedelta(hours=2), 9)) == 1
