"""Signing in and out, and who one is."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.client import Client
from cli.command import Command, Context, argument
from cli.errors import Exit, UsageError
from cli.screen import moment
from cli.session import Session
from cli.transport import check_address

if TYPE_CHECKING:
    from argparse import Namespace

    from cli.shapes import Membership, Person

LOCAL = "http://127.0.0.1:8080"


def sign_in(context: Context, given: Namespace) -> Exit:
    earlier = context.sessions.read()
    url = (given.url or (earlier.url if earlier else LOCAL)).rstrip("/")
    check_address(url)
    client = Client(url, transport=context.transport)
    answer = client.sign_in(given.email, _password(given.password_file))
    workspace = _chosen(answer, context.workspace)
    context.sessions.write(
        Session(url, answer["token"], given.email, answer["expires_at"], workspace)
    )
    context.screen.show({name: value for name, value in answer.items() if name != "token"})
    place = f"in workspace {workspace}" if workspace else "in no workspace yet"
    until = moment(answer["expires_at"])
    context.screen.say(f"Signed in as {given.email} {place}, until {until}.")
    if workspace is None and answer["workspaces"]:
        names = ", ".join(item["id"] for item in answer["workspaces"])
        context.screen.remark(f"You are in {names}: name one with --workspace.")
    return Exit.OK


def sign_out(context: Context, given: Namespace) -> Exit:
    del given
    client = context.client()
    # Whatever the server says: this machine shall not keep the token.
    context.sessions.forget()
    client.sign_out()
    context.screen.show({"status": "signed out"})
    context.screen.say("Signed out.")
    return Exit.OK


def me(context: Context, given: Namespace) -> Exit:
    del given
    session, client = context.session(), context.client()
    person = client.me()
    context.screen.show(person)
    context.screen.facts(
        {
            "name": person["user"]["name"],
            "e-mail": person["user"]["email"],
            "server": session.url,
            "session": f"until {moment(session.expires_at)}",
            **{f"workspace {item['id']}": _role(item) for item in person["workspaces"]},
        }
    )
    return Exit.OK


def _role(membership: Membership) -> str:
    role = membership["role"].replace("_", " ")
    return f"{role}, may moderate" if membership["is_moderator"] else role


def _chosen(person: Person, wanted: str | None) -> str | None:
    known = [item["id"] for item in person["workspaces"]]
    if wanted is None:
        return known[0] if len(known) == 1 else None
    if wanted not in known:
        raise UsageError(f"You are not in workspace {wanted}; you are in: {', '.join(known)}.")
    return wanted


def _password(file: Path | None) -> str:
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The password file cannot be read: {error}") from error
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    return getpass.getpass("Password: ")


COMMANDS = (
    Command(
        ("sign-in",),
        "start a session",
        sign_in,
        (
            argument("--url", help=f"the server; by default the last one, else {LOCAL}"),
            argument("--email", required=True),
            argument(
                "--password-file",
                type=Path,
                metavar="FILE",
                help="'-' is standard input; without it you are asked",
            ),
        ),
    ),
    Command(("sign-out",), "end the session, here and on the server", sign_out),
    Command(("me",), "who is signed in, and in which workspaces", me),
)
