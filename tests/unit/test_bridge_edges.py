"""The bridge's edges: what a deliver_sm becomes, pauses between tries, log lines, settings."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from chalicelib.domain.formats import inbox as inbox_format
from smpp_bridge import inbox, main
from smpp_bridge.binding import pause_after
from smpp_bridge.main import JsonLines
from smpp_bridge.protocol.events import Delivered
from smpp_bridge.protocol.receipts import parse_receipt
from tests.fakes.records import FakeDelivery, Records
from tests.fakes.services import FakeClock, FakeIds

if TYPE_CHECKING:
    import pytest

    from smpp_bridge.link import Link


def delivered(**changes: Any) -> Delivered:
    made = Delivered(
        sequence=7,
        source="447700900000",
        source_ton=1,
        source_npi=1,
        destination="ACME",
        destination_ton=5,
        destination_npi=0,
        esm_class=4,
        data_coding=0,
        short_message=b"id:1a2b stat:DELIVRD err:000",
        tlvs={},
    )
    return replace(made, **changes)


class Acknowledging:
    """A link as far as the inbox needs one."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[int, int]] = []

    def acknowledge(self, sequence: int, status: int = 0) -> bool:
        self.acknowledged.append((sequence, status))
        return True


def test_a_subscribers_message_is_refused_for_good() -> None:
    kept = inbox.Inbox("chn_a", FakeDelivery(Records()), FakeIds(), FakeClock())
    link = Acknowledging()
    kept.add(cast("Link", link), delivered(esm_class=0), 0)
    assert link.acknowledged == [(7, 0x65)]
    assert (len(kept), kept.refused) == (0, 1)


def test_a_receipt_is_cut_to_what_the_inbox_holds() -> None:
    odd = delivered(
        source="4" * 300, short_message=b"id:" + b"a" * 900 + b" err:ffffffff stat:FAILED"
    )
    receipt = parse_receipt(odd)
    assert receipt is not None
    raw = inbox.raw_receipt(odd, receipt, 5)
    assert (len(raw.source), len(raw.message_id), len(raw.short_message)) == (255, 255, 600)
    assert inbox_format.decode(inbox_format.encode([raw])) == (raw,)


def test_a_receipts_error_comes_from_the_network_where_the_text_has_none() -> None:
    tlvs = {0x0423: b"\x03\x00\x2a", 0x001E: b"1a2b\0", 0x0427: b"\x05"}
    bare = delivered(short_message=b"", tlvs=tlvs)
    receipt = parse_receipt(bare)
    assert receipt is not None
    raw = inbox.raw_receipt(bare, receipt, 5)
    assert (raw.message_id, raw.state, raw.error) == ("1a2b", 5, 42)


def test_without_settings_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    loggers = {
        name: logging.getLogger(name) for name in ("", "boto3", "botocore", "urllib3", "pynamodb")
    }
    before = {name: (one.level, one.handlers[:]) for name, one in loggers.items()}
    assert main.main() == main.BAD_SETTINGS
    for name, (level, handlers) in before.items():
        loggers[name].setLevel(level)
        loggers[name].handlers[:] = handlers
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "error"
    assert "MC_DELIVERY_TABLE" in line["message"]


def test_a_log_line_is_one_object_with_its_facts() -> None:
    record = logging.makeLogRecord({"msg": "bound", "levelname": "INFO", "channel": "chn_a"})
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["level"], line["channel"]) == ("bound", "info", "chn_a")
    assert "exception" not in line
    error = ValueError("broken")
    record.exc_info = (type(error), error, None)
    assert "broken" in json.loads(JsonLines().format(record))["exception"]


def test_pauses_grow_to_a_limit_and_are_spread() -> None:
    pauses = [pause_after(failures, 0.5, refused=False) for failures in range(9)]
    assert pauses == [0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert pause_after(1, 0.0, refused=False) == 0.25
    assert pause_after(1, 1.0, refused=False) == 0.75


def test_a_refused_bind_waits_far_longer() -> None:
    assert pause_after(1, 0.5, refused=True) == 5.0
    assert pause_after(10_000, 0.5, refused=True) == 300.0
