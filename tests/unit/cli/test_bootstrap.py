"""The first super admin: the use case on moto's tables, from the environment and from stacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError

from app import app
from chalicelib import bootstrap as composition
from chalicelib.adapters.dynamo.directory import DynamoDirectory
from chalicelib.adapters.dynamo.kinds import AUDIT
from chalicelib.adapters.kms import KmsDataKeys
from chalicelib.domain.errors import NotFound
from chalicelib.domain.rights import Role
from cli import bootstrap
from cli.errors import Exit
from cli.transport import Answer
from infra.stacks import DeployError
from tests.fakes.cloud import TABLES, mocked_cloud
from tests.fakes.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fakes.cloud import Cloud

EMAIL = "first@example.com"
MOTO_CALLER = "arn:aws:sts::123456789012:user/moto"
DENIED = "User: somebody is not authorized to perform: dynamodb:GetItem"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mocked_cloud() as cloud:
        _ = cloud.store
        yield cloud


@pytest.fixture
def settings(cloud: Cloud) -> dict[str, str]:
    """What names this installation."""
    return {
        "MC_DIRECTORY_TABLE": TABLES.directory,
        "MC_CAMPAIGNS_TABLE": TABLES.campaigns,
        "MC_DELIVERY_TABLE": TABLES.delivery,
        "MC_AUDIT_TABLE": TABLES.audit,
        "MC_DATA_KEY": cloud.data_key,
        **dict.fromkeys(
            (
                "MC_UPLOADS_BUCKET",
                "MC_DATA_BUCKET",
                "MC_AUDIT_KEY",
                "MC_STATE_MACHINE",
                "MC_UPLOAD_QUEUE",
                "MC_MAIL_QUEUE",
                "MC_SURVEY_QUEUE",
            ),
            "unused",
        ),
    }


@pytest.fixture
def configured(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


class Stacks:
    """What CloudFormation would answer: outputs by stack, and which regions were asked."""

    def __init__(self, cloud: Cloud) -> None:
        self.regions: list[str] = []
        self.failure: Exception | None = None
        unused = (
            "RestAPIId StateMachine FolderFunction SealerFunction MailerFunction SweepFunction "
            "DeliveryStream AuditStream UploadsBucket DataBucket AuditKey UploadsQueue "
            "UploadsQueueUrl MailsQueueUrl SurveyorFunction SurveysQueueUrl"
        )
        self.outputs: dict[str, dict[str, str]] = {
            "message-center-data": {
                **dict.fromkeys(unused.split(), "unused"),
                "DirectoryTable": TABLES.directory,
                "CampaignsTable": TABLES.campaigns,
                "DeliveryTable": TABLES.delivery,
                "AuditTable": TABLES.audit,
                "DataKey": cloud.data_key,
            },
            "message-center-app": {"EndpointURL": "https://abc.execute-api.example/api/"},
        }

    def of(self, cloudformation: Any, name: str) -> dict[str, str]:
        self.regions.append(cloudformation.meta.region_name)
        if self.failure is not None:
            raise self.failure
        if name not in self.outputs:
            raise DeployError(f"{name}: there is no such stack")
        return self.outputs[name]


@pytest.fixture
def stacks(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Stacks:
    made = Stacks(cloud)
    monkeypatch.setattr(bootstrap, "outputs_of", made.of)
    return made


class ThroughGateway:
    """`mc`'s requests to the API itself."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        event = Gateway(app).event(
            method, urlsplit(url).path, raw=(body or b"").decode(), headers=dict(headers)
        )
        answer = Gateway(app).send(event)
        return Answer(answer.status, json.dumps(answer.body).encode())


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


# --- what it makes ---


@pytest.mark.usefixtures("configured")
def test_the_first_invitation_opens_with_the_token_that_is_shown(stranger: Any, cloud: Any) -> None:
    before = datetime.now(UTC)
    assert stranger("bootstrap", "--email", f" {EMAIL.title()}", "--json") == Exit.OK
    shown = stranger.json
    invitation = DynamoDirectory(cloud.store).invitation("master", shown["id"])
    assert invitation.opens_with(shown["token"], datetime.now(UTC))
    assert (invitation.email, invitation.role) == (EMAIL, Role.SUPER_ADMIN)
    assert datetime.fromisoformat(shown["expires_at"]) == invitation.expires_at
    assert invitation.expires_at >= before + timedelta(days=6)


@pytest.mark.usefixtures("configured")
def test_people_read_token_expiry_and_next_step(stranger: Any) -> None:
    assert stranger("bootstrap", "--email", EMAIL) == Exit.OK
    lines = {line.split()[0]: line for line in stranger.out.splitlines() if line}
    assert lines["token"].split()[1].startswith("mci_master.")
    assert "until 2" in lines["holds"]
    assert "mc accept --url https://" in lines["next"]
    assert "password" not in stranger.out


@pytest.mark.usefixtures("configured")
def test_from_nothing_to_a_workspace_through_the_api(
    stranger: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    stranger("bootstrap", "--email", EMAIL, "--json")
    token = tmp_path / "token"
    token.write_text(stranger.json["token"] + "\n", encoding="utf-8")
    password = tmp_path / "password"
    password.write_text("correct horse battery\n", encoding="utf-8")
    api = composition.api.__wrapped__()
    monkeypatch.setattr(composition, "api", lambda: api)
    monkeypatch.setattr("chalicelib.adapters.errands.SqsErrands.post", lambda *_: None)
    stranger.api = ThroughGateway()
    given = ("--password-file", str(password))
    accepted = stranger("accept", "--token-file", str(token), "--name", "Ada", *given)
    assert (accepted, stranger.remarks) == (Exit.OK, "")
    assert stranger("sign-in", "--email", EMAIL, *given) == Exit.OK
    assert "in workspace master" in stranger.out
    new = ("--name", "Shop", "--time-zone", "Europe/Rome", "--admin-email", "admin@example.com")
    assert stranger("workspace", "create", *new) == Exit.OK
    assert stranger("members", "--json") == Exit.OK
    assert [item["email"] for item in stranger.json["items"]] == [EMAIL]
    assert stranger("invite", "--email", "next@example.com", "--role", "super_admin") == Exit.OK
    assert stranger("bootstrap", "--email", "other@example.com") == Exit.REFUSED
    assert "--recover" in stranger.remarks
    assert stranger("bootstrap", "--email", "other@example.com", "--recover") == Exit.OK


@pytest.mark.usefixtures("configured")
def test_the_audit_log_names_the_operator(stranger: Any, cloud: Any) -> None:
    stranger("bootstrap", "--email", EMAIL, "--json")
    records = {record.action: record for record in cloud.store.of(AUDIT).all("master")}
    assert set(records) == {"workspace.created", "super_admin.invited"}
    for record in records.values():
        assert record.actor.user == MOTO_CALLER
        assert (record.actor.role, record.actor.agent) == ("system", "mc bootstrap")
    assert records["super_admin.invited"].object == stranger.json["id"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "failure", [refused("AccessDenied", DENIED), ConnectTimeoutError(endpoint_url="https://sts")]
)
def test_an_operator_whom_aws_does_not_name_is_one_all_the_same(
    stranger: Any, cloud: Any, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    client: Any = Session.client

    def without_sts(session: Any, service: str, **more: Any) -> Any:
        made = client(session, service, **more)
        if service == "sts":
            made.get_caller_identity = raising(failure)
        return made

    monkeypatch.setattr(Session, "client", without_sts)
    assert stranger("bootstrap", "--email", EMAIL) == Exit.OK
    users = {record.actor.user for record in cloud.store.of(AUDIT).all("master")}
    assert users == {"operator"}


# --- data keys ---


@pytest.mark.usefixtures("configured")
def test_data_keys_are_wrapped_anew_and_nothing_else_changes(stranger: Any, cloud: Any) -> None:
    stranger("bootstrap", "--email", EMAIL)
    directory, keys = DynamoDirectory(cloud.store), KmsDataKeys(cloud.clients, cloud.data_key)
    before = directory.workspace("master")
    assert stranger("rewrap-data-keys", "--json") == Exit.OK
    assert stranger.json == {"workspace": "master", "version": before.version + 1}
    after = directory.workspace("master")
    assert after.wrapped_data_key != before.wrapped_data_key
    assert after == replace(
        before, wrapped_data_key=after.wrapped_data_key, version=before.version + 1
    )
    key = keys.unwrap("master", after.wrapped_data_key)
    assert key == keys.unwrap("master", before.wrapped_data_key)
    record = cloud.store.of(AUDIT).all("master")[-1]
    assert (record.action, record.actor.user) == ("data_key.rewrapped", MOTO_CALLER)
    assert record.actor.agent == "mc rewrap-data-keys"
    assert stranger("rewrap-data-keys") == Exit.OK
    assert "Wrapped anew: 1 data keys" in stranger.out


@pytest.mark.usefixtures("configured")
def test_who_may_not_wrap_anew_is_told(
    stranger: Any, cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger("bootstrap", "--email", EMAIL)
    before = DynamoDirectory(cloud.store).workspace("master")
    monkeypatch.setattr(KmsDataKeys, "rewrap", raising(refused("AccessDeniedException", DENIED)))
    assert stranger("rewrap-data-keys") == Exit.REFUSED
    assert "lack a right" in stranger.remarks
    assert DynamoDirectory(cloud.store).workspace("master") == before


# --- where it does so ---


def test_without_settings_the_stacks_say_where(
    stranger: Any, stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tables are in eu-west-1: DynamoDB has to be asked there as well.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert stranger("bootstrap", "--email", EMAIL, "--region", "eu-west-1") == Exit.OK
    assert stacks.regions == ["eu-west-1", "eu-west-1"]
    assert "mc accept --url https://abc.execute-api.example/api " in stranger.out


@pytest.mark.usefixtures("stacks")
def test_settings_that_are_not_all_there_count_for_nothing(
    stranger: Any, cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MC_DIRECTORY_TABLE", "another")
    assert stranger("bootstrap", "--email", EMAIL, "--json") == Exit.OK
    made = DynamoDirectory(cloud.store).invitation("master", stranger.json["id"])
    assert made.email == EMAIL


@pytest.mark.usefixtures("configured")
def test_a_stack_that_is_named_stands_above_settings(stranger: Any, stacks: Stacks) -> None:
    stacks.outputs["mine"] = stacks.outputs.pop("message-center-data")
    assert stranger("bootstrap", "--email", EMAIL, "--data-stack", "mine") == Exit.OK
    assert len(stacks.regions) == 2
    assert stranger("bootstrap", "--email", EMAIL) == Exit.OK
    assert len(stacks.regions) == 2


@pytest.mark.usefixtures("stacks")
def test_the_environment_is_left_as_it_was(stranger: Any) -> None:
    before = dict(os.environ)
    stranger("bootstrap", "--email", EMAIL, "--region", "eu-west-1")
    assert dict(os.environ) == before


# --- what can be in the way ---


@pytest.mark.usefixtures("configured")
def test_a_bad_address_is_refused_before_anything_is_made(stranger: Any, cloud: Any) -> None:
    assert stranger("bootstrap", "--email", "nobody") == Exit.USAGE
    assert stranger.remarks == "email: give a mail address\n"
    with pytest.raises(NotFound):
        DynamoDirectory(cloud.store).workspace("master")


def test_a_stack_that_is_not_there_is_named_with_its_region(stranger: Any, stacks: Stacks) -> None:
    del stacks.outputs["message-center-app"]
    assert stranger("bootstrap", "--email", EMAIL) == Exit.USAGE
    assert "message-center-app: there is no such stack in eu-west-1" in stranger.remarks
    assert "--app-stack" in stranger.remarks


def test_an_output_that_is_not_there_is_named(stranger: Any, stacks: Stacks) -> None:
    del stacks.outputs["message-center-data"]["DataKey"]
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert "no output DataKey" in stranger.remarks


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (NoCredentialsError(), "There are no AWS credentials"),
        (refused("AccessDenied", DENIED), "lack a right (docs/deploy.md has all): " + DENIED),
        (refused("ExpiredToken", "It is over."), "sign in to AWS again. (It is over.)"),
        (refused("Throttling", "Slowly."), "AWS refused"),
        (ConnectTimeoutError(endpoint_url="https://x.example"), "https://x.example"),
    ],
)
def test_what_aws_has_against_it_is_said(
    stranger: Any, stacks: Stacks, failure: Exception, said: str
) -> None:
    stacks.failure = failure
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert said in stranger.remarks


@pytest.mark.usefixtures("configured")
def test_credentials_that_are_missing_are_named_by_dynamodb_too(
    stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert "There are no AWS credentials" in stranger.remarks


@pytest.mark.usefixtures("configured")
def test_a_table_that_is_not_there_is_named(stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MC_DIRECTORY_TABLE", "another")
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert "another" in stranger.remarks


@pytest.mark.usefixtures("configured")
def test_a_right_on_a_table_that_is_missing_is_named(
    stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = refused("AccessDeniedException", DENIED)
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", raising(denied))
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert DENIED in stranger.remarks


@pytest.mark.usefixtures("configured")
def test_a_setting_that_makes_no_sense_is_named(
    stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_MAX_BYTES", "much")
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert "UPLOAD_MAX_BYTES" in stranger.remarks


def test_without_a_region_the_option_is_named(
    stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert stranger("bootstrap", "--email", EMAIL) == Exit.REFUSED
    assert "--region" in stranger.remarks


def test_no_other_command_loads_the_sdk() -> None:
    program = "import cli.__main__, sys; print(sorted({'boto3', 'pynamodb'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout.strip() == b"[]"
