"""Contents of campaigns as anybody might write them, for properties that hold for all of them."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from chalicelib.domain.content import (
    OUR_TAGS,
    TAG_MAX,
    TLV_BYTES_MAX,
    TLVS_MAX,
    VALIDITY_MAX,
    VALIDITY_MIN,
    Content,
    InDoubt,
    Mode,
    Overrides,
    Tlv,
)
from chalicelib.domain.sender import NPIS, TONS
from chalicelib.domain.workspace import DAY_MINUTES, LIMIT_MAX, DailyLimit, DailyWindow, LimitUnit
from tests.fakes.services import MORNING

ZONES: Final = ("UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")

ids = st.none() | st.text("abc_", min_size=1, max_size=8)
# Mostly near to now, so that times meet; and anywhere in the calendar.
instants = st.none() | st.one_of(
    st.integers(-48, 24 * 400).map(lambda hours: MORNING + timedelta(hours=hours)),
    st.datetimes(timezones=st.just(UTC)),
)
names = st.text("aB9 é中{}|", max_size=12)
pieces = st.one_of(
    st.text(max_size=8).map(lambda text: text.replace("{", "")),
    st.sampled_from(("{{name}}", "{{ Name |friend}}", "{{city|}}", "ä", "中" * 800, "x" * 1200)),
)
texts = st.lists(pieces, max_size=3).map("".join)
windows = st.none() | st.tuples(
    st.integers(0, DAY_MINUTES - 1), st.integers(1, DAY_MINUTES)
).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: DailyWindow(*pair))
limits = st.none() | st.builds(DailyLimit, st.integers(1, LIMIT_MAX), st.sampled_from(LimitUnit))
tons = st.none() | st.sampled_from(sorted(TONS))
npis = st.none() | st.sampled_from(sorted(NPIS))
tlvs = st.lists(
    st.builds(
        Tlv,
        st.integers(1, TAG_MAX).filter(lambda tag: tag not in OUR_TAGS),
        st.binary(max_size=TLV_BYTES_MAX),
    ),
    max_size=TLVS_MAX,
    unique_by=lambda tlv: tlv.tag,
).map(tuple)
overrides = st.builds(
    Overrides,
    saddr=st.none() | st.text("ABC", min_size=1, max_size=11),
    saddr_sender=ids,
    saddr_revision=st.none() | st.integers(1, 9),
    ston=tons,
    snpi=npis,
    dton=tons,
    dnpi=npis,
    validity=st.none() | st.timedeltas(VALIDITY_MIN, VALIDITY_MAX),
    tlvs=tlvs,
)
FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "mode": st.sampled_from(Mode),
    "name": names,
    "text": texts,
    "free_text": st.booleans(),
    "sender": ids,
    "revision": st.none() | st.integers(1, 9),
    "channel": ids,
    "list": ids,
    "start_at": instants,
    "date_from": instants,
    "date_to": instants,
    "deadline": instants,
    "time_zone": st.none() | st.sampled_from(ZONES),
    "daily_window": windows,
    "daily_limit": limits,
    "ignore_daily_window": st.booleans(),
    "auto_start": st.booleans(),
    "transliterate": st.booleans(),
    "in_doubt": st.sampled_from(InDoubt),
    "overrides": overrides,
}
contents: st.SearchStrategy[Content] = st.fixed_dictionaries(FIELDS).map(
    lambda written: Content(**written)
)
