"""moto with the tables of infra/data.yaml: taken from the template, so that they cannot drift."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import moto
import yaml

from chalicelib.adapters.aws import Clients
from chalicelib.adapters.dynamo.store import Store
from chalicelib.settings import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_dynamodb import DynamoDBClient

TEMPLATE = Path(__file__).parents[2] / "infra" / "data.yaml"
RESOURCES = {
    "directory": "DirectoryTable",
    "campaigns": "CampaignsTable",
    "delivery": "DeliveryTable",
    "audit": "AuditTable",
}
TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "StreamSpecification",
)
MACHINE = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": true}}}'
ROLE = "arn:aws:iam::123456789012:role/machine"


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (!Ref and its like) as the values they are given."""


def plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)


TemplateLoader.add_multi_constructor("!", plain)

TABLES = Tables(**{name: name for name in RESOURCES})


class Cloud:
    """What a test asks for is made then: most need nothing but the tables."""

    @property
    def clients(self) -> Clients:
        return clients()

    @cached_property
    def store(self) -> Store:
        for name, resource in RESOURCES.items():
            make_table(name, resource)
        return store()

    @cached_property
    def bucket(self) -> str:
        self.clients.s3().create_bucket(
            Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        return "bucket"

    @cached_property
    def data_key(self) -> str:
        return self.clients.kms().create_key()["KeyMetadata"]["KeyId"]

    @cached_property
    def state_machine(self) -> str:
        return self.clients.step_functions().create_state_machine(
            name="campaign", definition=MACHINE, roleArn=ROLE
        )["stateMachineArn"]


@contextmanager
def mocked_cloud() -> Iterator[Cloud]:
    with moto.mock_aws():
        yield Cloud()


@contextmanager
def noted_calls(store: Store) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every call to DynamoDB by its name, and what it asks for."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(model: Any, params: dict[str, Any], **_: object) -> None:
        calls.append((model.name, json.loads(params["body"])))

    events = store.connection.client.meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", note)


def make_table(name: str, resource: str, client: DynamoDBClient | None = None) -> None:
    properties = template()["Resources"][resource]["Properties"]
    wanted = {key: properties[key] for key in TABLE_PROPERTIES if key in properties}
    if "StreamSpecification" in wanted:
        wanted["StreamSpecification"] = {"StreamEnabled": True} | wanted["StreamSpecification"]
    (client or dynamodb()).create_table(TableName=name, **wanted)


# Making a client takes longer than most tests; what it talks to is made anew for each of them.
@cache
def clients() -> Clients:
    return Clients(path_style=False)


@cache
def store() -> Store:
    return Store(TABLES, wait=lambda _: None)


@cache
def dynamodb() -> DynamoDBClient:
    return boto3.client("dynamodb")


@cache
def template() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.load(TEMPLATE.read_text(), TemplateLoader))  # noqa: S506 - a SafeLoader
