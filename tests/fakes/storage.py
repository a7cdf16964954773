"""Objects and uploads in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO


class FakeBlobs:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound(f"object as {key}")
        return self.objects[key]

    def get_range(self, key: str, begin: int, length: int) -> bytes:
        return self.get(key)[begin : begin + length]

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def put_file(self, key: str, file: BinaryIO) -> None:
        self.put(key, file.read())

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def delete_all(self, prefix: str) -> None:
        for key in [key for key in self.objects if key.startswith(prefix)]:
            del self.objects[key]


class FakeDownloads:
    def __init__(self, blobs: FakeBlobs) -> None:
        self._blobs = blobs

    def address(self, key: str, name: str) -> str:
        self._blobs.get(key)
        return f"memory://{key}?name={name}"


@dataclass(slots=True)
class Upload:
    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeUploads:
    """`send` stands for the caller who puts a part to its address; `open` has what takes more."""

    def __init__(self, piece: int = 1024 * 1024) -> None:
        self.objects: dict[str, bytes] = {}
        self._piece = piece
        self.open: dict[str, Upload] = {}
        self._begun = 0

    def begin(self, key: str) -> str:
        self._begun += 1
        upload = f"upload-{self._begun}"
        self.open[upload] = Upload(key)
        return upload

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        return {
            number: f"memory://{key}?upload={upload}&part={number}&length={length}"
            for number, length in lengths.items()
        }

    def send(self, key: str, upload: str, number: int, data: bytes) -> None:
        self._find(key, upload).parts[number] = data

    def parts(self, key: str, upload: str) -> dict[int, int]:
        parts = self._find(key, upload).parts
        return {number: len(parts[number]) for number in sorted(parts)}

    def is_there(self, key: str) -> bool:
        return key in self.objects

    def complete(self, key: str, upload: str) -> None:
        done = self.open.pop(upload, None)
        if done is not None:
            self.objects[key] = b"".join(done.parts[number] for number in sorted(done.parts))

    def abort(self, key: str, upload: str) -> None:  # noqa: ARG002 - the upload's id says it all
        self.open.pop(upload, None)

    def read(self, key: str) -> Iterator[bytes]:
        if key not in self.objects:
            raise NotFound("uploaded file")
        data = self.objects[key]
        for start in range(0, len(data), self._piece):
            yield data[start : start + self._piece]

    def discard(self, key: str) -> None:
        self.objects.pop(key, None)

    def _find(self, key: str, upload: str) -> Upload:
        found = self.open.get(upload)
        if found is None or found.key != key:
            raise NotFound("upload")
        return found
