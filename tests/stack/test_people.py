"""People and programs on the deployed stack: mails arrive, tokens open, what is revoked is out."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from pyotp import TOTP

from cli.client import Client
from cli.errors import ClientError, NotSignedIn, Refused
from localstack import demo

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

ROOT = f"/v1/workspaces/{demo.WORKSPACE}"
PASSWORD = "a fine long password"
# SPEC 2.5, and some air for the requests that find out.
REVOKED_WITHIN = 5.0


def token_mailed_to(installation: Any, address: str, patiently: Callable[..., None]) -> str:
    found: list[str] = []

    def arrived() -> bool:
        for path in sorted(installation.stack.places.mail.glob("*.eml")):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            if letter["To"] == address:
                text = letter.get_content()
                found.extend(re.findall(r"use this token:\s+(\S+)", text))
        return bool(found)

    patiently(arrived, f"a mail to {address}")
    return found[-1]


def test_an_invitation_goes_by_mail_and_makes_a_member(
    installation: Any, patiently: Callable[..., None]
) -> None:
    installation.admin.invite("grace@example.com", "author", is_moderator=False)
    token = token_mailed_to(installation, "grace@example.com", patiently)
    newcomer = Client(installation.stack.url, workspace=demo.WORKSPACE)
    newcomer.accept_as_new(token, "Grace", PASSWORD)
    newcomer.sign_in("grace@example.com", PASSWORD)
    assert newcomer.me()["workspaces"] == [
        {"id": demo.WORKSPACE, "role": "author", "is_moderator": False}
    ]
    list(newcomer.lists())
    user = newcomer.me()["user"]["id"]
    installation.admin._call("DELETE", f"{ROOT}/members/{user}")
    with pytest.raises(Refused, match="no such workspace"):
        list(newcomer.lists())


def test_a_forgotten_password_is_set_anew_by_mail(
    installation: Any, patiently: Callable[..., None]
) -> None:
    url = installation.stack.url
    created = installation.super_admin.create_workspace("Fresh", "UTC", "first@example.com")
    first = Client(url, workspace=created["id"])
    token = token_mailed_to(installation, "first@example.com", patiently)
    first.accept_as_new(token, "First", PASSWORD)
    first.sign_in("first@example.com", PASSWORD)
    first._call("POST", "/v1/password-reset", {"email": "first@example.com"})
    patiently(
        lambda: token_mailed_to(installation, "first@example.com", patiently).startswith("mcr_"),
        "the mail with the reset",
    )
    reset = token_mailed_to(installation, "first@example.com", patiently)
    given = {"token": reset, "password": "another fine password"}
    first._call("POST", "/v1/password-reset/confirm", given)
    with pytest.raises(NotSignedIn):
        first.me()
    with pytest.raises(ClientError):
        first.sign_in("first@example.com", PASSWORD)
    first.sign_in("first@example.com", "another fine password")


def test_a_revoked_key_is_out_within_five_seconds(installation: Any) -> None:
    admin = installation.admin
    new = {"name": "Shop", "scopes": ["view"]}
    made = admin._call("POST", f"{ROOT}/api-keys", new)
    program = Client(installation.stack.url, made["token"], demo.WORKSPACE)
    for _ in range(5):
        list(program.senders())
    admin._call("POST", f"{ROOT}/api-keys/{made['key']['id']}/revoke", {})
    revoked = time.monotonic()
    while opens(program) and time.monotonic() < revoked + 2 * REVOKED_WITHIN:
        time.sleep(0.05)
    assert time.monotonic() - revoked < REVOKED_WITHIN + 1


def opens(program: Client) -> bool:
    try:
        list(program.senders())
    except NotSignedIn:
        return False
    return True


def test_a_super_admin_visits_and_is_recorded(installation: Any) -> None:
    visitor = installation.super_admin
    with pytest.raises(Refused, match="no such workspace"):
        visitor._call("GET", ROOT)
    twin = f"/v1/installation/workspaces/{demo.WORKSPACE}"
    assert visitor._call("GET", twin)["id"] == demo.WORKSPACE
    with pytest.raises(Refused, match="no such workspace"):
        installation.admin._call("GET", twin)
    seen = installation.admin._call("GET", f"{ROOT}/audit?action=workspace.visited")["items"]
    assert seen[0]["after"] == {"request": f"GET {twin}"}


def test_a_second_factor_is_taken_at_the_next_sign_in(
    installation: Any, patiently: Callable[..., None]
) -> None:
    """Its seed is wrapped by KMS, with the rights that the API's role has."""
    installation.admin.invite("totp@example.com", "author", is_moderator=False)
    token = token_mailed_to(installation, "totp@example.com", patiently)
    person = Client(installation.stack.url, workspace=demo.WORKSPACE)
    person.accept_as_new(token, "Careful", PASSWORD)
    person.sign_in("totp@example.com", PASSWORD)
    factor = person._call("POST", "/v1/me/second-factor", {"password": PASSWORD})
    code = TOTP(factor["secret"]).now()
    recovery = person._call("POST", "/v1/me/second-factor/confirm", {"code": code})["codes"]
    with pytest.raises(Refused) as refused:
        person.sign_in("totp@example.com", PASSWORD)
    assert refused.value.problem["type"].endswith(":second-factor-needed")
    with pytest.raises(Refused):
        person.sign_in("totp@example.com", PASSWORD, code=code)
    person.sign_in("totp@example.com", PASSWORD, code=recovery[0])
