"""All routes, in the order in which the OpenAPI document tells them."""

from __future__ import annotations

from typing import Final

from chalicelib.api import (
    audit,
    campaigns,
    credentials,
    description,
    entrance,
    erasures,
    list_recipients,
    lists,
    moderation,
    people,
    senders,
    suppressions,
    texts,
    workspaces,
)

BLUEPRINTS: Final = tuple(
    module.routes
    for module in (
        description,
        people,
        entrance,
        workspaces,
        credentials,
        senders,
        lists,
        suppressions,
        erasures,
        list_recipients,
        campaigns,
        moderation,
        texts,
        audit,
    )
)
