from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import samples
from tests.fakes.services import MORNING


@pytest.mark.parametrize(
    ("octets", "stored", "recipients", "share"),
    [
        (0, 0, 0, 0.0),
        (500, 0, 10, 0.25),
        (1_000, 0, 10, 0.5),
        (1_000, 5, 10, 0.75),
        (1_000, 10, 10, 1.0),
        # Unpacked there is more than what was uploaded, and an upload may have grown.
        (2_000, 20, 10, 1.0),
    ],
)
def test_reading_and_storing_take_about_as_long(
    octets: int, stored: int, recipients: int, share: float
) -> None:
    progress = samples.ingest_progress(octets=octets, stored=stored, recipients=recipients)
    assert progress.share == share


def test_it_ends_as_it_went_so_far() -> None:
    after = timedelta(seconds=4)
    progress = samples.ingest_progress(octets=500, written_at=MORNING + after, lines=1_000)
    assert progress.ends_at == MORNING + 4 * after
    assert progress.lines_per_second == 250.0


def test_before_anything_was_done_nobody_can_tell() -> None:
    progress = samples.ingest_progress(octets=0, lines=0, written_at=MORNING)
    assert (progress.ends_at, progress.lines_per_second) == (None, 0.0)
    assert samples.ingest_progress(size=0, octets=0).share == 0.5
