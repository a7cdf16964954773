"""The API as it is deployed, against its own document: what it says is what happens, to requests
that nobody thought of.

`EXPLORE_SECONDS=1800 make test ARGS="tests/stack/test_schemathesis.py --log-cli-level=INFO"` looks
longer, at the twins as closely as at all else, and says what was answered how often.
"""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Final

import pytest

from cli.client import Client
from localstack import demo
from tests.stack.exploring import Doors, explore

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemathesis import Case, Response

SECONDS: Final = int(os.environ.get("EXPLORE_SECONDS", "90"))
EXAMPLES: Final = 1_000
pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(SECONDS + 300)]

LOG: Final = logging.getLogger(__name__)
PASSWORD: Final = "a fine long password"
ENDING: Final = frozenset({"sign_out", "end_session"})
SETTLING: Final = frozenset({"change_settings", "visit_change_settings"})


@dataclass(slots=True)
class Explored:
    """A workspace of its own: what is tried in it is no other test's concern."""

    explorer: Client
    super_admin: Client
    # Signs in again when an exploration has ended the session.
    wanderer: Client
    workspace: str

    def token(self, case: Case[Any]) -> str | None:
        name, path = case.operation.definition.raw["operationId"], case.operation.path
        place = str(case.path_parameters.get("workspace", self.workspace))
        # What looks like a workspace and is another may be one, of another test.
        if place != self.workspace and re.fullmatch("[0-9a-z_-]+", place):
            return None
        if path.startswith("/v1/installation"):
            return self.super_admin.token
        if name in ENDING or name == "end_other_sessions":
            if self.wanderer.token is None:
                self.wanderer.sign_in("wanderer@example.com", PASSWORD)
            return self.wanderer.token
        return self.explorer.token if case.operation.definition.raw["security"] else None

    def after(self, case: Case[Any], response: Response) -> None:
        """Whatever would let all that follows fail is undone."""
        name = case.operation.definition.raw["operationId"]
        if response.status_code >= 300:
            return
        if name in ENDING:
            self.wanderer.token = None
        if name in SETTLING:
            self.explorer._here("PATCH", "", {"permissions": {}, "time_zone": "UTC"})


@pytest.fixture(scope="module")
def explored(installation: Any, patiently: Callable[..., None]) -> Explored:
    def joined(email: str) -> Client:
        client = Client(installation.stack.url, workspace=workspace)
        client.accept_as_new(mailed_to(installation, email, patiently), "Explorer", PASSWORD)
        client.sign_in(email, PASSWORD)
        return client

    made = installation.super_admin.create_workspace("Explored", "UTC", "explorer@example.com")
    workspace: str = made["id"]
    explorer = joined("explorer@example.com")
    for name in ("wanderer", "bystander"):
        explorer.invite(f"{name}@example.com", "author", is_moderator=False)
    return Explored(explorer, installation.super_admin, joined("wanderer@example.com"), workspace)


def mailed_to(installation: Any, address: str, patiently: Callable[..., None]) -> str:
    found: list[str] = []

    def arrived() -> bool:
        for path in sorted(installation.stack.places.mail.glob("*.eml")):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            if letter["To"] == address:
                found.extend(re.findall(r"use this token:\s+(\S+)", letter.get_content()))
        return bool(found)

    patiently(arrived, f"a mail to {address}")
    return found[-1]


def places(explored: Explored) -> dict[str, list[str]]:
    """Several of each thing, since some of what is tried ends them."""
    client = explored.explorer

    def make(path: str, *bodies: dict[str, Any], at: str = "id") -> list[str]:
        answers = [client._here("POST", path, body) for body in bodies]
        return [str(answer[at]["id"] if at != "id" else answer["id"]) for answer in answers]

    senders = make("/senders", {"name": "Shop"}, {"name": "Store"})
    for sender in senders:
        client.add_revision(sender, "SHOP", demo.CHANNEL, "Offers")
    scopes = {"scopes": ["view"]}
    return {
        "workspace": [explored.workspace],
        "sender_id": senders,
        "number": ["1"],
        "list_id": make("/lists", *({"name": "a.csv", "size": 9} for _ in range(4))),
        "campaign_id": make("/campaigns", *({"name": f"Campaign {n}"} for n in range(4))),
        "invitation_id": [each["id"] for each in client._all("/invitations")],
        "key_id": make("/api-keys", *({"name": f"Key {n}", **scopes} for n in range(3)), at="key"),
        "client_id": make("/clients", *({"name": f"Client {n}"} for n in range(3)), at="client"),
        "user_id": [each["user"] for each in client.members()],
        "session_id": [each["id"] for each in sessions(explored.wanderer)],
    }


def sessions(client: Client) -> list[Any]:
    client.sign_in("wanderer@example.com", PASSWORD)
    items: list[Any] = client._call("GET", "/v1/me/sessions")["items"]
    return [each for each in items if not each["current"]]


def test_the_api_is_what_its_document_says(installation: Any, explored: Explored) -> None:
    document = installation.admin._call("GET", "/v1/openapi.json")
    doors = Doors(
        installation.stack.url,
        places(explored),
        explored.token,
        explored.after,
    )
    began = time.monotonic()
    report = explore(document, doors, seconds=SECONDS, examples=EXAMPLES)
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    LOG.info(
        "%d requests to %d of %d operations in %.0f s; %s",
        report.requests,
        len(report.statuses),
        len(operations),
        time.monotonic() - began,
        report.reason,
    )
    for label, statuses in sorted(report.statuses.items()):
        LOG.info("%s: %s", label, dict(sorted(statuses.items())))
    told = "\n\n".join(f"{' | '.join(key)}\n{what}" for key, what in report.findings.items())
    assert not report.findings, told
    assert not operations - report.statuses.keys(), "time was too short for some"
