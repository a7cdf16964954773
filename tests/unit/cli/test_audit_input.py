"""`mc audit` with little or nothing to work on: empty pages, times that are none, other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit import instant
from cli.errors import Exit
from tests.fakes.services import MORNING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Mc


def test_pages_without_any_are_gone_on_from(mc: Mc) -> None:
    item = {
        "at": instant(MORNING),
        "actor": {"user": "usr_a", "role": "author", "address": ""},
        "action": "tested",
        "object": "cmp_a",
        "sealed": True,
    }
    mc.api.on("GET", "/audit?action=rare&limit=3", {"items": [], "next": "b"})
    mc.api.on("GET", "/audit?action=rare&limit=3&after=b", {"items": [item], "next": "c"})
    mc.api.on("GET", "/audit?action=rare&limit=2&after=c", {"items": [], "next": None})
    assert mc("audit", "list", "--action", "rare", "--limit", "3") == Exit.OK
    assert len(mc.out.splitlines()) == 2


def test_a_time_that_is_none_is_refused(mc: Mc) -> None:
    assert mc("audit", "list", "--since", "yesterday") == Exit.USAGE
    assert mc.remarks.startswith("--since: use a time such as")


@pytest.mark.parametrize("content", [b"", b"no JSON\n", b'{"kind":"seal"}\n', b"\xff\xfe\n"])
def test_what_is_no_export_is_told(stranger: Mc, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    assert stranger("audit", "verify", str(path)) == Exit.REFUSED
    assert "is no export of the audit log" in stranger.remarks


def test_a_file_that_is_not_there_is_told(stranger: Mc, tmp_path: Path) -> None:
    assert stranger("audit", "verify", str(tmp_path / "log.jsonl")) == Exit.USAGE
