"""Many write the audit log at once: all succeed, and one unbroken chain comes of it."""

from __future__ import annotations

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cli.__main__ import parser, run
from cli.audit import AuditClient
from cli.command import Context
from cli.errors import Exit, Refused, Unreachable
from cli.lists import upload_file
from cli.screen import Screen
from cli.session import Session, SessionFile
from localstack import demo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

WRITERS = 200
# One machine starts a process of its own for each request that comes while others run.
AT_ONCE = 16
# From the last write on; a doorbell takes a second or two.
SEALED_WITHIN = 30.0


class Mc:
    """`mc`, as the moderator."""

    def __init__(self, installation: Any, folder: Path) -> None:
        self.sessions = SessionFile(folder / "session.json")
        client = installation.moderator
        self.sessions.write(
            Session(client.url, client.token, "moderator", "2100-01-01T00:00:00Z", demo.WORKSPACE)
        )

    def __call__(self, *arguments: str) -> tuple[Exit, Any]:
        out, remarks = io.StringIO(), io.StringIO()
        given = parser().parse_args(["--json", *arguments])
        code = run(Context(Screen(out, remarks, as_json=True), self.sessions), given)
        assert out.getvalue(), remarks.getvalue()
        return code, json.loads(out.getvalue())


@pytest.fixture(scope="module")
def mc(installation: Any, tmp_path_factory: pytest.TempPathFactory) -> Mc:
    return Mc(installation, tmp_path_factory.mktemp("mc"))


@pytest.fixture(scope="module")
def written(installation: Any, mc: Mc) -> set[str]:
    """Campaigns, each made by a writer of its own at the same time as all others."""
    author = installation.author
    context = Context(Screen(io.StringIO(), io.StringIO()), mc.sessions)
    recipients = upload_file(context, author, installation.numbers, demo.COUNTRY)

    def make(number: int) -> str:
        new = {
            "name": f"Writer {number}",
            "text": "At once",
            "sender": installation.sender,
            "list": recipients["id"],
            "auto_start": False,
        }
        return patiently_made(author, new, key=f"writer-{number}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return set(pool.map(make, range(WRITERS)))


def patiently_made(author: Any, new: dict[str, Any], key: str) -> str:
    """Some are answered late, while processes start, and asked for again: the key keeps them from
    being made twice.
    """
    deadline = time.monotonic() + 120
    while True:
        try:
            made: str = author._here("POST", "/campaigns", new, key=key)["id"]
        except (Unreachable, Refused) as error:
            late = isinstance(error, Unreachable) or error.status >= 500
            if not late or time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return made


def named(client: AuditClient) -> list[str]:
    return [item["key"] for seal in client.every("/seals", {}) for item in seal["records"]]


@pytest.fixture(scope="module")
def client(installation: Any) -> AuditClient:
    moderator = installation.moderator
    return AuditClient(moderator.url, moderator.token, moderator.workspace)


def test_all_writers_end_in_one_chain_within_seconds(
    client: AuditClient, written: set[str], patiently: Callable[..., None]
) -> None:
    assert len(written) == WRITERS
    records = [
        record
        for record in client.every("/records", {})
        if record["action"] == "campaign.created" and record["object"] in written
    ]
    assert {record["object"] for record in records} == written
    assert len(records) == WRITERS
    ids = {record["id"] for record in records}
    patiently(
        lambda: ids <= {key.partition("#")[2] for key in named(client)},
        "every record has a seal",
        SEALED_WITHIN,
    )
    keys = named(client)
    assert len(keys) == len(set(keys)), "no record is named twice"
    numbers = [seal["number"] for seal in client.every("/seals", {})]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_exported_checks_out_offline(mc: Mc, written: set[str], tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    code, answer = mc("audit", "export", "--out", str(path))
    assert code is Exit.OK
    code, found = mc("audit", "verify", str(path))
    assert (code, found["clean"], found["key"]) == (Exit.OK, True, answer["key"])
    assert found["intact"] >= len(written)
    assert found["intact"] + found["unsealed"] == answer["records"]


def test_a_changed_export_names_the_record(mc: Mc, written: set[str], tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    mc("audit", "export", "--out", str(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    changed = next(
        line["record"] for line in lines if line.get("record", {}).get("object") in written
    )
    changed["actor"]["user"] = "usr_somebody_else"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, found = mc("audit", "verify", str(path))
    assert code is Exit.REFUSED
    assert [finding["id"] for finding in found["findings"]] == [changed["id"]]
