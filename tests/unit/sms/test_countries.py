from __future__ import annotations

from phonenumbers import SUPPORTED_REGIONS

from chalicelib.sms.countries import COUNTRIES


def test_the_copy_is_current() -> None:
    assert COUNTRIES == SUPPORTED_REGIONS
