"""Signing in and out, and the file that keeps the session."""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import Exit
from cli.session import session_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "http://127.0.0.1:8080"


def signed_in(*workspaces: str) -> dict[str, Any]:
    return {
        "token": "mcs_fresh",
        "expires_at": "2030-01-01T08:00:00Z",
        "user": {"id": "usr_1", "email": "author@demo.example", "name": "Demo author"},
        "workspaces": [{"id": name, "role": "author", "is_moderator": True} for name in workspaces],
    }


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
    api.on("GET", f"{URL}/v1/workspaces/other/senders", {"items": []})
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


def test_the_file_lies_where_xdg_or_the_variable_says() -> None:
    assert str(session_file({"MC_CONFIG": "/a/b"}).path) == "/a/b"
    by_xdg = session_file({"XDG_CONFIG_HOME": "/c"}).path
    assert str(by_xdg) == "/c/message-center/session.json"
    by_default = session_file({}).path
    assert by_default.parts[-3:] == (".config", "message-center", "session.json")
