"""What pynamodb has to know of a table. All are alike: an index is asked for where it is."""

from __future__ import annotations

from typing import Any, Final

from chalicelib.adapters.dynamo import keys

# Index -> its hash and its range key, as in infra/data.yaml.
INDEXES: Final = {
    keys.BY_MEMBER: (keys.MEMBER, None),
    keys.BY_ADDRESS: ("pk", keys.FROM_ADDRESS),
    keys.BY_START: ("pk", keys.START_PLACE),
    keys.BY_SENDER: ("pk", keys.SENDER_PLACE),
}
STRINGS: Final = (
    "pk",
    "sk",
    keys.MEMBER,
    keys.FROM_ADDRESS,
    keys.START_PLACE,
    keys.SENDER_PLACE,
)


def shape(table: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in STRINGS],
        "GlobalSecondaryIndexes": [
            {"IndexName": name, "KeySchema": _schema(*place)} for name, place in INDEXES.items()
        ],
    }


def _schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    if range_key is not None:
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return schema
