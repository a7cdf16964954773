"""An AWS stand-in with what the ingest function needs, and the function's runs against it.

The handler runs in a process of its own, whose peak of memory is then its own, and which shares the
cores with the stand-in; what that took of them is told apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import boto3

from bench.api import MOTO_ENVIRONMENT
from chalicelib.adapters.aws import Clients
from chalicelib.adapters.dynamo.campaigns import DynamoCampaigns
from chalicelib.adapters.dynamo.changes import DynamoChanges
from chalicelib.adapters.dynamo.store import Store
from chalicelib.adapters.kms import KmsDataKeys
from chalicelib.domain.recipient_list import ListCounts, ListStatus, list_prefix, upload_key
from localstack.ministack import Ministack
from localstack.places import ROOT, STACK_PYTHON
from tests.fakes import samples
from tests.fakes.cloud import RESOURCES, TABLES, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

    from chalicelib.domain.recipient_list import RecipientList

WORKSPACE: Final = "wsp_a"
BUCKETS: Final = ("uploads", "data")
LIST: Final = "lst_a"


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds by the clock and on processors, the stand-in's own ones, and the peak of memory."""

    seconds: float
    cpu_seconds: float
    stack_cpu_seconds: float
    # What the index of hashes took after that.
    index_seconds: float
    index_peak_rss_mib: float
    peak_rss_mib: float
    list: RecipientList
    # Of the spilled files together.
    disk_mib: float


class Stack:
    def __init__(self, ministack: Ministack, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self._ministack = ministack
        self._clients = Clients(path_style=True)
        self._store = Store(TABLES)

    @property
    def s3(self) -> S3Client:
        return self._clients.s3()

    def close(self) -> None:
        self._store.connection.client.close()
        self.s3.close()

    def upload(self, path: Path, name: str | None = None, **facts: Any) -> None:  # noqa: ANN401
        """A list whose file has arrived."""
        self.clear()
        recipients = samples.recipient_list(
            id=LIST,
            workspace=WORKSPACE,
            name=name or path.name,
            size=path.stat().st_size,
            status=ListStatus.UPLOADING,
            counts=ListCounts(),
            digest=None,
            **facts,
        )
        DynamoChanges(self._store).save(recipients, samples.audit())
        self.s3.upload_file(str(path), "uploads", upload_key(WORKSPACE, LIST))

    def clear(self) -> None:
        """Of an earlier list."""
        key = {"pk": {"S": f"{WORKSPACE}#LIST"}, "sk": {"S": LIST}}
        client = boto3.client("dynamodb")
        client.delete_item(TableName="campaigns", Key=key)
        client.close()
        for bucket in BUCKETS:
            for stored in self.stored(bucket):
                self.s3.delete_object(Bucket=bucket, Key=stored)

    def stored(self, bucket: str = "data") -> dict[str, int]:
        """Sizes of objects."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", ())}

    def ingest(self, *, only_copy: bool = False) -> Run:
        """What the handler takes, or only to move the same octets."""
        sizes = json.dumps(list(self.stored().values())) if only_copy else ""
        before = self._cpu_seconds()
        command = [sys.executable, "-m", "bench.ingesting.run", upload_key(WORKSPACE, LIST)]
        answer = subprocess.run(
            [*command, *(["--copy", sizes] if only_copy else [])],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        told = json.loads(answer.stdout.splitlines()[-1])
        return Run(
            stack_cpu_seconds=self._cpu_seconds() - before,
            list=DynamoCampaigns(self._store).recipient_list(WORKSPACE, LIST),
            **told,
        )

    def chunks(self) -> Iterator[bytes]:
        prefix = f"{list_prefix(WORKSPACE, LIST)}/chunk-"
        for key in sorted(self.stored()):
            if key.startswith(prefix):
                yield self.s3.get_object(Bucket="data", Key=key)["Body"].read()

    def _cpu_seconds(self) -> float:
        """Of the stand-in's process so far."""
        process = self._ministack._process  # noqa: SLF001 - its pid is all we are after
        stat = Path(f"/proc/{process.pid if process else 0}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    if not STACK_PYTHON.exists():
        raise SystemExit("There is no venv for ministack: run `make test` once.")
    ministack = Ministack(STACK_PYTHON, folder / "stack")
    ministack.start()
    try:
        given = MOTO_ENVIRONMENT | {"AWS_ENDPOINT_URL": ministack.endpoint}
        with patch.dict(os.environ, given):
            made = Stack(ministack, os.environ | _prepared(folder), folder)
            yield made
            made.close()
    finally:
        ministack.stop()


def _prepared(folder: Path) -> dict[str, str]:
    """Tables, buckets, key and workspace; the environment that names them."""
    client = boto3.client("dynamodb")
    for name, resource in RESOURCES.items():
        make_table(name, resource, client)
    client.close()
    clients = Clients(path_style=True)
    for bucket in BUCKETS:
        clients.s3().create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    key = clients.kms().create_key()["KeyMetadata"]["KeyId"]
    wrapped = KmsDataKeys(clients, key).create(WORKSPACE)
    store = Store(TABLES)
    workspace = samples.workspace(id=WORKSPACE, wrapped_data_key=wrapped)
    DynamoChanges(store).save(workspace, samples.audit())
    store.connection.client.close()
    scratch = folder / "scratch"
    scratch.mkdir()
    return {
        **{f"MC_{name.upper()}_TABLE": name for name in RESOURCES},
        **{f"MC_{bucket.upper()}_BUCKET": bucket for bucket in BUCKETS},
        "MC_DATA_KEY": key,
        "TMPDIR": str(scratch),
    }
