"""What the audit log's chain costs: sealing, and checking an export.

`sealed_per_second`    records sealed a second by one sealer, in one go: on in-memory fakes (the
                       code's own cost), and on moto's DynamoDB (with the SDK's and the adapter's).
`doorbell_calls`       calls of DynamoDB for one new record, and for none, below pynamodb.
`verified_per_second`  records a second of `mc audit verify` over an export of --records, in a
                       process of its own, with its peak memory (RSS) and the file's size; and the
                       same where each record has a seal of its own, over a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from unittest.mock import patch

from bench.api import MOTO_ENVIRONMENT, counted
from chalicelib.adapters.dynamo.audit import DynamoAuditLog
from chalicelib.domain.audit import instant, to_json
from chalicelib.domain.audit_check import FORMAT
from chalicelib.domain.seals import (
    RECORDS_MAX,
    Seal,
    checkpoint_to_json,
    head_of,
    next_seal,
    seal_to_json,
)
from chalicelib.usecases.sealing import Keeper, Sealer
from tests.fakes import samples
from tests.fakes.audit_fallback import FakeCheckpoints
from tests.fakes.cloud import mocked_cloud
from tests.fakes.records import FakeAuditLog, Records
from tests.fakes.services import MORNING, FakeClock

if TYPE_CHECKING:
    from chalicelib.domain.audit import AuditRecord
    from chalicelib.usecases.ports import AuditLog

# `mc`, and then its own peak: where there is no /proc there is no such figure.
PROGRAM = """
import sys
from cli.__main__ import main
code = main(sys.argv[1:])
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
sys.exit(code)
"""
WORKSPACE = "wsp_a"
STEP = timedelta(milliseconds=100)
DAY = timedelta(days=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the audit log's chain costs.")
    parser.add_argument("--records", type=int, default=1_000_000, help="records of the export")
    parser.add_argument("--sealed", type=int, default=5_000, help="records to seal")
    options = parser.parse_args()
    figures = {
        **sealing(options.sealed),
        "verify": verifying(options.records, RECORDS_MAX),
        "verify_one_a_seal": verifying(options.records // 10, 1),
    }
    print(json.dumps(figures))


def record(number: int) -> AuditRecord:
    at = MORNING + number * STEP
    return samples.audit(
        id=f"aud_{number:026}",
        workspace=WORKSPACE,
        at=at,
        expires_at=at + 90 * DAY,
        before={"name": "Spring", "status": "new", "approval": "submitted", "run": 0},
        after={"name": "Spring", "status": "building", "approval": "approved", "run": 1},
    )


# --- sealing --------------------------------------------------------------------------------------


def sealing(count: int) -> dict[str, Any]:
    on_fakes = sealed_per_second(FakeAuditLog(Records()), count)
    with patch.dict(os.environ, MOTO_ENVIRONMENT), mocked_cloud() as cloud:
        on_moto = sealed_per_second(DynamoAuditLog(cloud.store), count)
    with patch.dict(os.environ, MOTO_ENVIRONMENT), mocked_cloud() as cloud:
        calls = doorbell_calls(DynamoAuditLog(cloud.store))
    return {"sealed_per_second": {"fakes": on_fakes, "moto": on_moto}, "doorbell_calls": calls}


def doorbell_calls(log: AuditLog) -> dict[str, int]:
    clock = FakeClock()
    log.append(record(0))
    Keeper(log, FakeCheckpoints(), clock).seal(WORKSPACE)
    log.append(record(1))
    calls = {}
    for name in ("one_new", "none_new"):
        with counted() as made:
            Sealer(log, clock).seal(WORKSPACE)
        calls[name] = len(made)
    return calls


def sealed_per_second(log: AuditLog, count: int) -> int:
    for number in range(count):
        log.append(record(number))
    keeper = Keeper(log, FakeCheckpoints(), FakeClock(MORNING + count * STEP))
    begun = time.perf_counter()
    if keeper.seal(WORKSPACE) != count:
        raise SystemExit("Not all was sealed.")
    return round(count / (time.perf_counter() - begun))


# --- verifying ------------------------------------------------------------------------------------


def verifying(count: int, per_seal: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        write_export(path, count, per_seal)
        size = path.stat().st_size
        command = [sys.executable, "-c", PROGRAM, "--json", "audit", "verify", str(path)]
        begun = time.perf_counter()
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
    answer, peak = run.stdout.splitlines()
    found = json.loads(answer)
    if (found["clean"], found["intact"]) != (True, count):
        raise SystemExit(f"It does not check out: {answer}")
    return {
        "records": count,
        "seals": found["seals"],
        "file_mb": size // 10**6,
        "records_per_second": round(count / seconds),
        "peak_rss_mb": int(peak) // 1024,
    }


def write_export(path: Path, count: int, per_seal: int) -> None:
    """As `mc audit export` writes it; nothing of it is held in memory."""
    checkpoints = FakeCheckpoints()
    closed_at = MORNING + count * STEP + timedelta(hours=1)
    seals = path.with_suffix(".seals")
    newest: Seal | None = None
    with seals.open("w") as file:
        for start in range(0, count, per_seal):
            batch = [record(number) for number in range(start, min(start + per_seal, count))]
            newest = next_seal(newest, WORKSPACE, batch, batch[-1].at)
            put(file, {"kind": "seal", "seal": seal_to_json(newest)})
    if newest is None:
        raise SystemExit("There must be records.")
    signed = checkpoints.sign(head_of(newest, closed_at))
    head = {"checkpoint": checkpoint_to_json(signed.checkpoint), "signature": signed.signature}
    with path.open("w") as file:
        put(
            file,
            {
                "kind": "export",
                "format": FORMAT,
                "workspace": WORKSPACE,
                "since": None,
                "until": instant(closed_at),
                "public_key": checkpoints.public_key().decode(),
            },
        )
        put(file, {"kind": "opening", **head})
        with seals.open() as made:
            shutil.copyfileobj(made, file)
        for number in range(count):
            put(file, {"kind": "record", "record": to_json(record(number))})
        put(file, {"kind": "closing", **head})


def put(file: TextIO, line: dict[str, Any]) -> None:
    file.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
