"""A personalised text over a list that is too long to be counted within a request (SPEC 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.usecases.surveying import AT_ONCE
from cli.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

ROWS = AT_ONCE + 1_000
FIRST = 447_400_000_000
TEXT = "Hello {{first name}}, it is done."


@pytest.fixture(scope="module")
def submitted(installation: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = "".join(f"{FIRST + row},{'Łukasz' if row == 7 else 'Anna'}\n" for row in range(1, ROWS))
    path: Path = tmp_path_factory.mktemp("review") / "personal.csv"
    path.write_text(f"phone,First Name\n{FIRST},\n{rows}", encoding="utf-8")
    recipients = installation.uploaded(path, None)
    assert recipients["columns"] == ["first name"]
    made = installation.author.create_campaign(
        {"name": "Review", "text": TEXT, "sender": installation.sender, "list": recipients["id"]}
    )
    campaign: str = installation.author.act(made["id"], "submit")["id"]
    return campaign


def test_its_review_is_counted_elsewhere(
    installation: Any, submitted: str, patiently: Callable[..., None]
) -> None:
    def complete() -> bool:
        spread = installation.moderator.review(submitted)["spread"]
        return bool(spread["progress"] == "complete")

    patiently(complete, "the texts are counted")
    review = installation.moderator.review(submitted)
    spread = review["spread"]
    assert (spread["recipients"], spread["counted"]) == (ROWS, ROWS)
    assert spread["by_parts"] == [{"parts": 1, "recipients": ROWS}]
    assert spread["by_encoding"] == {"gsm7": ROWS - 1, "ucs2": 1}
    assert spread["gaps"] == {"first name": 1}
    assert review["parts"] == ROWS
    texts = [sample["text"] for sample in review["samples"]]
    assert texts == [f"Hello {name}, it is done." for name in ("Łukasz", "", "Anna")]
    assert review["plan"]["final"]


def test_texts_that_cannot_be_sent_are_not_approved(
    installation: Any, submitted: str, patiently: Callable[..., None]
) -> None:
    long = {"text": "x" * 1_525 + "{{first name|}}"}
    installation.author.act(submitted, "withdraw")
    installation.author.edit_campaign(submitted, long)
    installation.author.act(submitted, "submit")

    def refused() -> bool:
        with pytest.raises(Refused) as caught:
            installation.moderator.decide(submitted, approve=True)
        assert "recipients" in str(caught.value) or "still being counted" in str(caught.value)
        return "for 1 of the recipients" in str(caught.value)

    patiently(refused, "it is told that a text is too long")
