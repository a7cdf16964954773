"""What the API costs: handler time against a bare Chalice view, DynamoDB calls, import time.

`handler_ratio`     median time of a request through app.py, with its use cases on in-memory fakes,
                    over that of a bare Chalice view, both in this process, in turn; the geometric
                    mean over the routes. It is the code's own cost: no I/O is in it.
`ddb_round_trips`   calls of DynamoDB by route, counted below pynamodb, answered by moto.
`import_ratio`      import of `app` over `import chalice, pynamodb.models`, in fresh interpreters in
                    turn, medians. `cold_ratio` adds all that the first request imports.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import geometric_mean, median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.client import BaseClient
from chalice.app import Chalice

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.delivery import DynamoDelivery
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.usecases.identity import Origin, SignInRequest
from tests.fakes.cloud import mocked_cloud
from tests.fakes.gateway import Gateway
from tests.fakes.world import PASSWORD, World, accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.adapters.dynamo.store import Store

ROOT = "/v1/workspaces/wsp_a"
NUMBERS = [447_700_900_000 + n for n in range(100)]
PEER = "import chalice, pynamodb.models"
IMPORTS = {
    "import_ratio": "import app",
    "cold_ratio": (
        "import app, boto3, argon2, aws_lambda_powertools, chalicelib.adapters.dynamo.campaigns, "
        "chalicelib.adapters.dynamo.changes, chalicelib.adapters.dynamo.delivery, "
        "chalicelib.adapters.dynamo.directory"
    ),
}
MOTO_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",  # nosec B105 - moto takes any
    "AWS_DEFAULT_REGION": "eu-west-1",
}

Event = dict[str, Any]
ORIGIN = Origin("192.0.2.1", "bench", "req-1")


def main() -> None:
    parser = argparse.ArgumentParser(description="What the API costs.")
    parser.add_argument("--requests", type=int, default=1_000, help="requests a route")
    parser.add_argument("--imports", type=int, default=15, help="fresh interpreters a measure")
    options = parser.parse_args()
    handler = handler_ratios(options.requests)
    figures = {
        "handler_ratio": round(geometric_mean(handler.values()), 2),
        "handler_ratios": handler,
        **import_ratios(options.imports),
        "ddb_round_trips": round_trips(),
    }
    print(json.dumps(figures))


def requests_of(world: World) -> dict[str, Event]:
    """One request for each route that reads or changes something, each repeatable."""
    gateway = Gateway(app)
    token = world.identity.sign_in(SignInRequest("author@example.com", PASSWORD), ORIGIN).token
    campaign = world.approved_campaign(NUMBERS)
    world.driver.build(world.workspace, campaign)
    world.answer(campaign, 0, 1, [accepted(n, f"m-{n}") for n in range(len(NUMBERS))])
    world.folder.fold(world.workspace, campaign, 0)
    ready = world.ready_list(NUMBERS)
    new = {"name": "Spring", "text": "Hello", "sender": world.sender, "list": ready.id}
    return {
        "GET /me": gateway.event("GET", "/v1/me", token=token),
        "GET workspace": gateway.event("GET", ROOT, token=token),
        "GET members": gateway.event("GET", f"{ROOT}/members", token=token),
        "GET audit": gateway.event("GET", f"{ROOT}/audit", token=token),
        "GET lists/{id}": gateway.event("GET", f"{ROOT}/lists/{ready.id}", token=token),
        "POST lists": gateway.event(
            "POST", f"{ROOT}/lists", {"name": "a.csv", "size": 9}, token=token
        ),
        "GET campaigns": gateway.event("GET", f"{ROOT}/campaigns", token=token),
        "GET campaigns/{id}": gateway.event("GET", f"{ROOT}/campaigns/{campaign}", token=token),
        "POST campaigns": gateway.event("POST", f"{ROOT}/campaigns", new, token=token),
        "GET campaigns/{id}/recipients": gateway.event(
            "GET", f"{ROOT}/campaigns/{campaign}/recipients", token=token
        ),
    }


# --- handler time ---------------------------------------------------------------------------------


def handler_ratios(requests: int) -> dict[str, float]:
    world = World()
    bare = Chalice(app_name="bare")

    @bare.route("/bare", methods=["GET"])
    def view() -> dict[str, str]:
        return {"status": "ok"}

    bare_event = Gateway(bare).event("GET", "/bare")
    with patch.object(bootstrap, "api", lambda: world.api):
        return {
            name: ratio(event, bare, bare_event, requests)
            for name, event in requests_of(world).items()
        }


def ratio(event: Event, bare: Chalice, bare_event: Event, requests: int) -> float:
    if Gateway(app).send(event).status >= 400:  # noqa: PLR2004 - HTTP's own border
        raise SystemExit(f"{event['httpMethod']} {event['path']} does not answer as it should.")
    ours, peer = [], []
    for _ in range(requests):
        ours.append(timed(lambda: app(event, None)))
        peer.append(timed(lambda: bare(bare_event, None)))
    return round(median(ours) / median(peer), 2)


def timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


# --- round trips ----------------------------------------------------------------------------------


class OnDynamo(World):
    """The same world with its records in moto's DynamoDB."""

    store: Store

    def keep_records(self) -> None:
        self.directory = DynamoDirectory(self.store)
        self.campaigns = DynamoCampaigns(self.store)
        self.delivery = DynamoDelivery(self.store)
        self.changes = DynamoChanges(self.store)
        self.audit_log = DynamoAuditLog(self.store)  # type: ignore[assignment] # the fake's place


def round_trips() -> dict[str, int]:
    with patch.dict(os.environ, MOTO_ENVIRONMENT), mocked_cloud() as cloud:
        OnDynamo.store = cloud.store
        world = OnDynamo()
        requests = requests_of(world)
        requests["POST sign-in"] = Gateway(app).event(
            "POST", "/v1/sign-in", {"email": "author@example.com", "password": PASSWORD}
        )
        with patch.object(bootstrap, "api", lambda: world.api):
            return {name: calls_of(event) for name, event in requests.items()}


def calls_of(event: Event) -> int:
    with counted() as calls:
        Gateway(app).send(event)
    return len(calls)


@contextmanager
def counted() -> Iterator[list[str]]:
    calls: list[str] = []
    # The one place in botocore that every call goes through; its type stubs do not show it.
    place = "_make_api_call"
    real: Callable[[BaseClient, str, object], object] = getattr(BaseClient, place)

    def count(client: BaseClient, operation: str, arguments: object) -> object:
        calls.append(operation)
        return real(client, operation, arguments)

    with patch.object(BaseClient, place, count):
        yield calls


# --- imports --------------------------------------------------------------------------------------


def import_ratios(times: int) -> dict[str, float]:
    measured: dict[str, list[float]] = {name: [] for name in [*IMPORTS, "peer"]}
    for _ in range(times):
        for name, statement in {**IMPORTS, "peer": PEER}.items():
            measured[name].append(import_seconds(statement))
    peer = median(measured.pop("peer"))
    return {name: round(median(seconds) / peer, 2) for name, seconds in measured.items()}


def import_seconds(statement: str) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return float(run.stdout)


if __name__ == "__main__":
    main()
