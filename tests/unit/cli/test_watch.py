"""Following a campaign: what the line says, when it ends, what it puts up with."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import Exit, Unreachable
from cli.screen import Screen, size
from cli.watch import PATIENCE_SECONDS, Rate, progress_line, totals_line

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/campaigns/cmp_1"
DOWN = Unreachable("http://127.0.0.1:8080", "nothing listens there")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("done", Exit.OK),
        ("cancelled", Exit.ENDED_BADLY),
        ("failed", Exit.ENDED_BADLY),
        ("expired", Exit.ENDED_BADLY),
    ],
)
def test_it_ends_with_the_campaign(
    mc: Any,
    api: Any,
    campaign: Callable[..., Any],
    totals: Callable[..., Any],
    status: str,
    code: Exit,
) -> None:
    under_way = campaign(status="sending", totals=totals(pending=900, delivered=100))
    ended = campaign(status=status, totals=totals(delivered=990, failed=10))
    api.on("GET", PATH, campaign(), under_way, ended)
    assert mc("watch", "cmp_1") == code
    assert f"Spring is {status}: delivered 990 · failed 10." in mc.out
    assert len(api.requests) == 3


def test_it_may_end_when_all_is_sent(
    mc: Any, api: Any, campaign: Callable[..., Any], totals: Callable[..., Any]
) -> None:
    sent = campaign(
        status="sending",
        sent_at="2030-01-01T08:00:00Z",
        totals=totals(delivered=999, sent=1),
    )
    api.on("GET", PATH, sent)
    assert mc("watch", "cmp_1", "--until", "sent") == Exit.OK
    assert "1 receipt is still awaited" in mc.out


def test_a_server_that_comes_back_is_no_reason_to_stop(
    mc: Any, api: Any, campaign: Callable[..., Any]
) -> None:
    api.on("GET", PATH, campaign(), DOWN, DOWN, campaign(status="done"))
    assert mc("watch", "cmp_1") == Exit.OK


def test_a_server_that_stays_away_is(mc: Any, api: Any) -> None:
    api.on("GET", PATH, DOWN)
    assert mc("watch", "cmp_1") == Exit.UNREACHABLE
    assert sum(mc.slept) >= PATIENCE_SECONDS


def test_machines_get_each_look_as_a_line(mc: Any, api: Any, campaign: Callable[..., Any]) -> None:
    api.on("GET", PATH, campaign(), campaign(status="done"))
    mc("watch", "cmp_1", "--json")
    assert [json.loads(line)["status"] for line in mc.out.splitlines()] == ["new", "done"]
    assert mc.remarks == ""


def test_the_line_has_status_share_rate_and_states(
    campaign: Callable[..., Any], totals: Callable[..., Any]
) -> None:
    line = progress_line(
        campaign(status="sending", totals=totals(pending=500, sent=200, delivered=300)), 199.6
    )
    assert line.startswith("sending ")
    assert "█" * 12 + "░" * 12 in line
    assert "50 %" in line
    assert "200/s" in line
    assert line.endswith("delivered 300 · sent 200 · pending 500")


def test_before_there_are_totals_the_status_is_all(campaign: Callable[..., Any]) -> None:
    assert progress_line(campaign(status="building"), 0.0) == "building"


def test_nobody_is_a_total_too(totals: Callable[..., Any]) -> None:
    assert totals_line(totals()) == "nobody"


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.after(0.0, 0) == 0.0
    assert rate.after(1.0, 100) == 100.0
    assert rate.after(10.0, 1000) == 100.0
    assert rate.after(11.0, 1200) == 200.0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_is_written_over() -> None:
    terminal = Terminal()
    screen = Screen(terminal, terminal)
    screen.progress("one")
    screen.progress("two")
    screen.say("three")
    assert terminal.getvalue() == "\r\x1b[Kone\r\x1b[Ktwo\nthree\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [(999, "999 bytes"), (1_500, "1.5 KB"), (25_000_000, "25.0 MB"), (1_073_741_824, "1.1 GB")],
)
def test_sizes_are_short(number: int, text: str) -> None:
    assert size(number) == text
