"""What the moderation queue's mark counts on (chalicelib/domain/moderation.py, rule 2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.moderation import CHANGE_MAX

if TYPE_CHECKING:
    from infra.fragments import Document


def test_no_request_outlives_the_time_for_which_its_change_is_believed(app: Document) -> None:
    longest = app["Resources"]["APIHandler"]["Properties"]["Timeout"]
    assert timedelta(seconds=longest) < CHANGE_MAX
