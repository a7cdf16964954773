"""Channels: one account at one carrier, and the lease by which one bridge owns it (DESIGN 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import require

if TYPE_CHECKING:
    from datetime import datetime

LEASE: Final = timedelta(seconds=10)
RENEW_EVERY: Final = timedelta(seconds=3)
RATE_MAX: Final = 20_000.0
WINDOW_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Lease:
    owner: str
    epoch: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    host: str
    port: int
    server_name: str
    system_id: str
    # Name under which the secrets port keeps the bind password.
    secret: str
    rate: float
    window: int
    lease: Lease | None = None
    version: int = 0


def check_channel(channel: Channel) -> None:
    require(
        (0 < channel.rate <= RATE_MAX, "rate", f"must be above 0 and at most {RATE_MAX:.0f}"),
        (0 < channel.window <= WINDOW_MAX, "window", f"must be 1 to {WINDOW_MAX}"),
    )
