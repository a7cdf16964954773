"""Examples for the OpenAPI document where those of single fields make no sense together, or where a
field has none of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

_ULID: Final = "01jqz7c3n2v6w8x9y0a1b2c3d4"
DIGEST: Final = "5f" * 32
TEXT: Final = "Hello {{name|friend}}, 20% off everything until Sunday."
# By the name of a schema.
WHOLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "AcceptInvitation": {
        "token": f"mci_wsp_{_ULID}.{_ULID}_Zk3…",
        "name": "Ann Author",
        "password": "another horse battery",  # nosec B105
    },
    "CampaignFields": {
        "mode": "on_time",
        "name": "Spring sale",
        "text": TEXT,
        "sender": f"snd_{_ULID}",
        "list": f"lst_{_ULID}",
        "start_at": "2026-12-01T09:00:00Z",
        "time_zone": "Europe/London",
        "daily_limit": {"count": 50_000, "unit": "segments"},
        "auto_start": True,
    },
    "Release": {"start_at": "2026-12-01T09:00:00Z"},
    "RestoreCampaign": {"author": f"usr_{_ULID}"},
    "Settings": {
        "time_zone": "Europe/London",
        "daily_window": {"opens": "08:00", "closes": "20:00"},
        "daily_limit": {"count": 50_000, "unit": "segments"},
        "retention": {"audit_days": 180},
        "permissions": {"exports:write": {"author": "none"}},
    },
}
# By the name of a field.
FIELDS: Final[Mapping[str, str]] = {
    "address": "ACME",
    "approval": "approved",
    "author": f"usr_{_ULID}",
    "channel": f"chn_{_ULID}",
    "closes": "20:00",
    "csrf": DIGEST,
    "digest": DIGEST,
    "list": f"lst_{_ULID}",
    "message_id": "3735928559",
    "name": "Spring sale",
    "number": "*******0001",
    "opens": "08:00",
    "role": "author",
    "sender": f"snd_{_ULID}",
    "status": "new",
    "text": TEXT,
    "time_zone": "Europe/London",
    "title": "Spring sale",
    "workspace": f"wsp_{_ULID}",
}
# An id is of what the schema is.
IDS: Final[Mapping[str, str]] = {
    "Campaign": "cmp",
    "CampaignLine": "cmp",
    "DeletedCampaign": "cmp",
    "Record": "aud",
    "Review": "cmp",
    "Sender": "snd",
    "ShownRecord": "aud",
}


_MOMENT: Final = "2026-03-01T09:00:00Z"


def example_of(schema: Json, resolved: Callable[[Json], Json], name: str = "") -> Any:  # noqa: ANN401 - any value of JSON
    """What a schema that says no example of its own looks like, in a field of this name."""
    if "examples" in schema:
        return schema["examples"][0]
    schema = resolved(schema)
    if schema.get("title") in WHOLE:
        return dict(WHOLE[schema["title"]])
    for said in ("const", "default"):
        if schema.get(said) is not None:
            return schema[said]
    if "enum" in schema:
        usual = FIELDS.get(name)
        return usual if usual in schema["enum"] else schema["enum"][0]
    if "anyOf" in schema:
        return example_of(_telling(schema["anyOf"]), resolved, name)
    return _of_type(schema, resolved, name)


def _telling(choices: list[Json]) -> Json:
    """Null where it may be, unless there is something to show."""
    telling = [choice for choice in choices if "examples" in choice]
    empty = [choice for choice in choices if choice.get("type") == "null"]
    return (telling or empty or choices)[0]


def _of_type(schema: Json, resolved: Callable[[Json], Json], name: str) -> Any:  # noqa: ANN401 - any value of JSON
    match schema.get("type"):
        case "object":
            return _of_object(schema, resolved)
        case "array":
            return [example_of(schema["items"], resolved, name)] if "items" in schema else []
        case "string":
            return _MOMENT if schema.get("format") == "date-time" else FIELDS.get(name, "…")
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
    return None


def _of_object(schema: Json, resolved: Callable[[Json], Json]) -> Json:
    fields = schema.get("properties", {})
    shown = {name: example_of(field, resolved, name) for name, field in fields.items()}
    if "id" in shown and schema["title"] in IDS:
        shown["id"] = f"{IDS[schema['title']]}_{_ULID}"
    return shown
