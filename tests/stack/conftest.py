"""One whole installation for all tests of this folder, by the class behind `make up`."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cli.client import Client
from cli.command import Context
from cli.lists import upload_file
from cli.screen import Screen
from cli.session import SessionFile
from localstack import demo
from localstack.places import STACK_PYTHON
from localstack.ports import any_free
from localstack.smsc.log import ReceiptSent, Submitted, read_log
from localstack.stack import Options, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.shapes import Campaign, Recipient, RecipientList

# Of 1,000 numbers: some are refused, some fail later, of some no receipt ever comes.
FAULTS = (
    *("--submit-error", "0.02"),
    *("--receipt-failure", "0.05"),
    *("--receipt-loss", "0.02"),
    *("--receipt-delay-ms", "300"),
)
OTHER = "other"
DEADLINE = 120.0
STATE_OF_RECEIPT = {2: "delivered", 5: "failed"}
REFUSED = ("failed", "command_status", 0x0B)
CLOCK_MS = 5_000


@dataclass(frozen=True, slots=True)
class Installation:
    stack: Stack
    author: Client
    moderator: Client
    admin: Client
    super_admin: Client
    # The author of another workspace.
    stranger: Client
    sender: str
    numbers: Path

    def campaign(self, text: str) -> Campaign:
        """A campaign to all numbers, created and submitted by the author."""
        recipients = self.uploaded(self.numbers, demo.COUNTRY)
        made = self.author.create_campaign(
            {
                "name": text,
                "text": text,
                "sender": self.sender,
                "list": recipients["id"],
                "auto_start": True,
            }
        )
        return self.author.act(made["id"], "submit")

    def uploaded(self, path: Path, country: str | None) -> RecipientList:
        screen = _Silence()
        context = Context(screen, SessionFile(self.stack.places.state / "no-session"))
        recipients = upload_file(context, self.author, path, country)
        assert recipients["status"] == "ready"
        return recipients

    def approved(self, text: str) -> Campaign:
        return self.moderator.decide(self.campaign(text)["id"], approve=True)

    def submitted(self, text: str) -> list[Submitted]:
        """What the carrier was given of a campaign: its texts tell them apart."""
        return [
            record
            for record in read_log(self.stack.places.smsc_log)
            if isinstance(record, Submitted) and record.message == text.encode()
        ]

    def reported(self) -> dict[str, int]:
        """The last receipt's state by message id."""
        log = read_log(self.stack.places.smsc_log)
        return {each.message_id: each.state for each in log if isinstance(each, ReceiptSent)}

    def settled(self, campaign: str, text: str) -> bool:
        """Whether all is sent, and every receipt that the carrier gave has been folded."""
        now = self.author.campaign(campaign)
        reported = self.reported()
        lost = [
            each
            for each in self.submitted(text)
            if not each.status and each.message_id not in reported
        ]
        totals = now["totals"]
        if now["sent_at"] is None or totals is None:
            return False
        return totals["sent"] == len(lost) and totals["pending"] == 0

    def check_ledger(self, campaign: str, text: str) -> None:
        """Recipient by recipient: found by message id, told apart by the digits that are shown."""
        submitted, reported = self.submitted(text), self.reported()
        accepted = {each.message_id: each for each in submitted if not each.status}
        refused = Counter(each.destination[-4:] for each in submitted if each.status)
        seen = set()
        for recipient in self.ledger(campaign):
            (part,) = recipient["parts"]
            if not part["message_id"]:
                error = part["error"]
                assert error is not None
                assert (recipient["state"], error["space"], error["code"]) == REFUSED
                refused[recipient["number"][-4:]] -= 1
                continue
            wire = accepted[part["message_id"]]
            seen.add(part["message_id"])
            assert recipient["number"] == "*" * 7 + wire.destination[-4:]
            expected = STATE_OF_RECEIPT.get(reported.get(part["message_id"], 0), "sent")
            assert recipient["state"] == expected
            assert part["submitted_at_ms"] == pytest.approx(wire.time_ms, abs=CLOCK_MS)
        assert seen == accepted.keys()
        assert not +refused
        assert not -refused

    def ledger(self, campaign: str) -> list[Recipient]:
        return list(self.author.every_recipient(campaign))


class _Silence(Screen):
    def __init__(self) -> None:
        pass

    def settle(self) -> None:
        pass

    def remark(self, sentence: str) -> None:
        pass

    def progress(self, line: str) -> None:
        pass

    @property
    def live(self) -> bool:
        return False


def wait_until(holds: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.2)


def two_workspaces(accounts: demo.Demo, stranger: demo.Account, smsc_port: int) -> dict[str, Any]:
    plan = demo.plan(accounts, smsc_port)
    person = {
        "email": stranger.email,
        "name": "Stranger",
        "password": stranger.password,
        "role": stranger.role,
    }
    other = {"id": OTHER, "name": "Other", "time_zone": "UTC", "people": [person]}
    return plan | {"workspaces": [*plan["workspaces"], other]}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if not STACK_PYTHON.exists():
        pytest.fail("There is no venv for ministack: run these tests with `make test`.")
    state = tmp_path_factory.mktemp("installation")
    said: list[str] = []
    stack = Stack(
        Options(state, any_free(()), smsc_ports=(), smsc=FAULTS, enforce_iam=True), said.append
    )
    try:
        stack.start()
        accounts = demo.new_demo()
        stranger = demo.Account("author", "stranger@other.example", "a stranger's password")
        stack.records("seed", two_workspaces(accounts, stranger, stack.smsc_port))
        numbers = state / "numbers.csv"
        numbers.write_text("\n".join(demo.numbers()) + "\n", encoding="utf-8")
        outside = Client(stack.url, workspace=OTHER)
        outside.sign_in(stranger.email, stranger.password)
        admin = demo.signed_in(stack.url, accounts.account("admin"))
        moderator = demo.signed_in(stack.url, accounts.account("moderator"))
        yield Installation(
            stack=stack,
            author=demo.signed_in(stack.url, accounts.account("author")),
            moderator=moderator,
            admin=admin,
            super_admin=demo.signed_in(stack.url, accounts.account("super_admin")),
            stranger=outside,
            sender=demo.approved_sender(admin, moderator),
            numbers=numbers,
        )
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def patiently() -> Callable[..., None]:
    return wait_until
