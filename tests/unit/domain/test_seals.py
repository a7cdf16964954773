"""Seals: what they name, how they are linked, and what their hashes stand for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.audit import hash_of, key_of, to_json
from chalicelib.domain.seals import (
    ORIGIN,
    Checkpoint,
    checkpoint_bytes,
    checkpoint_to_json,
    head_of,
    next_seal,
    reach_of,
    seal_hash,
    seal_to_json,
)
from tests.fakes import samples
from tests.fakes.services import MORNING

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_the_first_seal_begins_the_chain() -> None:
    records = [samples.audit(), samples.audit()]
    seal = next_seal(None, "wsp_a", records, MORNING)
    assert (seal.number, seal.previous, seal.at) == (1, ORIGIN, MORNING)
    assert seal.previous_expires_at == MORNING
    assert [item.key for item in seal.records] == [key_of(each) for each in records]
    assert [item.hash for item in seal.records] == [hash_of(to_json(each)) for each in records]


def test_a_seal_names_the_one_before_it_and_up_to_when_it_is_kept() -> None:
    first = next_seal(None, "wsp_a", [samples.audit()], MORNING)
    second = next_seal(first, "wsp_a", [samples.audit()], MORNING + HOUR)
    assert (second.number, second.previous) == (2, first.hash)
    assert second.previous_expires_at == first.expires_at


def test_no_seal_is_kept_less_long_than_the_one_before_it() -> None:
    long = samples.audit(expires_at=MORNING + 400 * DAY)
    short = samples.audit(expires_at=MORNING + 30 * DAY)
    first = next_seal(None, "wsp_a", [short, long], MORNING)
    assert first.expires_at == long.expires_at
    assert next_seal(first, "wsp_a", [short], MORNING).expires_at == long.expires_at


def test_a_sealer_whose_clock_is_behind_does_not_go_back_in_time() -> None:
    first = next_seal(None, "wsp_a", [samples.audit()], MORNING)
    assert next_seal(first, "wsp_a", [samples.audit()], MORNING - HOUR).at == MORNING


def test_a_chain_of_which_all_has_expired_goes_on_from_its_checkpoint() -> None:
    mark = Checkpoint("wsp_a", 41, "4" * 64, MORNING + DAY, MORNING)
    seal = next_seal(mark, "wsp_a", [samples.audit()], MORNING + 100 * DAY)
    assert (seal.number, seal.previous) == (42, mark.hash)
    assert seal.previous_expires_at == mark.expires_at


def test_a_seal_reads_as_it_is_kept() -> None:
    """What finer clocks add is not kept, so it is not hashed."""
    at = MORNING + timedelta(microseconds=1_999)
    seal = next_seal(None, "wsp_a", [samples.audit()], at)
    assert seal.at == MORNING + timedelta(milliseconds=1)
    read = json.loads(json.dumps(seal_to_json(seal)))
    assert seal_hash(read) == seal.hash


def test_the_hash_is_over_everything_else() -> None:
    seal = next_seal(None, "wsp_a", [samples.audit()], MORNING)
    shown = seal_to_json(seal)
    assert seal_hash(shown | {"hash": "another"}) == seal.hash
    for name in set(shown) - {"hash"}:
        assert seal_hash(shown | {name: "another"}) != seal.hash


def test_the_hash_is_that_of_one_spelling_for_good() -> None:
    """Exports of years ago are checked by today's code."""
    spelling = (
        '{"at":"2026-03-02T09:00:00.000Z","expires_at":"2026-05-31T09:00:00.000Z","number":1,'
        f'"previous":"{ORIGIN}","previous_expires_at":"2026-03-02T09:00:00.000Z",'
        '"records":[{"expires_at":"2026-05-31T09:00:00.000Z",'
        f'"hash":"{"2" * 64}","key":"001772442000000#aud_\\u00e4"}}],"workspace":"wsp_a"}}'
    )
    item = samples.covered(key="001772442000000#aud_ä")
    seal = samples.seal(records=(item,))
    assert seal_hash(seal_to_json(seal)) == hashlib.sha256(spelling.encode()).hexdigest()


def test_the_head_is_the_newest_seal_or_what_its_checkpoint_tells() -> None:
    seal = next_seal(None, "wsp_a", [samples.audit()], MORNING)
    head = head_of(seal, MORNING + HOUR)
    assert head == Checkpoint("wsp_a", 1, seal.hash, seal.expires_at, MORNING + HOUR)
    assert head_of(head, MORNING + DAY) == replace(head, at=MORNING + DAY)


def test_a_seal_reaches_up_to_the_last_record_that_it_names() -> None:
    records = [samples.audit(at=MORNING + hours * HOUR) for hours in (1, 2)]
    seal = next_seal(None, "wsp_a", records, MORNING + DAY)
    assert reach_of(seal) == MORNING + 2 * HOUR
    assert reach_of(replace(seal, records=())) == MORNING + DAY


def test_what_is_signed_is_the_checkpoint_as_it_is_shown() -> None:
    head = Checkpoint("wsp_a", 1, "4" * 64, MORNING + DAY, MORNING)
    shown = json.loads(checkpoint_bytes(head))
    assert shown == checkpoint_to_json(head)
    assert shown["at"] == "2026-03-02T09:00:00.000Z"
