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
    ],
    "next": None,
}
URL = "http://127.0.0.1:8080"
CREATE = ("campaign", "create", "--name", "Spring", "--text", "Hello", "--list", "lst_1")


@pytest.fixture(autouse=True)
def senders(api: Any) -> None:
    api.on("GET", "/senders?limit=200", SENDERS)


def test_what_is_made_is_made_once_though_an_answer_is_lost(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0)
    mc = client.Client(URL, "mcs_token", "demo", api)
    lost = Unreachable(URL, "it took too long")
    api.on("POST", "/campaigns", lost, lost, {"id": "cmp_1"}, status=201)
    made = mc.create_campaign({"name": "Spring"})
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
    "action", ["submit", "withdraw", "start", "pause", "resume", "cancel", "archive", "restore"]
)
def test_each_action_is_one_call(
    mc: Any, api: Any, campaign: Callable[..., Any], action: str
) -> None:
    api.on("POST", f"/campaigns/cmp_1/{action}", campaign(status="sending", approval="approved"))
    assert mc(action, "cmp_1") == Exit.OK
    assert api.requests[-1].json == {}
    assert "cmp_1" in mc.out


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_decision_is_on_what_is_there_to_be_read(
    mc: Any, api: Any, campaign: Callable[..., Any], action: str
) -> None:
    api.on("GET", "/campaigns/cmp_1", campaign(digest="d1"))
    api.on("POST", f"/campaigns/cmp_1/{action}", campaign())
    assert mc(action, "cmp_1", "--note", "why") == Exit.OK
    assert api.requests[-1].json == {"note": "why", "digest": "d1"}
    assert mc(action, "cmp_1", "--note", "why", "--digest", "d0") == Exit.OK
    assert api.requests[-1].json["digest"] == "d0"


def test_a_missed_start_is_given_a_new_time(
    mc: Any, api: Any, campaign: Callable[..., Any]
) -> None:
    api.on("POST", "/campaigns/cmp_1/start", campaign(missed_start=True, approval="approved"))
    mc("start", "cmp_1")
    assert "mc release cmp_1" in mc.out
    api.on("POST", "/campaigns/cmp_1/release", campaign(status="pending", approval="approved"))
    assert mc("release", "cmp_1", "--start-at", "2030-01-02T09:00:00Z") == Exit.OK
    assert api.requests[-1].json == {"start_at": "2030-01-02T09:00:00Z"}


def test_a_campaign_is_changed_and_copied(mc: Any, api: Any, campaign: Callable[..., Any]) -> None:
    assert mc("campaign", "edit", "cmp_1") == Exit.USAGE
    api.on("PATCH", "/campaigns/cmp_1", campaign())
    assert mc("campaign", "edit", "cmp_1", "--text", "Bye", "--mode", "spread") == Exit.OK
    assert api.requests[-1].json == {"mode": "spread", "text": "Bye"}
    api.on("POST", "/campaigns/cmp_1/clone", campaign(id="cmp_2"), status=201)
    assert mc("campaign", "clone", "cmp_1", "--name", "Again") == Exit.OK
    assert api.requests[-1].json == {"name": "Again"}
    assert "cmp_2" in mc.out


def test_the_queue_is_a_table(mc: Any, api: Any) -> None:
    waiting = {
        "kind": "revision",
        "object": "snd_1",
        "revision": 2,
        "title": "ACME",
        "recipients": 0,
        "submitted_at": "2030-01-01T08:00:00Z",
    }
    both = [waiting, waiting | {"kind": "campaign", "revision": None, "recipients": 1500}]
    api.on("GET", "/moderation?limit=200", {"items": both, "next": None})
    assert mc("queue") == Exit.OK
    assert "snd_1" in mc.out
    assert "1,500" in mc.out


COUNTS: dict[str, Any] = {
    "valid": 1500,
    "duplicate": 2,
    "invalid": {"too_short": 1},
    "suppressed": None,
    "screening": {"recipients": 1500, "counted": 1000, "counted_at": None},
}
SAMPLE = {"text": "Hello Zoë", "encoding": "gsm7", "characters": 9, "parts": 1}


def test_a_review_tells_texts_counts_and_plan(mc: Any, api: Any) -> None:
    spread = {
        "progress": "counting",
        "recipients": 1500,
        "counted": 1200,
        "by_parts": [{"parts": 1, "recipients": 1100}, {"parts": 2, "recipients": 100}],
        "too_long": 7,
    }
    plan: dict[str, Any] = {
        "objection": "Only 3 fit.",
        "begins_at": "2030-01-01T08:00:00Z",
        "finishes_at": None,
        "messages_per_second": 70.0,
        "days": [{}, {}],
    }
    found = {
        "id": "cmp_1",
        "status": "new",
        "approval": "submitted",
        "address": "ACME",
        "digest": "d1",
        "counts": COUNTS,
        "spread": spread,
        "text": SAMPLE,
        "samples": [SAMPLE],
        "parts": None,
        "plan": plan,
        "problems": [{"field": "text", "message": "too long"}],
    }
    api.on("GET", "/campaigns/cmp_1/review", found)
    assert mc("review", "cmp_1") == Exit.OK
    for told in (
        "1,500",
        "2 duplicate, 1 too_short",
        "being counted, 1,000 of 1,500 looked at so far",
        "1,100 of 1 part, 100 of 2 parts, 7 too long to be sent, 1,200 of 1,500 counted so far",
        "70 messages a second",
        "Only 3 fit.",
        "“Hello Zoë” (9 characters, gsm7, 1 part)",
        "text: too long",
        "d1",
    ):
        assert told in mc.out
    plain: dict[str, Any] = found | {
        "spread": None,
        "counts": None,
        "plan": None,
        "parts": 1500,
        "problems": [],
    }
    api.on("GET", "/campaigns/cmp_1/review", plain)
    assert mc("review", "cmp_1") == Exit.OK
    assert "9 characters, gsm7, 1 part" in mc.out


@pytest.mark.parametrize(
    ("suppressed", "told"), [(0, "nobody"), (1_234, "1,234, as of 2030-01-01 08:00")]
)
def test_a_review_tells_who_wants_no_messages(
    mc: Any, api: Any, suppressed: int, told: str
) -> None:
    counted = {"recipients": 1500, "counted": 1500, "counted_at": "2030-01-01T08:00:00Z"}
    found: dict[str, Any] = {
        "id": "cmp_1",
        "status": "new",
        "approval": "draft",
        "address": "ACME",
        "digest": None,
        "counts": COUNTS | {"suppressed": suppressed, "screening": counted},
        "spread": None,
        "text": None,
        "samples": [],
        "parts": None,
        "plan": None,
        "problems": [],
    }
    api.on("GET", "/campaigns/cmp_1/review", found)
    assert mc("review", "cmp_1") == Exit.OK
    assert told in mc.out
    found["counts"] = COUNTS | {"screening": None}
    api.on("GET", "/campaigns/cmp_1/review", found)
    assert mc("review", "cmp_1") == Exit.OK
    assert "counted" not in mc.out


REVISION = {
    "sender": "snd_1",
    "number": 1,
    "status": "draft",
    "address": "ACME",
    "channel": "chn_1",
    "use": "",
    "digest": "d1",
    "decision": None,
}


def test_a_sender_gets_its_revision(mc: Any, api: Any) -> None:
    api.on("POST", "/senders", {"id": "snd_1", "name": "Demo"}, status=201)
    assert mc("sender", "create", "Demo") == Exit.OK
    assert "mc revision add snd_1" in mc.out
    api.on("POST", "/senders/snd_1/revisions", REVISION, status=201)
    assert mc("revision", "add", "Demo", "--address", "ACME", "--channel", "chn_1") == Exit.OK
    assert api.requests[-1].json == {"address": "ACME", "channel": "chn_1", "use": ""}
    assert "mc revision submit snd_1 1" in mc.out
    one = "/senders/snd_1/revisions/1"
    api.on("POST", one + "/submit", REVISION | {"status": "pending_approval"})
    assert mc("revision", "submit", "snd_1", "1") == Exit.OK
    api.on("GET", one, REVISION)
    api.on("POST", one + "/reject", REVISION | {"status": "rejected"})
    assert mc("revision", "reject", "snd_1", "1", "--note", "no") == Exit.OK
    assert api.requests[-1].json == {"digest": "d1", "note": "no"}
    noted = REVISION | {"decision": {"by": "usr_1", "at": "", "note": "no"}}
    api.on("GET", "/senders/snd_1/revisions", {"items": [noted], "next": None})
    assert mc("revisions", "Demo") == Exit.OK
    assert mc.out.splitlines()[-1].split() == ["1", "draft", "ACME", "chn_1", "no"]


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
    assert mc("approve", "cmp_1", "--digest", "d1", "--json") == Exit.REFUSED
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
    api.on("GET", "/campaigns?limit=200", {"items": [campaign(starts_at=None)], "next": None})
    mc("campaigns")
    assert mc.out.splitlines()[0].split() == [
        "campaign",
        "name",
        "mode",
        "status",
        "approval",
        "recipients",
        "created",
        "starts",
    ]
    narrowed = "/campaigns?limit=200&status=new%2Cpaused&sort=start"
    api.on("GET", narrowed, {"items": [], "next": None})
    assert mc("campaigns", "--status", "new,paused", "--sort", "start") == Exit.OK
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
