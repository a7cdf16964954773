"""Rules of the smaller records: people, senders, lists, channels, receipts, plan."""

from __future__ import annotations

import pytest

from chalicelib.domain import delivery, plan, receipts, recipient_list, sender
from chalicelib.domain.audit import system
from chalicelib.domain.channel import check_channel
from chalicelib.domain.codes import CodeSpace
from chalicelib.domain.delivery import ChunkRecord, Window
from chalicelib.domain.errors import (
    AlreadyDecided,
    IllegalMove,
    Invalid,
    NotFound,
    Stale,
)
from chalicelib.domain.formats.inbox import RawReceipt
from chalicelib.domain.formats.manifest import ChunkEntry, Counts, Manifest
from chalicelib.domain.ledger import Counters, Fact, OutcomeKind, PartRecord
from chalicelib.domain.recipient_list import PART_BYTES, ListCounts, ListStatus, NewList
from tests.fakes import samples
from tests.fakes.services import MORNING as NOON


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("Shop", sender.ALPHANUMERIC),
        ("447700900123", sender.LONG_NUMBER),
        ("12345", sender.SHORT_CODE),
    ],
)
def test_an_address_tells_its_type(address: str, kind: sender.NumberType) -> None:
    sender.check_address(address)
    assert sender.default_type(address) == kind


@pytest.mark.parametrize(
    "address", ["", "TwelveLetter", "1" * 21, "Caf\u00e9", "Ünïcödé ☃", "٣٣٣٣٣٣٣٣٣٣٣٣"]
)
def test_bad_addresses_are_refused(address: str) -> None:
    with pytest.raises(Invalid, match="address"):
        sender.check_address(address)


@pytest.mark.parametrize("before", ListStatus)
@pytest.mark.parametrize("after", ListStatus)
def test_a_list_only_moves_forward(before: ListStatus, after: ListStatus) -> None:
    legal = {
        (ListStatus.UPLOADING, ListStatus.INGESTING),
        (ListStatus.UPLOADING, ListStatus.FAILED),
        (ListStatus.INGESTING, ListStatus.READY),
        (ListStatus.INGESTING, ListStatus.FAILED),
        (ListStatus.UPLOADING, ListStatus.DELETED),
        (ListStatus.READY, ListStatus.DELETED),
        (ListStatus.FAILED, ListStatus.DELETED),
    }
    recipients = samples.recipient_list(status=before)
    if (before, after) in legal:
        recipient_list.check_move(recipients, after)
    else:
        with pytest.raises(IllegalMove, match=after.value):
            recipient_list.check_move(recipients, after)


@pytest.mark.parametrize(
    ("name", "size", "field"),
    [("a.csv", 0, "size"), ("a.csv", 101, "size"), ("a.pdf", 1, "name"), (".csv" * 60, 1, "name")],
)
def test_a_bad_upload_names_its_field(name: str, size: int, field: str) -> None:
    recipient_list.check_upload(NewList("a.CSV.gz", 100), 100)
    with pytest.raises(Invalid, match=field):
        recipient_list.check_upload(NewList(name, size), 100)


def test_no_limit_is_above_what_the_parts_of_an_upload_can_hold() -> None:
    most = 10_000 * PART_BYTES
    recipient_list.check_upload(NewList("a.csv", most), 2 * most)
    with pytest.raises(Invalid, match=f"size: must be 1 to {most} bytes"):
        recipient_list.check_upload(NewList("a.csv", most + 1), 2 * most)


def test_a_default_country_must_be_known() -> None:
    recipient_list.check_upload(NewList("a.csv", 1, "GB"), 100)
    for unknown in ("gb", "ZZ", ""):
        with pytest.raises(Invalid, match="default_country"):
            recipient_list.check_upload(NewList("a.csv", 1, unknown), 100)


def test_a_checksum_is_64_hexadecimal_digits() -> None:
    recipient_list.check_upload(NewList("a.csv", 1, sha256="0f" * 32), 100)
    for wrong in ("", "0F" * 32, "0f" * 31, "0f" * 33, "0g" * 32, "0f" * 32 + "\n"):
        with pytest.raises(Invalid, match="sha256: must be"):
            recipient_list.check_upload(NewList("a.csv", 1, sha256=wrong), 100)


def test_the_numbers_column_is_a_heading_of_a_csv_file() -> None:
    for heading in ("phone", "Numéro de téléphone", "x" * 100):
        recipient_list.check_upload(NewList("a.csv.gz", 1, number_column=heading), 100)
    for wrong in ("", "  ", "x" * 101, "a\nb", "a\0b"):
        with pytest.raises(Invalid, match="number_column: use 1 to 100"):
            recipient_list.check_upload(NewList("a.csv", 1, number_column=wrong), 100)
    for name in ("a.txt", "a.TXT.gz"):
        with pytest.raises(Invalid, match=r"number_column: a \.txt file has"):
            recipient_list.check_upload(NewList(name, 1, number_column="phone"), 100)


def test_parts_that_have_not_arrived_whole_are_lacking() -> None:
    three = samples.recipient_list(size=2 * PART_BYTES + 5)
    whole = {1: PART_BYTES, 2: PART_BYTES, 3: 5}
    assert [three.part_length(number) for number in (1, 2, 3)] == list(whole.values())
    assert recipient_list.lacking_parts(three, whole) == []
    assert recipient_list.lacking_parts(three, {}) == [1, 2, 3]
    # As long in all, and yet not whole.
    assert recipient_list.lacking_parts(three, whole | {2: PART_BYTES + 1, 3: 4}) == [2, 3]
    assert recipient_list.lacking_parts(three, {1: PART_BYTES, 3: PART_BYTES, 4: 5}) == [2, 3]


def test_parts_of_an_upload() -> None:
    assert samples.recipient_list(size=1).parts == 1
    assert samples.recipient_list(size=PART_BYTES).parts == 1
    assert samples.recipient_list(size=PART_BYTES + 1).parts == 2
    assert ListCounts(invalid={"a": 1, "b": 2}).rejected == 3


def test_keys_begin_with_the_workspace_or_their_prefix() -> None:
    assert recipient_list.upload_key("wsp_1", "lst_1") == "wsp_1/lst_1"
    assert recipient_list.list_prefix("wsp_1", "lst_1") == "lists/wsp_1/lst_1"
    assert delivery.ledger_key("wsp_1", "cmp_1", 7, "led_x") == "ledger/wsp_1/cmp_1/00007/led_x"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"rate": 0.0}, "rate"), ({"rate": 1e6}, "rate"), ({"window": 0}, "window")],
)
def test_a_bad_channel_names_its_field(changes: dict[str, float], field: str) -> None:
    check_channel(samples.channel())
    with pytest.raises(Invalid, match=field):
        check_channel(samples.channel(**changes))


def test_errors_read_well() -> None:
    assert str(NotFound("campaign")) == "There is no such campaign."
    assert "again" in str(Stale())
    assert str(AlreadyDecided("approved", None)) == "It was decided already: approved."
    assert NOON.isoformat() in str(AlreadyDecided("approved", NOON))
    assert system("sweep").user == "system:sweep"


def _receipt(state: int, message_id: str = "m-1", source: str = "+44 7700 900123") -> RawReceipt:
    return RawReceipt(
        received_ms=5,
        source=source,
        destination="Shop",
        message_id=message_id,
        state=state,
        error=0,
        short_message=b"",
    )


def _sent(message_id: str) -> PartRecord:
    return PartRecord(Fact(OutcomeKind.ACCEPTED, 1, CodeSpace.NONE, 0, message_id))


@pytest.mark.parametrize(
    ("wire", "number"),
    [("+447700900123", "447700900123"), ("00447700900123", "447700900123"), ("Shop", "")],
)
def test_wire_numbers_become_the_lists_numbers(wire: str, number: str) -> None:
    assert receipts.canonical(wire) == number


def test_the_recorded_id_decides_which_part_a_receipt_is_for() -> None:
    parts = (_sent("m-0"), _sent("m-1"))
    outcome = receipts.outcome(4, parts, _receipt(2))
    assert outcome is not None
    assert (outcome.index, outcome.part, outcome.parts) == (4, 1, 2)
    assert outcome.kind is OutcomeKind.DELIVERED
    assert (outcome.space, outcome.code) == (CodeSpace.RECEIPT, 2)
    assert receipts.outcome(4, parts, _receipt(2, "other")) is None
    assert receipts.outcome(4, (_sent(""),), _receipt(2, "")) is None


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (2, OutcomeKind.DELIVERED),
        (3, OutcomeKind.EXPIRED),
        (4, OutcomeKind.FAILED),
        (5, OutcomeKind.FAILED),
        (7, OutcomeKind.UNKNOWN),
        (8, OutcomeKind.FAILED),
        (9, OutcomeKind.FAILED),
    ],
)
def test_final_states(state: int, kind: OutcomeKind) -> None:
    outcome = receipts.outcome(0, (_sent("m-1"),), _receipt(state))
    assert outcome is not None
    assert outcome.kind is kind
    assert receipts.is_final(_receipt(state))


@pytest.mark.parametrize("state", [0, 1, 6, 77])
def test_a_receipt_on_the_way_is_not_final(state: int) -> None:
    assert not receipts.is_final(_receipt(state))


def _manifest() -> Manifest:
    entries = tuple(
        ChunkEntry(
            number=number,
            key=f"lists/wsp_1/lst_1/chunk-{number:05}",
            count=count,
            first_token=f"{number:016x}",
            last_token=f"{number:016x}",
            sha256="0" * 64,
        )
        for number, count in enumerate((10_000, 5))
    )
    return Manifest(
        version=1,
        workspace="wsp_1",
        list="lst_1",
        digest="d" * 64,
        counts=Counts(valid=10_005, duplicate=0, invalid={}),
        chunks=entries,
    )


def test_on_demand_is_one_window_with_every_chunk_whole() -> None:
    campaign = samples.campaign()
    chunks = plan.chunk_records(campaign, _manifest())
    assert [(chunk.number, chunk.recipients) for chunk in chunks] == [(0, 10_000), (1, 5)]
    (window,) = plan.windows(campaign, NOON)
    offers = plan.offers(window, "chn_1", chunks)
    assert [(offer.first, offer.last) for offer in offers] == [(0, 10_000), (0, 5)]
    assert plan.next_window([window]) is window


def test_the_next_window_is_the_first_that_is_not_settled() -> None:
    windows = [Window("wsp_1", "cmp_1", number, NOON, settled=number == 0) for number in (2, 1, 0)]
    following = plan.next_window(windows)
    assert following is not None
    assert following.number == 1
    assert plan.next_window([]) is None


def test_totals_are_the_sum_of_the_chunks() -> None:
    chunks = [
        ChunkRecord("w", "c", n, "l", "k", 2, counters=Counters(total=2, sent=1, pending=1))
        for n in range(3)
    ]
    assert delivery.totals(chunks) == Counters(total=6, sent=3, pending=3)
    assert delivery.totals([]) == Counters()
