"""Signing in and out, who one is, and how people come in: invited, by a token (SPEC 2.3, 2.4)."""

from __future__ import annotations

import getpass
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cli.client import Client
from cli.command import Command, Context, argument
from cli.errors import Exit, NotSignedIn, Refused, UsageError
from cli.screen import moment
from cli.session import Session
from cli.transport import check_address

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from cli.shapes import Json, Person, Seat, SignedIn, Standing

LOCAL = "http://127.0.0.1:8080"
ROLES = ("author", "moderator", "admin", "super_admin")
# What an answer holds that opens something; --json does not show it either.
SECRETS = frozenset({"token", "device", "csrf"})
_CODE_NEEDED = ":second-factor-needed"
_CONFLICT = ":conflict"
_FORBIDDEN = ":forbidden"


def sign_in(context: Context, given: Namespace) -> Exit:
    url = _server(given.url, _earlier(context))
    devices = context.sessions.devices
    answer = _signed_in(
        Client(url, transport=context.transport), given, devices.known(url, given.email)
    )
    if answer["device"] is not None:
        devices.keep(url, given.email, answer["device"])
    workspace = _chosen(answer, context.workspace)
    context.sessions.write(
        Session(url, answer["token"], given.email, answer["expires_at"], workspace)
    )
    context.screen.show(_harmless(answer))
    place = f"in workspace {workspace}" if workspace else "in no workspace yet"
    until = moment(answer["expires_at"])
    context.screen.say(f"Signed in as {given.email} {place}, until {until}.")
    if workspace is None and answer["workspaces"]:
        names = ", ".join(item["id"] for item in answer["workspaces"])
        context.screen.remark(f"You are in {names}: name one with --workspace.")
    return Exit.OK


def _signed_in(client: Client, given: Namespace, device: str | None) -> SignedIn:
    """The code is asked for when the server does: only then is it known that there is one."""
    password = _secret(given.password_file, "Password: ")
    try:
        return client.sign_in(given.email, password, code=given.code, device=device)
    except Refused as refusal:
        if not _is(refusal, _CODE_NEEDED):
            raise
    return client.sign_in(given.email, password, code=_code(), device=device)


def _code() -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "A code is needed as well: give one of your authenticator app, or a recovery code, "
            "with --code."
        )
    return getpass.getpass("Code of your authenticator app, or a recovery code: ").strip()


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
    context.screen.show(_harmless(person))
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


# --- coming in ---


def accept(context: Context, given: Namespace) -> Exit:
    earlier = _earlier(context)
    url = _server(given.url, earlier)
    session = earlier if earlier is not None and earlier.url == url else None
    try:
        seat = _seat(context, given, url, session)
    except Refused as refusal:
        step = _next_step(refusal, url, session)
        if step is None:
            raise
        context.screen.show(refusal.problem)
        context.screen.remark(f"{refusal}\n{step}")
        return refusal.code
    context.screen.show(seat)
    context.screen.say(f"You are in workspace {seat['workspace']} now: {_role(seat)}.")
    if session is None:
        context.screen.say(f"Next: mc sign-in --url {url} --email YOUR-ADDRESS")
    else:
        context.screen.say(f"Enter it with --workspace {seat['workspace']}.")
    return Exit.OK


def _seat(context: Context, given: Namespace, url: str, session: Session | None) -> Seat:
    token = _invitation_token(given)
    if session is None:
        client = Client(url, transport=context.transport)
        name = given.name or _asked("Your name: ", "--name")
        return client.accept_as_new(token, name, _new_password(given.password_file))
    try:
        return Client(url, session.token, transport=context.transport).accept(token)
    except NotSignedIn:
        raise NotSignedIn(
            "Your session has ended: sign in again with mc sign-in; if you have no account yet, "
            "end it with mc sign-out first."
        ) from None


def _next_step(refusal: Refused, url: str, session: Session | None) -> str | None:
    if session is None and _is(refusal, _CONFLICT):
        return f"Next: mc sign-in --url {url} --email YOUR-ADDRESS, then this command again."
    if session is not None and _is(refusal, _FORBIDDEN):
        return (
            f"You are signed in as {session.email}. If the invited address has no account yet: "
            "mc sign-out, then this command again."
        )
    return None


def _invitation_token(given: Namespace) -> str:
    if given.token is not None and given.token_file is not None:
        raise UsageError("Give the token with --token or with --token-file, not with both.")
    token = given.token or _secret(given.token_file, "Token of the invitation: ")
    if not token.strip():
        raise UsageError("There is no token: it stands in the invitation's mail.")
    return str(token).strip()


def _new_password(file: Path | None) -> str:
    password = _secret(file, "New password: ")
    if file is None and sys.stdin.isatty() and getpass.getpass("Once more: ") != password:
        raise UsageError("The two passwords are not the same: try again.")
    return password


def invite(context: Context, given: Namespace) -> Exit:
    invitation = context.client().invite(given.email, given.role, is_moderator=given.moderator)
    context.screen.show(invitation)
    until = moment(invitation["expires_at"])
    context.screen.say(
        f"{invitation['email']} is invited as {_role(invitation)}, until {until}. "
        "The token goes to them by mail."
    )
    return Exit.OK


def members(context: Context, given: Namespace) -> Exit:
    del given
    found = list(context.client().members())
    context.screen.show({"items": found})
    context.screen.table(
        ("user", "name", "e-mail", "role", "since"),
        (
            (
                item["user"],
                item["name"],
                item["email"] or "",
                _role(item),
                moment(item["created_at"]),
            )
            for item in found
        ),
    )
    return Exit.OK


def create_workspace(context: Context, given: Namespace) -> Exit:
    workspace = context.client().create_workspace(given.name, given.time_zone, given.admin_email)
    context.screen.show(workspace)
    context.screen.say(
        f"{workspace['id']} is created; {given.admin_email} is invited as its first admin, by mail."
    )
    return Exit.OK


def bootstrap(context: Context, given: Namespace) -> Exit:
    from cli import bootstrap as operator  # noqa: PLC0415 - loads AWS's SDK, for this command alone

    return operator.invite_super_admin(context, given)


def rewrap_data_keys(context: Context, given: Namespace) -> Exit:
    from cli import bootstrap as operator  # noqa: PLC0415 - likewise

    return operator.rewrap_data_keys(context, given)


# --- what several of them need ---


def _earlier(context: Context) -> Session | None:
    """A damaged file is no hindrance to those who write it anew."""
    with suppress(NotSignedIn):
        return context.sessions.read()
    return None


def _server(named: str | None, earlier: Session | None) -> str:
    url = (named or (earlier.url if earlier else LOCAL)).rstrip("/")
    check_address(url)
    return url


def _is(refusal: Refused, problem: str) -> bool:
    return refusal.problem.get("type", "").endswith(problem)


def _harmless(answer: Mapping[str, object]) -> Json:
    return {name: value for name, value in answer.items() if name not in SECRETS}


def _role(standing: Standing) -> str:
    role = standing["role"].replace("_", " ")
    return f"{role}, may moderate" if standing["is_moderator"] else role


def _chosen(person: Person, wanted: str | None) -> str | None:
    known = [item["id"] for item in person["workspaces"]]
    if wanted is None:
        return known[0] if len(known) == 1 else None
    if wanted not in known:
        raise UsageError(f"You are not in workspace {wanted}; you are in: {', '.join(known)}.")
    return wanted


def _secret(file: Path | None, prompt: str) -> str:
    """All of a file, but a line of standard input: a token and a password may come one by one."""
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from error
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    return getpass.getpass(prompt)


def _asked(prompt: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"Say it with {option}: there is nobody to ask.")
    return input(prompt).strip()


_URL = argument("--url", help=f"the server; by default the last one, else {LOCAL}")
_EMAIL = argument("--email", required=True)
_PASSWORD_FILE = argument(
    "--password-file",
    type=Path,
    metavar="FILE",
    help="'-' is standard input; without it you are asked",
)
# Where operators' commands find the installation.
_INSTALLATION = (
    argument("--region", help="by default the one of your AWS configuration"),
    argument("--data-stack", metavar="STACK", help="by default message-center-data"),
    argument("--app-stack", metavar="STACK", help="by default message-center-app"),
)

COMMANDS = (
    Command(
        ("sign-in",),
        "start a session",
        sign_in,
        (
            _URL,
            _EMAIL,
            _PASSWORD_FILE,
            argument("--code", help="of your second factor; without it you are asked if need be"),
        ),
    ),
    Command(("sign-out",), "end the session, here and on the server", sign_out),
    Command(("me",), "who is signed in, and in which workspaces", me),
    Command(
        ("accept",),
        "accept an invitation, as who is signed in or with a new account",
        accept,
        (
            _URL,
            argument("--token", help="of the invitation; others on this machine may see it here"),
            argument(
                "--token-file",
                type=Path,
                metavar="FILE",
                help="'-' is standard input; with neither you are asked",
            ),
            argument("--name", help="yours, for a new account; without it you are asked"),
            _PASSWORD_FILE,
        ),
    ),
    Command(("members",), "who is in the workspace", members),
    Command(
        ("invite",),
        "invite somebody into the workspace",
        invite,
        (
            _EMAIL,
            argument("--role", required=True, choices=ROLES),
            argument("--moderator", action="store_true", help="an author who may moderate too"),
        ),
    ),
    Command(
        ("workspace", "create"),
        "make a workspace and invite its first admin; for super admins",
        create_workspace,
        (
            argument("--name", required=True),
            argument("--time-zone", required=True, metavar="ZONE", help="such as Europe/London"),
            argument("--admin-email", required=True, metavar="EMAIL"),
        ),
    ),
    Command(
        ("bootstrap",),
        "invite the first super admin; for operators, with AWS credentials",
        bootstrap,
        (
            _EMAIL,
            argument(
                "--recover",
                action="store_true",
                help="though there is a super admin: none of them can sign in any more",
            ),
            *_INSTALLATION,
        ),
    ),
    Command(
        ("rewrap-data-keys",),
        "have every workspace's data key wrapped anew; for operators, with AWS credentials",
        rewrap_data_keys,
        _INSTALLATION,
    ),
)
