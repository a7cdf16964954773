"""`mc audit`: what is shown, what an export holds, and what checking one says; against the real API
on fakes.
"""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app import app
from chalicelib import bootstrap
from chalicelib.domain.audit import instant
from chalicelib.domain.rights import Role
from chalicelib.usecases import audit_desk
from chalicelib.usecases.sealing import Keeper
from cli.errors import Exit, Unreachable
from cli.screen import Screen
from cli.session import Session
from cli.transport import Answer
from tests.fakes import samples
from tests.fakes.gateway import Gateway
from tests.fakes.services import MORNING
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.cli.conftest import Mc

URL = "http://127.0.0.1:8080"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Api:
    """The API behind `mc`; `trouble` are answers that come first, `fails` is never answered."""

    def __init__(self) -> None:
        self.trouble: list[Answer | Exception] = []
        self.asked: list[str] = []
        self.fails = "nothing"

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        address = urlsplit(url)
        self.asked.append(f"{method} {address.path.rpartition('/')[2]}")
        if address.path.endswith(self.fails):
            raise Unreachable(URL, "gone")
        if self.trouble:
            trouble = self.trouble.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        answer = Gateway(app).call(
            method,
            address.path,
            json.loads(body) if body else None,
            token=headers["Authorization"].removeprefix("Bearer "),
            query=dict(parse_qsl(address.query)) or None,
        )
        return Answer(answer.status, json.dumps(answer.body).encode())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """With some records, an hour old, in seals of their own."""
    world = World()
    world.person("admin@example.com", Role.ADMIN)
    monkeypatch.setattr(bootstrap, "api", lambda: world.api)
    keeper = Keeper(world.audit_log, world.checkpoints, world.clock)
    for number in range(3):
        world.audit_log.append(
            samples.audit(
                workspace="wsp_a",
                at=world.clock.now(),
                expires_at=world.clock.now() + 90 * DAY,
                action=f"tested.{number}",
                after={"note": "ä" * number},
            )
        )
        keeper.seal("wsp_a")
        world.clock.advance(20 * MINUTE)
    keeper.checkpoint("wsp_a")
    world.clock.advance(timedelta(hours=1))
    return world


@pytest.fixture
def there(world: World, stranger: Mc) -> Mc:
    """An admin, signed in."""
    return signed_in(world, stranger, "admin@example.com")


def signed_in(world: World, mc: Mc, email: str) -> Mc:
    mc.api = Api()  # type: ignore[assignment]
    answer = Gateway(app).call("POST", "/v1/sign-in", {"email": email, "password": PASSWORD})
    until = instant(world.clock.now() + DAY)
    mc.sessions.write(Session(URL, answer.body["token"], email, until, "wsp_a"))
    return mc


def exported(mc: Mc, path: Path, *options: str) -> list[dict[str, Any]]:
    assert mc("audit", "export", "--out", str(path), *options) == Exit.OK, mc.remarks
    return read(path)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


# --- list ---


def test_the_log_is_shown_newest_first(there: Mc, world: World) -> None:
    world.audit_log.append(samples.audit(at=world.clock.now(), action="just.now"))
    assert there("audit", "list", "--since", instant(MORNING + SECOND)) == Exit.OK
    heads, *rows = there.out.splitlines()
    assert heads.split() == ["when", "who", "role", "what", "object", "from", "sealed"]
    assert ["just.now" in rows[0], "tested.2" in rows[-2], "tested.1" in rows[-1]] == [True] * 3
    assert rows[0].endswith("not yet")
    assert rows[-1].endswith("yes")


def test_the_log_is_filtered(there: Mc) -> None:
    for option, value in (
        ("--action", "tested.1"),
        ("--object", "cmp_a"),
        ("--actor", "usr_a"),
        ("--until", instant(MORNING + MINUTE)),
    ):
        assert there("--json", "audit", "list", option, value) == Exit.OK
        items = there.json["items"]
        assert {"tested.1": len(items) == 1, "cmp_a": len(items) == 3}.get(value, bool(items))
        assert all(item["action"].startswith("tested") for item in items) or option == "--until"


def test_one_page_leads_to_the_next(there: Mc) -> None:
    assert there("audit", "list", "--limit", "2") == Exit.OK
    cursor = there.out.splitlines()[-1].split()[-1]
    assert there("--json", "audit", "list", "--after", cursor, "--limit", "200") == Exit.OK
    rest = there.json
    assert there("--json", "audit", "list", "--limit", "200") == Exit.OK
    assert there.json["items"][2:] == rest["items"]
    assert rest["next"] is None


# --- export, and verify what was exported ---


def test_an_export_is_whole_and_checks_out(there: Mc, world: World, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = exported(there, path)
    assert list(dict.fromkeys(line["kind"] for line in lines)) == [
        "export",
        "checkpoint",
        "opening",
        "seal",
        "record",
        "closing",
    ]
    records = [line["record"] for line in lines if line["kind"] == "record"]
    assert f"{len(records)} records written" in there.out
    assert {"tested.0", "member.added"} <= {record["action"] for record in records}
    # Signing the opening is younger than what is exported.
    assert "audit.exported" not in {record["action"] for record in records}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["log.jsonl"]

    fingerprint = there.out.split("signed by the key ")[1].split(".")[0]
    there.sessions.forget()
    world.clock.advance(365 * DAY)
    assert there("audit", "verify", str(path)) == Exit.OK
    assert f"{len(records)} intact, 0 expired, 0 not sealed yet" in there.out
    assert "The log is whole" in there.out
    assert "The key was taken from the file itself" in there.out
    assert fingerprint in there.out


def test_a_known_key_is_not_taken_from_the_file(there: Mc, world: World, tmp_path: Path) -> None:
    path, pem = tmp_path / "log.jsonl", tmp_path / "key.pem"
    exported(there, path)
    pem.write_bytes(world.checkpoints.public_key())
    assert there("audit", "verify", str(path), "--key", str(pem)) == Exit.OK
    assert "taken from the file" not in there.out
    pem.write_bytes(public(ec.generate_private_key(ec.SECP256R1())))
    assert there("audit", "verify", str(path), "--key", str(pem)) == Exit.REFUSED
    assert "bad signature" in there.out


def public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))


@pytest.mark.parametrize(
    "pem",
    [
        b"no key",
        public(ec.generate_private_key(ec.SECP384R1())),
        public(rsa.generate_private_key(65_537, 2_048)),
    ],
)
def test_a_key_of_another_kind_is_refused(there: Mc, tmp_path: Path, pem: bytes) -> None:
    path, key = tmp_path / "log.jsonl", tmp_path / "key.pem"
    exported(there, path)
    key.write_bytes(pem)
    assert there("audit", "verify", str(path), "--key", str(key)) == Exit.USAGE
    assert "P-256" in there.remarks


def test_a_broken_export_names_its_first_broken_record(there: Mc, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = exported(there, path)
    places = [at for at, line in enumerate(lines) if line["kind"] == "record"]
    changed = lines[places[2]]["record"]
    changed["action"] = "tampered.with"
    deleted = lines.pop(places[4])["record"]
    write(path, lines)
    assert there("audit", "verify", str(path)) == Exit.REFUSED
    assert "THE LOG IS BROKEN: 1 altered, 1 deleted." in there.out
    assert f"The first broken record is {changed['id']}: altered" in there.out
    assert f"record {deleted['id']}: deleted" in there.out
    assert there("--json", "audit", "verify", str(path)) == Exit.REFUSED
    assert there.json["clean"] is False
    assert [each["id"] for each in there.json["findings"]] == [changed["id"], deleted["id"]]


def test_a_broken_seal_says_what_it_takes_along(there: Mc, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = exported(there, path)
    seal = next(line["seal"] for line in lines if line["kind"] == "seal")
    seal["records"].pop()
    write(path, lines)
    assert there("audit", "verify", str(path)) == Exit.REFUSED
    assert "that a broken chain tells nothing of" in there.out
    assert "  seal 1: altered" in there.out
    assert "first broken record" not in there.out


def test_many_faults_are_told_in_short(there: Mc, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = exported(there, path)
    write(path, lines + [lines[0]] * 25)
    assert there("audit", "verify", str(path)) == Exit.REFUSED
    assert there.out.count("\n  export ") == 20
    assert "  and 5 more" in there.out


def test_an_export_of_a_period_has_that_and_the_whole_chain(there: Mc, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    since, until = instant(MORNING + MINUTE), instant(MORNING + 30 * MINUTE)
    lines = exported(there, path, "--since", since, "--until", until)
    assert [line["record"]["action"] for line in lines if line["kind"] == "record"] == ["tested.1"]
    assert sum(line["kind"] == "seal" for line in lines) == 3
    assert there("audit", "verify", str(path)) == Exit.OK
    assert "1 intact" in there.out
    assert "period" in there.out


def test_a_period_ends_when_the_export_begins(there: Mc, tmp_path: Path) -> None:
    lines = exported(there, tmp_path / "log.jsonl", "--until", "2099-01-01")
    (opening,) = [line["checkpoint"] for line in lines if line["kind"] == "opening"]
    assert lines[0]["until"] == opening["at"]


def test_what_has_expired_is_left_out(there: Mc, world: World, tmp_path: Path) -> None:
    """Whether it has been removed or not: so what is missing is missing."""
    world.clock.advance(89 * DAY + timedelta(hours=22, minutes=10))
    lines = exported(signed_in(world, there, "admin@example.com"), tmp_path / "log.jsonl")
    actions = [line["record"]["action"] for line in lines if line["kind"] == "record"]
    assert "tested.2" in actions
    assert "tested.0" not in actions
    assert there("audit", "verify", str(tmp_path / "log.jsonl")) == Exit.OK


def test_seals_made_meanwhile_are_left_out(
    there: Mc, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audit_desk.AuditDesk.seals

    def seals(self: Any, caller: Any, after: int, limit: int) -> Any:
        world.clock.advance(SECOND)
        world.audit_log.append(samples.audit(at=world.clock.now()))
        Keeper(world.audit_log, world.checkpoints, world.clock).seal("wsp_a")
        return real(self, caller, after, limit)

    monkeypatch.setattr(audit_desk.AuditDesk, "seals", seals)
    lines = exported(there, tmp_path / "log.jsonl")
    heads = {line["kind"]: line["checkpoint"] for line in lines if "checkpoint" in line}
    numbers = [line["seal"]["number"] for line in lines if line["kind"] == "seal"]
    assert numbers[-1] == heads["opening"]["seal"] < heads["closing"]["seal"]
    assert there("audit", "verify", str(tmp_path / "log.jsonl")) == Exit.OK


def test_all_pages_are_read(
    there: Mc, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_desk, "SEALS", 2)
    for number in range(500):
        world.audit_log.append(samples.audit(at=world.clock.now() + number * SECOND))
    world.clock.advance(10 * MINUTE)
    lines = exported(there, tmp_path / "log.jsonl")
    assert sum(line["kind"] == "record" for line in lines) > 500
    assert there("audit", "verify", str(tmp_path / "log.jsonl")) == Exit.OK


@pytest.mark.parametrize(
    "trouble",
    [Unreachable(URL, "reset"), Answer(503, b'{"title": "Unavailable", "status": 503}')],
)
def test_a_request_that_fails_is_tried_again(
    there: Mc, tmp_path: Path, trouble: Answer | Exception
) -> None:
    api: Any = there.api
    api.trouble = [trouble, trouble]
    exported(there, tmp_path / "log.jsonl")
    assert there.slept == [0.5, 0.5]


def test_half_an_export_is_none(there: Mc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("an older one")
    monkeypatch.setattr("cli.audit.TRIES", 1)
    api: Any = there.api
    api.fails = "/audit/records"
    assert there("audit", "export", "--out", str(path)) == Exit.UNREACHABLE
    assert path.read_text() == "an older one"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["log.jsonl"]
    assert there("audit", "export", "--out", str(tmp_path / "no" / "log.jsonl")) == Exit.USAGE
    assert "cannot be written" in there.remarks


def test_who_may_not_read_all_exports_nothing(world: World, stranger: Mc, tmp_path: Path) -> None:
    mc = signed_in(world, stranger, "author@example.com")
    assert mc("audit", "export", "--out", str(tmp_path / "log.jsonl")) == Exit.REFUSED
    assert "no right to read the audit log of others" in mc.remarks
    assert not (tmp_path / "log.jsonl").exists()
    api: Any = mc.api
    assert api.asked == ["GET checkpoints"]


def test_bytes_that_are_no_text_break_their_line_alone(there: Mc, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = exported(there, path)
    path.write_bytes(path.read_bytes().replace(b"tested.1", b"tested.\xff"))
    assert there("audit", "verify", str(path)) == Exit.REFUSED
    (changed,) = [
        line["record"]["id"] for line in lines if line.get("record", {}).get("action") == "tested.1"
    ]
    assert f"The first broken record is {changed}: altered" in there.out


def test_progress_is_told_on_a_terminal(
    there: Mc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.audit.STEP", 2)
    monkeypatch.setattr(Screen, "live", property(lambda _: True))
    exported(there, tmp_path / "log.jsonl")
    assert "2 records written" in there.remarks
    assert "\r\x1b[K4 records written" in there.remarks
