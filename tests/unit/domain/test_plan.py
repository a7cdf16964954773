"""The plan's windows, and what of a campaign must not be sent without being able to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.content import InDoubt, Mode, Overrides, Tlv
from chalicelib.domain.plan import unsendable, windows
from chalicelib.domain.workspace import DailyLimit, DailyWindow, LimitUnit
from tests.fakes import samples
from tests.fakes.services import MORNING


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": Mode.SPREAD}, "mode spread"),
        ({"mode": Mode.TRIGGER}, "mode trigger"),
        ({"text": "Hello {{name}}"}, "merge fields"),
        ({"overrides": Overrides(validity=timedelta(hours=1))}, "a validity period"),
        ({"overrides": Overrides(tlvs=(Tlv(0x1400, b"1"),))}, "TLVs"),
        ({"in_doubt": InDoubt.RECONCILE}, "in-doubt policy reconcile"),
        ({"daily_window": DailyWindow(0, 60)}, "a daily window of its own"),
        ({"daily_limit": DailyLimit(1, LimitUnit.MESSAGES)}, "a daily limit of its own"),
    ],
)
def test_what_cannot_be_sent_is_named(changes: dict[str, object], named: str) -> None:
    assert unsendable(samples.content(**changes)) == (named,)


@pytest.mark.parametrize("mode", [Mode.ON_DEMAND, Mode.ON_TIME])
def test_plain_campaigns_can_be_sent(mode: Mode) -> None:
    content = samples.content(mode=mode, transliterate=True, overrides=Overrides(saddr="OTHER"))
    assert unsendable(content) == ()


def test_the_window_opens_at_the_start_and_never_in_the_past() -> None:
    later = MORNING + timedelta(hours=1)
    timed = samples.campaign(content=samples.content(mode=Mode.ON_TIME, start_at=later))
    assert [window.opens_at for window in windows(timed, MORNING)] == [later]
    after = later + timedelta(seconds=5)
    assert [window.opens_at for window in windows(timed, after)] == [after]
    assert [window.opens_at for window in windows(samples.campaign(), MORNING)] == [MORNING]
