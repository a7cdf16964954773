"""The demo: a workspace with three people, and a first campaign of 1,000 numbers.

Only the records that nobody can make over HTTP yet are put in by the operator; the campaign itself
goes through the front door with the same client as `mc`: uploaded and submitted by the author,
approved by the moderator. Passwords are random and kept in the state folder alone.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cli.client import Client
from cli.lists import counts, upload_file
from cli.recipients import show_recipients
from cli.watch import ending, follow
from localstack.places import write_private
from localstack.stack import CHANNEL_SECRET, HOST, SYSTEM_ID, StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cli.command import Context
    from cli.shapes import Campaign, Recipient
    from localstack.stack import Stack

WORKSPACE = "demo"
MASTER = "master"
SENDER = "Demo"
CHANNEL = "chn_simulator"
# Slow enough to be watched, fast enough to be done soon.
RATE = 200.0
WINDOW = 50
ROLES = ("author", "moderator", "admin", "super_admin")
# Numbers that the North American plan keeps for fiction: 555-0100 to 555-0199 of every area.
# Unlike those of other countries, libphonenumber takes them for valid.
AREAS = (202, 212, 303, 305, 312, 404, 415, 512, 617, 702)
COUNTRY = "US"
TEXT = "Message Center says hello. This text went to a simulated carrier, to nobody's phone."
# The simulated carrier's faults: some numbers it refuses, some receipts say undelivered.
SMSC_FAULTS = (
    *("--submit-error", "0.01"),
    *("--receipt-failure", "0.03"),
    *("--receipt-delay-ms", "800"),
)
# Of every state that the campaign ended with.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Account:
    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Demo:
    accounts: tuple[Account, ...]
    # Which deployment it was put into: the same state folder may get another one.
    deployment: str = ""
    sender: str = ""
    campaign: str = ""

    def account(self, role: str) -> Account:
        return next(account for account in self.accounts if account.role == role)


def read(path: Path) -> Demo | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        accounts = tuple(Account(**account) for account in stored.pop("accounts"))
        return Demo(accounts, **stored)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, demo: Demo) -> None:
    stored: dict[str, Any] = {
        "accounts": [
            {"role": each.role, "email": each.email, "password": each.password}
            for each in demo.accounts
        ],
        "deployment": demo.deployment,
        "sender": demo.sender,
        "campaign": demo.campaign,
    }
    write_private(path, json.dumps(stored, indent=1) + "\n")


def new_demo() -> Demo:
    return Demo(tuple(new_account(role) for role in ROLES))


def complete(demo: Demo) -> Demo:
    """With an account for roles that an earlier demo did not have."""
    known = {account.role for account in demo.accounts}
    added = tuple(new_account(role) for role in ROLES if role not in known)
    return replace(demo, accounts=demo.accounts + added)


def new_account(role: str) -> Account:
    return Account(role, f"{role}@{WORKSPACE}.example", secrets.token_urlsafe(12))


def ensure(stack: Stack) -> Demo:
    """Put in what is not there. The file comes first: whatever breaks off, no password is lost."""
    path, deployment = stack.places.demo, stack.outputs.data_key
    known = read(path)
    demo = complete(known) if known else new_demo()
    if demo == known and demo.deployment == deployment and not stack.was_unclean:
        return demo
    write(path, demo)
    made = stack.records("seed", plan(demo, stack.smsc_port))
    campaign = "" if made["fresh"] else demo.campaign
    sender = approved_sender(
        signed_in(stack.url, demo.account("admin")), signed_in(stack.url, demo.account("moderator"))
    )
    demo = Demo(demo.accounts, deployment, sender, campaign)
    write(path, demo)
    return demo


def plan(demo: Demo, smsc_port: int, rate: float = RATE) -> dict[str, Any]:
    """What `localstack.records seed` puts in."""
    return {
        "channel": {
            "id": CHANNEL,
            "name": "Simulated carrier",
            "host": HOST,
            "port": smsc_port,
            "server_name": "localhost",
            "system_id": SYSTEM_ID,
            "secret": CHANNEL_SECRET,
            "rate": rate,
            "window": WINDOW,
        },
        "workspaces": [
            {
                "id": WORKSPACE,
                "name": "Demo",
                "time_zone": "Europe/London",
                "people": [person(account) for account in demo.accounts if not reigns(account)],
            },
            {
                "id": MASTER,
                "name": "Installation",
                "time_zone": "UTC",
                "people": [person(account) for account in demo.accounts if reigns(account)],
            },
        ],
    }


def reigns(account: Account) -> bool:
    """Super admins belong to the master workspace, and to no other."""
    return account.role == "super_admin"


def person(account: Account) -> dict[str, str]:
    return {
        "email": account.email,
        "name": f"Demo {account.role.replace('_', ' ')}",
        "password": account.password,
        "role": account.role,
    }


def numbers() -> Iterator[str]:
    return (f"({area}) 555-{line:04}" for area in AREAS for line in range(100, 200))


def signed_in(url: str, account: Account) -> Client:
    client = Client(url, workspace=WORKSPACE)
    client.sign_in(account.email, account.password)
    return client


def approved_sender(admin: Client, moderator: Client) -> str:
    """The demo's sender, as far as it is not there yet: an admin writes it, another approves."""
    found = [each for each in admin.senders() if each["name"] == SENDER]
    sender = found[0] if found else admin.create_sender(SENDER)
    if sender["current_revision"] is None:
        revision = admin.add_revision(sender["id"], SENDER, CHANNEL, "The demo's messages")
        admin.act_on_revision(sender["id"], revision["number"], "submit")
        moderator.decide_revision(sender["id"], revision["number"], approve=True)
    return sender["id"]


def send_first_campaign(
    stack: Stack, context: Context, demo: Demo, each: Callable[[Campaign], None]
) -> None:
    """Everything over HTTP, as `mc` does it; `each` sees every look at the progress."""
    say = context.screen.say
    author = signed_in(stack.url, demo.account("author"))
    file = stack.places.state / "first-campaign.csv"
    file.write_text("phone\n" + "\n".join(numbers()) + "\n", encoding="utf-8")
    say(f"  author     mc upload {file.name} --country {COUNTRY}")
    recipients = upload_file(context, author, file, COUNTRY)
    if recipients["status"] != "ready":
        raise StackError(f"The demo's list could not be read: {recipients['failure']}")
    say(f"             {counts(recipients)}")
    say("  author     mc campaign create --name 'First campaign' --auto-start …")
    campaign = author.create_campaign(
        {
            "name": "First campaign",
            "text": TEXT,
            "sender": demo.sender,
            "list": recipients["id"],
            "auto_start": True,
        }
    )
    say(f"  author     mc submit {campaign['id']}")
    author.act(campaign["id"], "submit")
    say(f"  moderator  mc approve {campaign['id']}")
    moderator = signed_in(stack.url, demo.account("moderator"))
    moderator.decide(campaign["id"], approve=True)
    write(stack.places.demo, Demo(demo.accounts, demo.deployment, demo.sender, campaign["id"]))
    say(f"  author     mc watch {campaign['id']}")
    over = follow(context, author, campaign["id"], each=each)
    say(f"\n{ending(over)}")
    show_recipients(context.screen, samples(author.every_recipient(campaign["id"])))


def samples(recipients: Iterable[Recipient]) -> list[Recipient]:
    """A few of each state, so that a failure and its meaning can be seen as well."""
    by_state: dict[str, list[Recipient]] = {}
    for recipient in recipients:
        by_state.setdefault(recipient["state"], []).append(recipient)
    return [each for found in by_state.values() for each in found[:SHOWN]]
