"""The bridge as a whole: an owner for every channel in the records, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chalicelib.usecases.ownership import Ownership
from smpp_bridge.channel import ChannelOwner
from smpp_bridge.dispatch.intents import Intents
from smpp_bridge.link import client_tls
from smpp_bridge.means import Means
from smpp_bridge.workers import Workers

if TYPE_CHECKING:
    from chalicelib.bootstrap import Bridge

# A new channel is found within this time.
LOOK_EVERY: Final = 5.0

log = logging.getLogger(__name__)


async def run(parts: Bridge, stopping: asyncio.Event) -> None:
    """Own what there is to own; once `stopping` is set, end everything in order and return."""
    means = means_of(parts)
    owners: dict[str, ChannelOwner] = {}
    try:
        async with asyncio.TaskGroup() as group:
            while not stopping.is_set():
                _, channels = await means.workers.attempt("list channels", parts.delivery.channels)
                for channel in channels or ():
                    if channel.id not in owners:
                        owners[channel.id] = ChannelOwner(means, channel.id)
                        group.create_task(owners[channel.id].run())
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await stopping.wait()
            log.info("stopping", extra={"channels": len(owners)})
            for owner in owners.values():
                owner.stop()
    finally:
        means.workers.close()
    log.info("stopped")


def means_of(parts: Bridge) -> Means:
    settings = parts.settings
    return Means(
        name=settings.name,
        ownership=Ownership(parts.delivery, parts.campaigns, parts.blobs),
        wishes=parts.wishes,
        secrets=parts.secrets,
        clock=parts.clock,
        ids=parts.ids,
        chance=parts.chance,
        tls=client_tls(settings.ca, settings.certificate, settings.private_key),
        workers=Workers(parts.chance),
        intents=Intents(),
    )
