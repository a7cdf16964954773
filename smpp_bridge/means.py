"""What all channels of one bridge share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smpp_bridge.dispatch.effects import Now

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from chalicelib.usecases.ownership import Ownership
    from chalicelib.usecases.ports import Clock, Ids, Secrets
    from chalicelib.usecases.wishes import Wishes
    from smpp_bridge.dispatch.intents import Intents
    from smpp_bridge.workers import Workers


@dataclass(frozen=True, slots=True)
class Means:
    """`name` is the owner's name in leases; `chance` gives 0 to 1."""

    name: str
    ownership: Ownership
    wishes: Wishes
    secrets: Secrets
    clock: Clock
    ids: Ids
    chance: Callable[[], float]
    tls: ssl.SSLContext
    workers: Workers
    intents: Intents

    def now(self) -> Now:
        return Now(time.monotonic(), int(self.clock.now().timestamp() * 1000))
