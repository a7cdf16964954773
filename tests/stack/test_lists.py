"""Lists through every layer: an upload that is cut and goes on, and its rejected lines."""

from __future__ import annotations

import gzip
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import Refused, Unreachable
from cli.transport import HttpTransport
from cli.uploading import Upload, Wish, begin, read_file, resume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cli.transport import Answer

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

# Two parts, of which the second is short.
ROWS, WIDTH = 90_000, 96
REJECTED = "not a number"


class Cut(HttpTransport):
    """Lets one part through and no more."""

    def __init__(self) -> None:
        self.puts = 0

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
    ) -> Answer:
        if method == "PUT":
            self.puts += 1
            if self.puts > 1:
                raise Unreachable(url, "cut")
        return super().request(method, url, headers, body)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cut.csv"
    rows = (f"+1212555{100 + n % 100:04},{n:<{WIDTH}}\n" for n in range(ROWS))
    path.write_text(f"phone,remark\n{REJECTED},x\n" + "".join(rows), encoding="utf-8")
    return path


def test_a_cut_upload_goes_on_and_tells_its_rejected_lines(
    installation: Any, file: Path, patiently: Callable[..., None]
) -> None:
    author, read = installation.author, read_file(file)
    begun = begin(author, read, Wish())
    assert (begun["parts"], begun["sha256"]) == (2, read.sha256)
    whole, author.transport = author.transport, Cut()
    try:
        with pytest.raises(Unreachable):
            Upload(author, read, begun, 1, sleep=lambda _: None).run()
    finally:
        author.transport = whole
    assert author.parts(begun["id"]) == {1: begun["part_bytes"]}
    with pytest.raises(Refused, match=r"missing parts \(2\)"):
        author.complete_list(begun["id"])
    found = resume(author, read, Wish())
    assert found is not None
    assert found["id"] == begun["id"]
    upload = Upload(author, read, found)
    upload.run()
    assert (upload.found, upload.sent) == (1, 1)

    def is_ready() -> bool:
        return bool(author.recipient_list(begun["id"])["status"] == "ready")

    patiently(is_ready, "the list is ready")
    counts = author.recipient_list(begun["id"])["counts"]
    assert (counts["valid"], counts["duplicate"]) == (100, ROWS - 100)
    check_rejects(installation, begun["id"])


def check_rejects(installation: Any, list_id: str) -> None:
    path = f"/lists/{list_id}/rejects"
    with pytest.raises(Refused, match="no right to see full phone numbers"):
        installation.author._here("GET", path)
    url = installation.admin._here("GET", path)["url"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        assert f"{list_id}-rejects.csv.gz" in answer.headers["Content-Disposition"]
        heading, rejected = gzip.decompress(answer.read()).decode().splitlines()
    assert heading == "line,reason,value"
    assert "not_a_number" in rejected
    assert REJECTED in rejected
