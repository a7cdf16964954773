"""Where audit records wait while the audit table is away (SPEC 8.2): segments of JSON lines on S3.

There is a fixed number of segments and each has a largest size, so the cap over all writers holds
by construction: there is no counter that they would have to share. A process claims a segment by
put-if-absent and appends by rewriting it, on condition that it is still as it left it. Where no
number is free it goes on in somebody else's, so many that wrote little do not use up the room.

Whoever drains deletes a segment on condition that it is still what was read. So whoever writes,
drains or dies meanwhile, nothing is lost; at worst a record is taken twice.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from chalicelib.adapters.ids import chance as system_chance
from chalicelib.domain.audit import from_json, key_of, to_json
from chalicelib.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from types_boto3_s3.type_defs import ObjectTypeDef

    from chalicelib.adapters.aws import Clients
    from chalicelib.domain.audit import AuditRecord

PREFIX: Final = "audit-fallback/"
# 3,051 of 64 KiB are 199,950,336 bytes: the most that stay below 200 MB.
SEGMENTS: Final = 3_051
SEGMENT_BYTES: Final = 64 * 1024
# Segments that are read, taken in order and removed together. A full store takes far longer to
# drain than one run of whoever drains it may last: each run must remove some before it ends.
GROUP: Final = 16
KEPT: Final = "[audit-fallback]"
OVERFLOW: Final = "[audit-fallback-overflow]"

# Numbers tried without looking which are free: mostly nearly all are.
_BLIND_TRIES: Final = 3
# Then by list; others may be faster each time.
_LISTED_TRIES: Final = 12
# Somebody else was faster: it is there already, it has changed, it is gone, it changes right now.
_CONFLICTS: Final = frozenset({"PreconditionFailed", "NoSuchKey", "ConditionalRequestConflict"})
_SERVICE: Final = "audit-fallback"


@dataclass(frozen=True, slots=True)
class _Segment:
    key: str
    body: bytes
    etag: str


class S3AuditFallback:
    def __init__(
        self,
        clients: Clients,
        bucket: str,
        *,
        segments: int = SEGMENTS,
        segment_bytes: int = SEGMENT_BYTES,
        chance: Callable[[], float] = system_chance,
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._keys = tuple(f"{PREFIX}{number:06}.jsonl" for number in range(segments))
        self._segment_bytes = segment_bytes
        self._chance = chance
        # Held while a segment is rewritten: this process's threads share it.
        self._lock = Lock()
        self._own: _Segment | None = None
        self._lost = 0

    def keep(self, record: AuditRecord) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

        line = _line(record)
        trouble = "no room"
        with self._lock:
            try:
                kept = self._write(line)
            except (BotoCoreError, ClientError) as error:
                kept, trouble = False, str(error)
            self._lost += not kept
        facts = {"action": record.action, "workspace": record.workspace}
        if kept:
            logger(_SERVICE).warning(KEPT, extra=facts)
        else:
            logger(_SERVICE).error(OVERFLOW, extra=facts | {"lost": self._lost, "why": trouble})
        return kept

    def drain(self, take: Callable[[AuditRecord], None]) -> int:
        """Oldest first within a group of segments; groups by when they were last written."""
        waiting = sorted(self._listed(), key=lambda each: (each["LastModified"], each["Key"]))
        keys = [each["Key"] for each in waiting]
        return sum(
            self._drain_group(keys[start : start + GROUP], take)
            for start in range(0, len(keys), GROUP)
        )

    def size(self) -> int:
        return sum(each["Size"] for each in self._listed())

    # --- draining ---

    def _drain_group(self, keys: Sequence[str], take: Callable[[AuditRecord], None]) -> int:
        segments = [segment for key in keys if (segment := self._read(key)) is not None]
        found = [(record, segment) for segment in segments for record in _records(segment)]
        found.sort(key=lambda pair: key_of(pair[0]))
        # A segment goes with the last of its records.
        ends = {segment.key: at for at, (_, segment) in enumerate(found)}
        for at, (record, segment) in enumerate(found):
            take(record)
            if ends[segment.key] == at:
                self._remove(segment)
        return len(found)

    def _remove(self, segment: _Segment) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - with boto3

        try:
            self._clients.brief_s3().delete_object(
                Bucket=self._bucket, Key=segment.key, IfMatch=segment.etag
            )
        except ClientError as error:
            # What has grown meanwhile is drained the next time.
            if error.response["Error"]["Code"] not in _CONFLICTS:
                raise

    # --- writing ---

    def _write(self, line: bytes) -> bool:
        if len(line) > self._segment_bytes:
            return False
        appended = self._append(self._own, line) if self._own else None
        self._own = appended or self._claim(line)
        return self._own is not None

    def _append(self, segment: _Segment, line: bytes) -> _Segment | None:
        if len(segment.body) + len(line) > self._segment_bytes:
            return None
        return self._put(segment.key, segment.body + line, segment.etag)

    def _claim(self, line: bytes) -> _Segment | None:
        for _ in range(_BLIND_TRIES):
            claimed = self._put(self._one_of(self._keys), line, None)
            if claimed is not None:
                return claimed
        for _ in range(_LISTED_TRIES):
            sizes = {each["Key"]: each["Size"] for each in self._listed()}
            free = [key for key in self._keys if key not in sizes]
            roomy = [key for key, size in sizes.items() if size + len(line) <= self._segment_bytes]
            if free:
                claimed = self._put(self._one_of(free), line, None)
            elif roomy:
                other = self._read(self._one_of(roomy))
                claimed = self._append(other, line) if other else None
            else:
                return None
            if claimed is not None:
                return claimed
        return None

    def _one_of(self, keys: Sequence[str]) -> str:
        return keys[int(self._chance() * len(keys))]

    # --- S3 ---

    def _put(self, key: str, body: bytes, etag: str | None) -> _Segment | None:
        """Write it if it is as it was when it had this ETag, or if it is not there; or None."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - with boto3

        client = self._clients.brief_s3()
        try:
            if etag is None:
                answer = client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
            else:
                answer = client.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=etag)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CONFLICTS:
                raise
            # Perhaps we lost to ourselves: to a try whose answer got lost, after which the SDK
            # tried again.
            stored = self._read(key)
            return stored if stored is not None and stored.body == body else None
        return _Segment(key, body, answer["ETag"])

    def _read(self, key: str) -> _Segment | None:
        client = self._clients.brief_s3()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return None
        with closing(answer["Body"]) as body:
            return _Segment(key, body.read(), answer["ETag"])

    def _listed(self) -> Iterator[ObjectTypeDef]:
        pages = self._clients.brief_s3().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=PREFIX):
            yield from page.get("Contents", ())


def _line(record: AuditRecord) -> bytes:
    return json.dumps(to_json(record), separators=(",", ":")).encode() + b"\n"


def _records(segment: _Segment) -> list[AuditRecord]:
    try:
        return [from_json(json.loads(line)) for line in segment.body.splitlines()]
    except (ValueError, TypeError, KeyError):
        # It stays, for somebody to look at, and does not keep the others waiting.
        logger(_SERVICE).exception("segment cannot be read", extra={"key": segment.key})
        return []
