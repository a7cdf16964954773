"""Deploying: what is asked of CloudFormation, and what is made of its answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import ANY, Stubber

from infra import stacks
from infra.stacks import DeployError, deploy_stack
from localstack import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient

    from infra.fragments import Document

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
MISSING = "Stack with id stack does not exist"


class Script:
    """A CloudFormation client that gives the answers written down, in their order."""

    def __init__(self) -> None:
        self.client: CloudFormationClient = boto3.client("cloudformation")
        self.stubber = Stubber(self.client)

    def stack(self, status: str, **outputs: str) -> None:
        written = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        stack = {
            "StackName": "stack",
            "StackStatus": status,
            "CreationTime": WHEN,
            "Outputs": written,
        }
        self.stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "stack"})

    def no_stack(self) -> None:
        self.stubber.add_client_error(
            "describe_stacks", "ValidationError", MISSING, expected_params={"StackName": "stack"}
        )

    def change_set(self, kind: str, status: str, reason: str = "") -> None:
        asked = {
            "StackName": "stack",
            "ChangeSetName": ANY,
            "ChangeSetType": kind,
            "TemplateURL": "http://s3/template",
            "Parameters": [{"ParameterKey": "Table", "ParameterValue": "t"}],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        self.stubber.add_response("create_change_set", {}, asked)
        answer = {"Status": status, "StatusReason": reason}
        self.stubber.add_response("describe_change_set", answer)

    def executed(self) -> None:
        self.stubber.add_response("execute_change_set", {})

    def run(self) -> dict[str, str]:
        return deploy_stack(self.client, "stack", "http://s3/template", {"Table": "t"})


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    monkeypatch.setattr("infra.stacks.time.sleep", lambda _: None)
    made = Script()
    with made.stubber:
        yield made
        made.stubber.assert_no_pending_responses()


def test_a_new_stack_is_created(script: Script) -> None:
    script.no_stack()
    script.change_set("CREATE", "CREATE_COMPLETE")
    script.executed()
    script.stack("CREATE_IN_PROGRESS")
    script.stack("CREATE_COMPLETE")
    script.stack("CREATE_COMPLETE", Api="a")
    assert script.run() == {"Api": "a"}


def test_a_stack_is_updated(script: Script) -> None:
    script.stack("CREATE_COMPLETE")
    script.change_set("UPDATE", "CREATE_COMPLETE")
    script.executed()
    script.stack("UPDATE_COMPLETE")
    script.stack("UPDATE_COMPLETE", Api="b")
    assert script.run() == {"Api": "b"}


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_without_changes_nothing_is_executed(script: Script, reason: str) -> None:
    script.stack("UPDATE_COMPLETE")
    script.change_set("UPDATE", "FAILED", reason)
    script.stubber.add_response("delete_change_set", {})
    script.stack("UPDATE_COMPLETE", Api="b")
    assert script.run() == {"Api": "b"}


def test_a_refused_change_set_tells_its_reason(script: Script) -> None:
    script.stack("UPDATE_COMPLETE")
    script.change_set("UPDATE", "FAILED", "Circular dependency")
    with pytest.raises(DeployError, match="stack: Circular dependency"):
        script.run()


def test_a_failed_update_tells_what_failed(script: Script) -> None:
    script.stack("UPDATE_COMPLETE")
    script.change_set("UPDATE", "CREATE_COMPLETE")
    script.executed()
    script.stack("UPDATE_ROLLBACK_COMPLETE")
    event = {
        "StackId": "s",
        "EventId": "e",
        "StackName": "stack",
        "Timestamp": WHEN,
        "LogicalResourceId": "Ingest",
        "ResourceStatus": "UPDATE_FAILED",
        "ResourceStatusReason": "zip is too large",
    }
    fine = event | {"ResourceStatus": "UPDATE_COMPLETE", "ResourceStatusReason": "ok"}
    script.stubber.add_response("describe_stack_events", {"StackEvents": [fine, event]})
    with pytest.raises(DeployError) as raised:
        script.run()
    assert str(raised.value) == "stack: UPDATE_ROLLBACK_COMPLETE\n  Ingest: zip is too large"


def test_a_stack_whose_creation_failed_is_made_anew(script: Script) -> None:
    script.stack("ROLLBACK_COMPLETE")
    script.stubber.add_response("delete_stack", {}, {"StackName": "stack"})
    script.no_stack()
    script.change_set("CREATE", "CREATE_COMPLETE")
    script.executed()
    script.stack("CREATE_COMPLETE")
    script.stack("CREATE_COMPLETE")
    assert script.run() == {}


def test_waiting_has_an_end(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "DEPLOY_TIMEOUT", 0.0)
    with pytest.raises(DeployError, match="took more than 0 s"):
        script.run()


TEMPLATE: Document = {
    "Resources": {
        "Api": {"Type": "F", "Properties": {"CodeUri": "api.zip", "Timeout": 1}},
        "Role": {"Type": "R"},
    }
}


def test_code_is_looked_for_where_it_was_put() -> None:
    assert deploy.code_places(TEMPLATE) == {"api.zip"}
    placed = deploy.with_code(TEMPLATE, "bucket", {"api.zip": "0123/api.zip"})
    assert placed["Resources"] == {
        "Api": {
            "Type": "F",
            "Properties": {"CodeUri": {"Bucket": "bucket", "Key": "0123/api.zip"}, "Timeout": 1},
        },
        "Role": {"Type": "R"},
    }
    assert TEMPLATE["Resources"]["Api"]["Properties"]["CodeUri"] == "api.zip"


def test_another_endpoint_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """localstack-client would follow it, and we would write to a server nobody asked for."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DeployError, match=r"AWS_ENDPOINT_URL is http://127\.0\.0\.1:9"):
        deploy.connect("http://127.0.0.1:8", "us-east-1")


def test_on_aws_the_api_has_its_own_address() -> None:
    names = "StateMachine FolderFunction SealerFunction MailerFunction SweepFunction"
    names += " SurveyorFunction SurveysQueueUrl UploadsQueueUrl"
    names += " DirectoryTable CampaignsTable DeliveryTable DeliveryStream AuditTable AuditStream"
    names += " UploadsBucket DataBucket DataKey AuditKey UploadsQueue MailsQueueUrl"
    values = dict.fromkeys(names.split(), "x")
    values |= {"RestAPIId": "id", "EndpointURL": "https://id.execute-api.example/api/"}
    assert deploy.outputs(None, values).api_url == "https://id.execute-api.example/api"
    local = deploy.outputs("http://127.0.0.1:8", values).api_url
    assert local == "http://127.0.0.1:8/restapis/id/api/_user_request_"


def test_a_template_is_given_what_it_takes() -> None:
    template: Document = {"Parameters": {"Table": {}, "MailFrom": {}}}
    values = {"Table": "t", "MailFrom": "", "Other": "o"}
    assert deploy.taken(template, values) == {"Table": "t", "MailFrom": ""}


def test_every_choice_reaches_a_template(app: Document, data: Document) -> None:
    chosen = deploy.Choices("https://sms.example.com", "topic", "sms@example.com", "/mail")
    given = chosen.parameters()
    assert given == {
        "ConsoleOrigin": "https://sms.example.com",
        "AlarmTopic": "topic",
        "MailFrom": "sms@example.com",
        "MailboxDir": "/mail",
    }
    assert deploy.taken(data, given).keys() == {"ConsoleOrigin", "AlarmTopic"}
    assert deploy.taken(app, given) == given


# --- expiry ---

EXPIRY = {"AttributeName": "expires_at", "Enabled": True}
TABLES: Document = {
    "Resources": {
        "Short": {"Properties": {"TimeToLiveSpecification": EXPIRY}},
        "Kept": {"Properties": {}},
    }
}


@pytest.mark.parametrize("status", ["ENABLED", "ENABLING", "DISABLING"])
def test_expiry_is_left_alone_where_it_is_on_or_about_to_change(status: str) -> None:
    client: DynamoDBClient = boto3.client("dynamodb")
    with Stubber(client) as stub:
        stub.add_response(
            "describe_time_to_live",
            {"TimeToLiveDescription": {"TimeToLiveStatus": status}},
            {"TableName": "stack-Short"},
        )
        deploy.let_expire(client, TABLES, {"Short": "stack-Short", "Kept": "stack-Kept"})
        stub.assert_no_pending_responses()


def test_expiry_is_turned_on_where_it_is_off() -> None:
    client: DynamoDBClient = boto3.client("dynamodb")
    with Stubber(client) as stub:
        stub.add_response(
            "describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        )
        stub.add_response(
            "update_time_to_live",
            {"TimeToLiveSpecification": EXPIRY},
            {"TableName": "stack-Short", "TimeToLiveSpecification": EXPIRY},
        )
        deploy.let_expire(client, TABLES, {"Short": "stack-Short", "Kept": "stack-Kept"})
        stub.assert_no_pending_responses()


def test_whatever_expires_is_a_table_whose_name_is_an_output(data: Document) -> None:
    """Each is looked up by its name in the template."""
    expiring = {
        name
        for name, each in data["Resources"].items()
        if "TimeToLiveSpecification" in each["Properties"]
    }
    assert expiring
    for name in expiring:
        assert data["Outputs"][name]["Value"] == {"Ref": name}
