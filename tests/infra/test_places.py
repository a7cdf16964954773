"""Where the local installation keeps its things: nobody else may look."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from localstack.places import Places

if TYPE_CHECKING:
    from pathlib import Path


def test_only_their_owner_may_read_what_opens_accounts_and_channels(tmp_path: Path) -> None:
    places = Places(tmp_path / "some" / "where")
    places.make()
    for folder in (places.state, places.mail, places.secrets, places.log, places.ministack):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_start_finds_its_mails(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    (places.mail / "first.eml").write_text("first")
    places.make()
    assert [mail.name for mail in places.mail.iterdir()] == ["first.eml"]
