"""Campaigns, their decisions and their recipients, as commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cli import client
from cli.__main__ import COMMANDS, parser
from cli.errors import Exit, Unreachable
from cli.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

SENDERS = {
    "items": [
        {"id": "snd_1", "name": "Demo", "current_revision": 1, "created_at": ""},
        {"id": "snd_2", "name": "Twin", "current_revision": None, "created_at": ""},
        {"id": "snd_3", "name": "Twin", "current_revision": 1, "created_at": ""},
    ]
}
URL = "http://127.0.0.1:8080"
CREATE = ("campaign", "create", "--name", "Spring", "--text", "Hello", "--list", "lst_1")


@pytest.fixture(autouse=True)
def senders(api: Any) -> None:
    api.on("GET", "/senders", SENDERS)


def test_what_is_made_is_made_once_though_an_answer_is_lost(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0)
    mc = client.Client(URL, "mcs_token", "demo", api)
    lost = Unreachable(URL, "it took too long")
    api.on("POST", "/campaigns", lost, lost, {"id": "cmp_1"}, status=201)
    made = mc.create_campaign(
        name="Spring", text="Hello", sender="snd_1", list_id="lst_1", auto_start=True
    )
    assert made["id"] == "cmp_1"
    keys = {request.headers["Idempotency-Key"] for request in api.requests}
    assert (len(api.requests), len(keys)) == (3, 1)


@pytest.mark.parametrize(("given", "sent"), [("Demo", "snd_1"), ("snd_9", "snd_9")])
def test_a_sender_is_given_by_name_or_id(
    mc: Any, api: Any, campaign: Callable[..., Any], given: str, sent: str
) -> None:
    api.on("POST", "/campaigns", campaign(), status=201)
    assert mc(*CREATE, "--sender", given, "--auto-start") == Exit.OK
    assert api.called("POST", "/campaigns")[0].json == {
        "name": "Spring",
        "text": "Hello",
        "sender": sent,
        "list": "lst_1",
        "auto_start": True,
    }
    assert "mc submit cmp_1" in mc.out


def test_a_name_that_two_senders_have_is_no_choice(mc: Any, api: Any) -> None:
    assert mc(*CREATE, "--sender", "Twin") == Exit.USAGE
    assert not api.called("POST", "/campaigns")


@pytest.mark.parametrize(
    "action", ["submit", "approve", "reject", "start", "pause", "resume", "cancel"]
)
def test_each_action_is_one_call(
    mc: Any, api: Any, campaign: Callable[..., Any], action: str
) -> None:
    api.on("POST", f"/campaigns/cmp_1/{action}", campaign(status="sending", approval="approved"))
    note = ("--note", "why") if action in {"approve", "reject"} else ()
    assert mc(action, "cmp_1", *note) == Exit.OK
    assert api.requests[-1].json == ({"note": "why"} if note else {})
    assert "cmp_1" in mc.out


def test_a_rejection_needs_a_reason(mc: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        mc("reject", "cmp_1")
    assert ended.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("approval", "status", "hint"),
    [
        ("submitted", "new", "mc approve cmp_1"),
        ("approved", "new", "mc start cmp_1"),
        ("approved", "building", "mc watch cmp_1"),
        ("rejected", "new", ""),
    ],
)
def test_the_next_step_is_named(
    mc: Any, api: Any, campaign: Callable[..., Any], approval: str, status: str, hint: str
) -> None:
    api.on("POST", "/campaigns/cmp_1/submit", campaign(approval=approval, status=status))
    mc("submit", "cmp_1")
    assert hint in mc.out
    assert bool(hint) == ("mc " in mc.out)


def test_a_refusal_names_every_field(mc: Any, api: Any, problem: Callable[..., Any]) -> None:
    errors = [
        {"field": "name", "message": "use 1 to 200 characters"},
        {"field": "", "message": "x"},
    ]
    api.on(
        "POST",
        "/campaigns",
        problem(400, title="The request is not valid", errors=errors),
        status=400,
    )
    assert mc(*CREATE, "--sender", "Demo") == Exit.REFUSED
    assert "  name: use 1 to 200 characters" in mc.remarks
    assert "  body: x" in mc.remarks


def test_machines_get_the_problem_document(mc: Any, api: Any, problem: Callable[..., Any]) -> None:
    api.on("POST", "/campaigns/cmp_1/approve", problem(409), status=409)
    assert mc("approve", "cmp_1", "--json") == Exit.REFUSED
    assert mc.json == problem(409)


def test_an_error_of_the_server_names_the_request(
    mc: Any, api: Any, problem: Callable[..., Any]
) -> None:
    api.on("GET", "/campaigns/cmp_1", problem(500, detail="Try again."), status=500)
    assert mc("campaigns", "cmp_1") == Exit.REFUSED
    assert "req-1" in mc.remarks


def test_an_ended_session_says_so(mc: Any, api: Any, problem: Callable[..., Any]) -> None:
    api.on("GET", "/campaigns/cmp_1", problem(401), status=401)
    assert mc("campaigns", "cmp_1") == Exit.NOT_SIGNED_IN
    assert "has ended" in mc.remarks


@pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(502, b"[]"), Answer(404, b"{}")])
def test_another_server_is_told_apart(mc: Any, api: Any, answer: Answer) -> None:
    api.on("GET", "/campaigns/cmp_1", answer)
    assert mc("campaigns", "cmp_1") == Exit.UNREACHABLE
    assert "not Message Center" in mc.remarks


def test_a_server_that_is_down_is_named(mc: Any, api: Any) -> None:
    api.on("GET", "/campaigns/cmp_1", Unreachable("http://127.0.0.1:8080", "nothing listens there"))
    assert mc("campaigns", "cmp_1") == Exit.UNREACHABLE
    assert "http://127.0.0.1:8080" in mc.remarks
    assert "make up" in mc.remarks


def test_an_id_cannot_lead_to_another_path(mc: Any, api: Any, campaign: Callable[..., Any]) -> None:
    api.on("GET", "/campaigns/..%2Flists%3Fx", campaign())
    assert mc("campaigns", "../lists?x") == Exit.OK


def test_one_campaign_is_shown_with_its_totals(
    mc: Any, api: Any, campaign: Callable[..., Any], totals: Callable[..., Any]
) -> None:
    shown = campaign(
        status="paused",
        pause_reason="person",
        decision={"by": "usr_2", "at": "2030-01-01T08:00:00Z", "note": "fine"},
        totals=totals(delivered=7, pending=3, in_doubt=2),
    )
    api.on("GET", "/campaigns/cmp_1", shown)
    mc("campaigns", "cmp_1")
    assert "paused (person)" in mc.out
    assert "delivered 7 · pending 3 · in doubt 2" in mc.out
    assert "fine" in mc.out


def test_campaigns_and_senders_are_tables(mc: Any, api: Any, campaign: Callable[..., Any]) -> None:
    api.on("GET", "/campaigns?limit=200", {"items": [campaign()], "next": None})
    mc("campaigns")
    assert mc.out.splitlines()[0].split() == [
        "campaign",
        "name",
        "status",
        "approval",
        "recipients",
        "created",
    ]
    mc("senders")
    assert "none" in mc.out


ERROR = {"space": "command_status", "code": 11, "name": "ESME_RINVDSTADR", "meaning": "bad number"}
PARTS = [
    {
        "state": "failed",
        "message_id": "",
        "submitted_at_ms": 1_700_000_000_000,
        "reported_at_ms": None,
        "error": ERROR,
    }
]


def a_recipient(**changes: Any) -> dict[str, Any]:
    return {"number": "*******0100", "ctn_hash": "ab", "state": "failed", "parts": PARTS} | changes


def test_recipients_show_parts_and_errors(mc: Any, api: Any) -> None:
    page = {"items": [a_recipient(), a_recipient(state="pending", parts=[])], "next": "0.50"}
    api.on("GET", "/campaigns/cmp_1/recipients?limit=50", page)
    assert mc("recipients", "cmp_1") == Exit.OK
    assert "command_status 11: bad number" in mc.out
    assert "pending" in mc.out
    assert "--after 0.50" in mc.out


def test_all_recipients_come_page_by_page(mc: Any, api: Any) -> None:
    path = "/campaigns/cmp_1/recipients?limit=200"
    api.on("GET", path, {"items": [a_recipient()], "next": "0.200"})
    api.on("GET", path + "&after=0.200", {"items": [a_recipient(state="sent")], "next": None})
    assert mc("recipients", "cmp_1", "--all") == Exit.OK
    assert len(mc.out.splitlines()) == 2
    assert mc("recipients", "cmp_1", "--all", "--json") == Exit.OK
    assert len(mc.out.splitlines()) == 2


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command.words))
def test_every_command_has_help(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*command.words, "--help"])
    assert ended.value.code == 0
    assert command.summary.split()[0].lower() in capsys.readouterr().out.lower()


def test_a_common_option_may_stand_before_or_after_the_command() -> None:
    for arguments in (["--json", "me"], ["me", "--json"]):
        assert parser().parse_args(arguments).json
    assert not parser().parse_args(["me"]).json
