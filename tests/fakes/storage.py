"""Objects and uploads in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound
from chalicelib.usecases.ports import StoredUpload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FakeBlobs:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound(f"object as {key}")
        return self.objects[key]

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


@dataclass(slots=True)
class Upload:
    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeUploads:
    """`send` stands for the caller who puts a part to its address."""

    def __init__(self, piece: int = 1024 * 1024) -> None:
        self.objects: dict[str, bytes] = {}
        self._piece = piece
        self._open: dict[str, Upload] = {}
        self._begun = 0

    def begin(self, key: str) -> str:
        self._begun += 1
        upload = f"upload-{self._begun}"
        self._open[upload] = Upload(key)
        return upload

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        return {
            number: f"memory://{key}?upload={upload}&part={number}&length={length}"
            for number, length in lengths.items()
        }

    def send(self, key: str, upload: str, number: int, data: bytes) -> None:
        self._find(key, upload).parts[number] = data

    def stored(self, key: str, upload: str) -> StoredUpload:
        parts = self._find(key, upload).parts
        return StoredUpload(size=sum(map(len, parts.values())), parts=len(parts))

    def complete(self, key: str, upload: str) -> None:
        done = self._open.pop(upload, None)
        if done is not None:
            self.objects[key] = b"".join(done.parts[number] for number in sorted(done.parts))

    def abort(self, key: str, upload: str) -> None:  # noqa: ARG002 - the upload's id says it all
        self._open.pop(upload, None)

    def read(self, key: str) -> Iterator[bytes]:
        if key not in self.objects:
            raise NotFound("uploaded file")
        data = self.objects[key]
        for start in range(0, len(data), self._piece):
            yield data[start : start + self._piece]

    def _find(self, key: str, upload: str) -> Upload:
        found = self._open.get(upload)
        if found is None or found.key != key:
            raise NotFound("upload")
        return found
