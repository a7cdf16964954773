"""Stops and kills in the middle of a campaign (DESIGN 5): nobody is lost, nobody is sent twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from localstack import demo
from localstack.stack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

NUMBERS = 1000
SOME = 150


def all_submitted(installation: Any, text: str) -> Callable[[], bool]:
    return lambda: len({each.destination for each in installation.submitted(text)}) == NUMBERS


def test_a_stop_in_the_middle_loses_and_repeats_nobody(
    installation: Any, patiently: Callable[..., None]
) -> None:
    text = "Stopped in the middle"
    campaign = installation.approved(text)
    patiently(lambda: len(installation.submitted(text)) >= SOME, "sending is under way")
    installation.stack.stop()
    assert len(installation.submitted(text)) < NUMBERS, "the stop came too late to test anything"
    installation.stack.start()
    assert not installation.stack.was_unclean
    patiently(all_submitted(installation, text), "the campaign carries on by itself")
    patiently(
        lambda: installation.settled(campaign["id"], text),
        "every answer and receipt is in the ledger, those given after the restart as well",
    )
    wire = Counter(each.destination for each in installation.submitted(text))
    assert (len(wire), set(wire.values())) == (NUMBERS, {1})
    installation.check_ledger(campaign["id"], text)


def test_after_a_kill_nothing_is_sent_until_a_person_says_so(
    installation: Any, patiently: Callable[..., None]
) -> None:
    stack, text = installation.stack, "Killed in the middle"
    campaign = installation.approved(text)
    patiently(lambda: len(installation.submitted(text)) >= SOME, "sending is under way")
    stack.stop()
    stack.start()
    os.kill(stack._ministack._process.pid, signal.SIGKILL)
    with pytest.raises(StackError, match="ministack has died"):
        patiently(lambda: bool(stack.tend()), "the death is noticed", 5.0)
    stack.stop()

    stack.start()
    assert stack.was_unclean
    assert campaign["id"] in {each["id"] for each in stack.held}
    held = installation.author.campaign(campaign["id"])
    assert (held["status"], held["pause_reason"]) == (
        "paused",
        "records may be older than the traffic",
    )
    before = len(installation.submitted(text))
    time.sleep(3)
    assert len(installation.submitted(text)) == before

    installation.author.act(campaign["id"], "resume")
    patiently(all_submitted(installation, text), "the released campaign carries on")
    wire = {each.destination for each in installation.submitted(text)}
    assert wire == {"1" + "".join(filter(str.isdigit, each)) for each in demo.numbers()}
