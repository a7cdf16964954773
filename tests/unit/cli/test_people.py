"""Signing in and out, the files that keep what that takes, and how people come in."""

from __future__ import annotations

import io
import json
import stat
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from cli.errors import Exit, Unreachable
from cli.session import session_file
from cli.transport import Answer, HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from urllib.request import Request

URL = "http://127.0.0.1:8080"
SIGN_IN = f"{URL}/v1/sign-in"
ACCEPT = f"{URL}/v1/invitations/accept"
SEAT = {"workspace": "wsp_1", "user": "usr_1", "role": "admin", "is_moderator": False}


def signed_in(*workspaces: str) -> dict[str, Any]:
    return {
        "token": "mcs_fresh",
        "device": None,
        "csrf": "csrf_of_the_session",
        "expires_at": "2030-01-01T08:00:00Z",
        "user": {"id": "usr_1", "email": "author@demo.example", "name": "Demo author"},
        "workspaces": [{"id": name, "role": "author", "is_moderator": True} for name in workspaces],
    }


class Terminal(io.StringIO):
    """Standard input, if somebody sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Somebody who types this, line by line; the prompts that they saw."""

    def sit_down(*lines: str) -> list[str]:
        left, prompts = list(lines), []

        def answer(prompt: str) -> str:
            prompts.append(prompt)
            return left.pop(0)

        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", answer)
        monkeypatch.setattr("builtins.input", answer)
        return prompts

    return sit_down


@pytest.fixture
def code_needed(problem: Callable[..., Any]) -> Answer:
    kind = "urn:message-center:problem:second-factor-needed"
    return Answer(401, json.dumps(problem(401, type=kind, detail="Send the code.")).encode())


@pytest.fixture
def password(tmp_path: Path) -> str:
    file = tmp_path / "password"
    file.write_text("correct horse battery\n", encoding="utf-8")
    return str(file)


def test_a_session_is_kept_for_its_owner_alone(stranger: Any, api: Any, password: str) -> None:
    api.on("POST", f"{URL}/v1/sign-in", signed_in("demo"), status=201)
    assert stranger("sign-in", "--email", "a@b.example", "--password-file", password) == Exit.OK
    (request,) = api.requests
    assert request.json == {"email": "a@b.example", "password": "correct horse battery"}
    assert "Authorization" not in request.headers
    assert stat.S_IMODE(stranger.sessions.path.stat().st_mode) == 0o600
    assert stranger.sessions.read().token == "mcs_fresh"
    assert "in workspace demo" in stranger.out


def test_the_token_is_never_printed(stranger: Any, api: Any, password: str) -> None:
    api.on("POST", f"{URL}/v1/sign-in", signed_in("demo"), status=201)
    stranger("sign-in", "--json", "--email", "a@b.example", "--password-file", password)
    assert "mcs_fresh" not in stranger.out + stranger.remarks
    assert stranger.json["user"]["id"] == "usr_1"


def test_neither_device_nor_csrf_token_is_printed(stranger: Any, api: Any, password: str) -> None:
    answer = signed_in("demo") | {"device": "mcd_fresh"}
    api.on("POST", SIGN_IN, answer, status=201)
    api.on("GET", f"{URL}/v1/me", answer)
    seen = ""
    for options in ((), ("--json",)):
        stranger("sign-in", "--email", "a@b.example", "--password-file", password, *options)
        seen += stranger.out + stranger.remarks
        stranger("me", *options)
        seen += stranger.out + stranger.remarks
    assert "mcd_fresh" not in seen
    assert "csrf" not in seen
    assert stranger.json["user"]["id"] == "usr_1"


def test_the_server_gets_its_device_back_even_after_signing_out(
    stranger: Any, api: Any, password: str
) -> None:
    api.on("POST", SIGN_IN, signed_in("demo") | {"device": "mcd_fresh"}, status=201)
    api.on("POST", f"{URL}/v1/sign-out", {"status": "signed out"})
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    stranger(*arguments)
    stranger("sign-out")
    # It is known now, so the server gives no other.
    api.on("POST", SIGN_IN, signed_in("demo"), status=201)
    stranger(*arguments)
    stranger(*arguments)
    sent = [request.json.get("device") for request in api.called("POST", SIGN_IN)]
    assert sent == [None, "mcd_fresh", "mcd_fresh"]
    assert stat.S_IMODE(stranger.sessions.devices.path.stat().st_mode) == 0o600
    assert stranger.sessions.devices.path.parent == stranger.sessions.path.parent


def test_a_device_goes_to_no_other_server_and_with_no_other_address(
    stranger: Any, api: Any, password: str
) -> None:
    other = "https://other.example"
    arguments = ("sign-in", "--password-file", password)
    api.on("POST", SIGN_IN, signed_in("demo") | {"device": "mcd_here"}, status=201)
    stranger(*arguments, "--email", "a@b.example")
    api.on("POST", f"{other}/v1/sign-in", signed_in("demo") | {"device": "mcd_there"}, status=201)
    stranger(*arguments, "--email", "a@b.example", "--url", other)
    stranger(*arguments, "--email", "c@b.example", "--url", URL)
    assert [request.json.get("device") for request in api.requests] == [None, None, None]
    stranger(*arguments, "--email", "A@B.example ", "--url", other)
    assert api.requests[-1].json["device"] == "mcd_there"


def test_a_device_is_kept_although_the_workspace_was_misnamed(
    stranger: Any, api: Any, password: str
) -> None:
    api.on("POST", SIGN_IN, signed_in("demo") | {"device": "mcd_fresh"}, status=201)
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments, "--workspace", "other") == Exit.USAGE
    assert stranger.sessions.devices.known(URL, "a@b.example") == "mcd_fresh"


@pytest.mark.parametrize("damaged", ["{", "[]", '{"a@b.example http://127.0.0.1:8080": 1}'])
def test_a_damaged_file_of_devices_is_begun_anew(
    stranger: Any, api: Any, password: str, damaged: str
) -> None:
    stranger.sessions.path.parent.mkdir()
    stranger.sessions.devices.path.write_text(damaged, encoding="utf-8")
    api.on("POST", SIGN_IN, signed_in("demo") | {"device": "mcd_fresh"}, status=201)
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments) == Exit.OK
    assert "device" not in api.requests[0].json
    assert stranger.sessions.devices.known(URL, "a@b.example") == "mcd_fresh"


# --- the second factor ---


def test_a_code_is_asked_for_when_the_server_does(
    stranger: Any, api: Any, code_needed: Answer, typed: Callable[..., list[str]]
) -> None:
    welcome = Answer(201, json.dumps(signed_in("demo")).encode())
    api.on("POST", SIGN_IN, code_needed, welcome)
    prompts = typed("correct horse battery", " 123456 ")
    assert stranger("sign-in", "--email", "a@b.example") == Exit.OK
    assert [prompt.split()[0] for prompt in prompts] == ["Password:", "Code"]
    first, second = api.requests
    assert "code" not in first.json
    assert second.json == first.json | {"code": "123456"}


def test_a_code_that_was_given_is_sent_at_once(stranger: Any, api: Any, password: str) -> None:
    api.on("POST", SIGN_IN, signed_in("demo"), status=201)
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments, "--code", "123456") == Exit.OK
    assert [request.json["code"] for request in api.requests] == ["123456"]


def test_where_nobody_can_be_asked_for_the_code_the_option_is_named(
    stranger: Any, api: Any, code_needed: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", SIGN_IN, code_needed)
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert stranger("sign-in", "--email", "a@b.example") == Exit.USAGE
    assert "--code" in stranger.remarks
    assert len(api.requests) == 1


def test_a_wrong_code_ends_it(
    stranger: Any,
    api: Any,
    code_needed: Answer,
    typed: Callable[..., list[str]],
    problem: Callable[..., Any],
) -> None:
    wrong = problem(401, detail="E-mail address, password or code is wrong.")
    api.on("POST", SIGN_IN, code_needed, Answer(401, json.dumps(wrong).encode()))
    typed("correct horse battery", "000000")
    assert stranger("sign-in", "--email", "a@b.example") == Exit.REFUSED
    assert stranger.remarks == "E-mail address, password or code is wrong.\n"
    assert stranger.sessions.read() is None


# --- too many attempts ---


@pytest.mark.parametrize(("seconds", "said"), [(60, "60 s"), (121, "3 minutes")])
def test_it_is_said_how_long_an_address_is_locked(
    stranger: Any,
    api: Any,
    password: str,
    problem: Callable[..., Any],
    seconds: int,
    said: str,
) -> None:
    locked = json.dumps(problem(429, detail="Too many failed attempts.")).encode()
    api.on("POST", SIGN_IN, Answer(429, locked, seconds))
    code = stranger("sign-in", "--email", "a@b.example", "--password-file", password)
    assert code == Exit.REFUSED
    assert stranger.remarks == f"Too many failed attempts. Try again in {said}.\n"


@pytest.mark.parametrize(("sent", "read"), [("60", 60), (None, None), ("Thu, 1 Jan 2030", None)])
def test_the_wait_is_read_from_the_answers_header(
    monkeypatch: pytest.MonkeyPatch, sent: str | None, read: int | None
) -> None:
    headers = Message()
    if sent is not None:
        headers["Retry-After"] = sent

    def refuse(_: object, request: Request, **__: object) -> None:
        raise HTTPError(request.full_url, 429, "", headers, io.BytesIO(b"{}"))

    monkeypatch.setattr("urllib.request.OpenerDirector.open", refuse)
    assert HttpTransport().request("POST", SIGN_IN, {}, b"") == Answer(429, b"{}", read)


# --- in and out ---


def test_the_password_may_come_from_standard_input(
    stranger: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", f"{URL}/v1/sign-in", signed_in("demo"), status=201)
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert stranger("sign-in", "--email", "a@b.example") == Exit.OK
    assert api.requests[0].json["password"] == "from a pipe"


def test_of_several_workspaces_one_must_be_named(stranger: Any, api: Any, password: str) -> None:
    api.on("POST", f"{URL}/v1/sign-in", signed_in("demo", "other"), status=201)
    stranger("sign-in", "--email", "a@b.example", "--password-file", password)
    assert "demo, other" in stranger.remarks
    assert stranger("senders") == Exit.USAGE
    assert "--workspace" in stranger.remarks
    api.on("GET", f"{URL}/v1/workspaces/other/senders?limit=200", {"items": [], "next": None})
    assert stranger("--workspace", "other", "senders") == Exit.OK


def test_a_workspace_that_one_is_not_in_cannot_be_chosen(
    stranger: Any, api: Any, password: str
) -> None:
    api.on("POST", f"{URL}/v1/sign-in", signed_in("demo"), status=201)
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments, "--workspace", "other") == Exit.USAGE
    assert stranger.sessions.read() is None


def test_a_wrong_password_is_said_in_the_servers_words(
    stranger: Any, api: Any, password: str, problem: Callable[..., Any]
) -> None:
    wrong = problem(401, detail="E-mail address or password is wrong.")
    api.on("POST", f"{URL}/v1/sign-in", wrong, status=401)
    code = stranger("sign-in", "--email", "a@b.example", "--password-file", password)
    assert code == Exit.REFUSED
    assert stranger.remarks == "E-mail address or password is wrong.\n"


@pytest.mark.parametrize(
    "url", ["http://sms.example.com", "ftp://127.0.0.1", "127.0.0.1", "http://[::1"]
)
def test_a_password_never_goes_to_an_address_that_others_can_read(
    stranger: Any, api: Any, password: str, url: str
) -> None:
    arguments = ("sign-in", "--url", url, "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments) == Exit.USAGE
    assert api.requests == []


def test_a_missing_password_file_is_named(stranger: Any) -> None:
    code = stranger("sign-in", "--email", "a@b.example", "--password-file", "no-such-file")
    assert code == Exit.USAGE
    assert "no-such-file" in stranger.remarks


def test_signing_out_forgets_the_token_even_if_the_server_has(
    mc: Any, api: Any, problem: Callable[..., Any]
) -> None:
    api.on("POST", f"{URL}/v1/sign-out", problem(401), status=401)
    assert mc("sign-out") == Exit.NOT_SIGNED_IN
    assert mc.sessions.read() is None


def test_me_names_roles_and_the_server(mc: Any, api: Any) -> None:
    api.on("GET", f"{URL}/v1/me", signed_in("demo"))
    assert mc("me") == Exit.OK
    assert "author, may moderate" in mc.out
    assert URL in mc.out
    assert api.requests[0].headers["Authorization"] == "Bearer mcs_token"


def test_without_a_session_a_command_says_what_to_do(stranger: Any) -> None:
    assert stranger("campaigns") == Exit.NOT_SIGNED_IN
    assert "mc sign-in" in stranger.remarks


def test_a_damaged_session_is_no_traceback(stranger: Any) -> None:
    stranger.sessions.path.parent.mkdir()
    stranger.sessions.path.write_text("{", encoding="utf-8")
    assert stranger("me") == Exit.NOT_SIGNED_IN


def test_signing_in_replaces_a_damaged_session(stranger: Any, api: Any, password: str) -> None:
    stranger.sessions.path.parent.mkdir()
    stranger.sessions.path.write_text("{", encoding="utf-8")
    api.on("POST", SIGN_IN, signed_in("demo"), status=201)
    arguments = ("sign-in", "--email", "a@b.example", "--password-file", password)
    assert stranger(*arguments) == Exit.OK
    assert stranger.sessions.read().token == "mcs_fresh"


def test_the_file_lies_where_xdg_or_the_variable_says() -> None:
    assert str(session_file({"MC_CONFIG": "/a/b"}).path) == "/a/b"
    by_xdg = session_file({"XDG_CONFIG_HOME": "/c"}).path
    assert str(by_xdg) == "/c/message-center/session.json"
    by_default = session_file({}).path
    assert by_default.parts[-3:] == (".config", "message-center", "session.json")


# --- invitations ---


def test_a_newcomer_gets_an_account(
    stranger: Any, api: Any, typed: Callable[..., list[str]]
) -> None:
    api.on("POST", ACCEPT, SEAT, status=201)
    prompts = typed("Ada", "correct horse battery", "correct horse battery")
    assert stranger("accept", "--url", URL, "--token", "mci_1") == Exit.OK
    (request,) = api.requests
    assert request.json == {"token": "mci_1", "name": "Ada", "password": "correct horse battery"}
    assert "Authorization" not in request.headers
    assert len(prompts) == 3
    assert "wsp_1 now: admin" in stranger.out
    assert f"mc sign-in --url {URL}" in stranger.out
    assert "mci_1" not in stranger.out


def test_two_passwords_that_differ_are_not_sent(
    stranger: Any, api: Any, typed: Callable[..., list[str]]
) -> None:
    typed("correct horse battery", "correct hose battery")
    assert stranger("accept", "--token", "mci_1", "--name", "Ada") == Exit.USAGE
    assert "not the same" in stranger.remarks
    assert api.requests == []


def test_token_and_password_may_come_from_standard_input(
    stranger: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", ACCEPT, SEAT, status=201)
    monkeypatch.setattr("sys.stdin", io.StringIO("mci_1\nfrom a pipe\n"))
    arguments = ("accept", "--token-file", "-", "--name", "Ada", "--password-file", "-")
    assert stranger(*arguments) == Exit.OK
    assert api.requests[0].json == {"token": "mci_1", "name": "Ada", "password": "from a pipe"}


def test_a_token_is_asked_for(stranger: Any, api: Any, typed: Callable[..., list[str]]) -> None:
    api.on("POST", ACCEPT, SEAT, status=201)
    typed(" mci_1 ", "correct horse battery", "correct horse battery")
    assert stranger("accept", "--name", "Ada") == Exit.OK
    assert api.requests[0].json["token"] == "mci_1"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--token", "mci_1", "--token-file", "-"), "not with both"),
        (("--token-file", "-"), "no token"),
        (("--token", "mci_1"), "--name"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_sent(
    stranger: Any,
    api: Any,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    named: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert stranger("accept", *arguments) == Exit.USAGE
    assert named in stranger.remarks
    assert api.requests == []


def test_whoever_is_signed_in_accepts_as_who_they_are(mc: Any, api: Any) -> None:
    api.on("POST", ACCEPT, SEAT, status=201)
    assert mc("accept", "--token", "mci_1", "--json") == Exit.OK
    (request,) = api.requests
    assert request.json == {"token": "mci_1"}
    assert request.headers["Authorization"] == "Bearer mcs_token"
    assert mc.json == SEAT


def test_a_session_goes_to_its_own_server_alone(mc: Any, api: Any, password: str) -> None:
    elsewhere = "https://other.example"
    api.on("POST", f"{elsewhere}/v1/invitations/accept", SEAT, status=201)
    arguments = ("accept", "--url", elsewhere, "--token", "mci_1", "--name", "Ada")
    assert mc(*arguments, "--password-file", password) == Exit.OK
    (request,) = api.requests
    assert "Authorization" not in request.headers
    assert request.json["password"] == "correct horse battery"


def test_who_has_an_account_is_told_to_sign_in(
    stranger: Any, api: Any, password: str, problem: Callable[..., Any]
) -> None:
    known = problem(409, detail="Your address has an account: sign in first.")
    api.on("POST", ACCEPT, known, status=409)
    arguments = ("accept", "--token", "mci_1", "--name", "Ada", "--password-file", password)
    assert stranger(*arguments) == Exit.REFUSED
    said, step = stranger.remarks.splitlines()
    assert said == "Your address has an account: sign in first."
    assert f"mc sign-in --url {URL}" in step
    stranger(*arguments, "--json")
    assert stranger.json == known


def test_who_is_signed_in_as_somebody_else_is_told_so(
    mc: Any, api: Any, problem: Callable[..., Any]
) -> None:
    kind = "urn:message-center:problem:forbidden"
    api.on("POST", ACCEPT, problem(403, type=kind, detail="For another."), status=403)
    assert mc("accept", "--token", "mci_1") == Exit.REFUSED
    assert "author@demo.example" in mc.remarks
    assert "mc sign-out" in mc.remarks


def test_a_bad_token_is_said_in_the_servers_words(
    mc: Any, api: Any, problem: Callable[..., Any]
) -> None:
    kind = "urn:message-center:problem:invalid-request"
    fault = [{"field": "token", "message": "is used: ask for a new one"}]
    api.on("POST", ACCEPT, problem(400, type=kind, errors=fault), status=400)
    assert mc("accept", "--token", "mci_1") == Exit.REFUSED
    assert "token: is used" in mc.remarks
    assert "Next" not in mc.remarks


def test_a_session_that_has_ended_does_not_bar_newcomers(
    mc: Any, api: Any, problem: Callable[..., Any]
) -> None:
    api.on("POST", ACCEPT, problem(401), status=401)
    assert mc("accept", "--token", "mci_1") == Exit.NOT_SIGNED_IN
    assert "mc sign-out" in mc.remarks


def test_somebody_is_invited(mc: Any, api: Any) -> None:
    invitation = {
        "id": "inv_1",
        "email": "new@demo.example",
        "role": "author",
        "is_moderator": True,
        "status": "open",
        "expires_at": "2030-01-08T08:00:00Z",
    }
    api.on("POST", "/invitations", invitation, status=201)
    arguments = ("invite", "--email", "new@demo.example", "--role", "author", "--moderator")
    assert mc(*arguments) == Exit.OK
    assert api.requests[0].json == {
        "email": "new@demo.example",
        "role": "author",
        "is_moderator": True,
    }
    assert "invited as author, may moderate, until 2030-01-08" in mc.out


def test_members_are_listed_page_by_page(mc: Any, api: Any) -> None:
    admin = {
        "user": "usr_1",
        "name": "Ada",
        "email": "ada@demo.example",
        "role": "super_admin",
        "is_moderator": False,
        "created_at": "2030-01-01T08:00:00Z",
    }
    hidden = admin | {"user": "usr_2", "name": "Bob", "email": None, "role": "author"}
    api.on("GET", "/members?limit=200", {"items": [admin], "next": "usr_1"})
    api.on("GET", "/members?limit=200&after=usr_1", {"items": [hidden], "next": None})
    assert mc("members") == Exit.OK
    head, first, second = mc.out.splitlines()
    assert head.split() == ["user", "name", "e-mail", "role", "since"]
    assert "ada@demo.example  super admin" in first
    assert "None" not in second
    mc("members", "--json")
    assert mc.json == {"items": [admin, hidden]}


def test_a_workspace_is_made_once_even_if_an_answer_is_lost(
    mc: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.client.time.sleep", lambda _: None)
    path = f"{URL}/v1/installation/workspaces"
    made = {"id": "wsp_1", "name": "Shop", "time_zone": "Europe/Rome"}
    welcome = Answer(201, json.dumps(made).encode())
    api.on("POST", path, Unreachable(URL, "cut"), welcome)
    arguments = ("--name", "Shop", "--time-zone", "Europe/Rome", "--admin-email", "a@b.example")
    assert mc("workspace", "create", *arguments) == Exit.OK
    assert "wsp_1" in mc.out
    assert "a@b.example" in mc.out
    first, second = api.requests
    assert first.json == {
        "name": "Shop",
        "time_zone": "Europe/Rome",
        "admin_email": "a@b.example",
    }
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
