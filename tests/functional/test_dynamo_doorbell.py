"""The doorbell: what a stream record's keys announce."""

from __future__ import annotations

import pytest

from chalicelib.adapters.dynamo.doorbell import ChunkRang, InboxRang, rang
from chalicelib.adapters.dynamo.kinds import CHANNEL, CHUNK, INBOX, JOURNAL, OFFER, TRAFFIC
from tests.fakes import samples


def stream_keys(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def test_a_journal_item_announces_its_chunk() -> None:
    key = JOURNAL.key(samples.journal_item(workspace="wsp_b", campaign="cmp_c", chunk=12))

    assert rang(stream_keys(*key)) == ChunkRang("wsp_b", "cmp_c", 12)


def test_a_fresh_inbox_item_announces_its_channel() -> None:
    assert rang(stream_keys(*INBOX.key(samples.inbox_item(key="a#b")))) == InboxRang("chn_a")


@pytest.mark.parametrize(
    "key",
    [
        INBOX.key(samples.inbox_item(waiting=True)),
        CHUNK.key(samples.chunk()),
        OFFER.key(samples.offer()),
        CHANNEL.key(samples.channel()),
        TRAFFIC.key(samples.traffic()),
    ],
)
def test_anything_else_announces_nothing(key: tuple[str, str]) -> None:
    assert rang(stream_keys(*key)) is None
