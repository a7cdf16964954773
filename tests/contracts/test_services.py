"""Data keys, executions and secrets: each fake and its real adapter behave alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.adapters.kms import KmsDataKeys
from chalicelib.adapters.secrets import DirectorySecrets, ManagedSecrets
from chalicelib.adapters.stepfunctions import StepFunctionsExecutions, execution_arn
from chalicelib.domain.errors import Invalid, NotFound
from tests.fakes.cloud import mocked_cloud
from tests.fakes.services import FakeDataKeys, FakeExecutions, FakeSecrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalicelib.usecases.ports import DataKeys, Executions, Secrets
    from tests.fakes.cloud import Cloud


# --- data keys ---


@pytest.fixture
def data_keys(cloud: Cloud | None) -> DataKeys:
    return FakeDataKeys() if cloud is None else KmsDataKeys(cloud.clients, cloud.data_key)


def test_a_data_key_has_256_bits_and_stays_the_same(data_keys: DataKeys) -> None:
    wrapped = data_keys.create("wsp_a")

    key = data_keys.unwrap("wsp_a", wrapped)

    assert len(key) == 32
    assert key not in wrapped or isinstance(data_keys, FakeDataKeys)
    assert data_keys.unwrap("wsp_a", wrapped) == key


def test_every_data_key_is_another_one(data_keys: DataKeys) -> None:
    one, other = data_keys.create("wsp_a"), data_keys.create("wsp_a")

    assert data_keys.unwrap("wsp_a", one) != data_keys.unwrap("wsp_a", other)


def test_a_data_key_is_of_no_use_to_another_workspace(data_keys: DataKeys) -> None:
    wrapped = data_keys.create("wsp_a")
    data_keys.unwrap("wsp_a", wrapped)

    with pytest.raises(NotFound):
        data_keys.unwrap("wsp_b", wrapped)


def test_a_key_that_is_wrapped_anew_is_the_same_key(data_keys: DataKeys) -> None:
    wrapped = data_keys.create("wsp_a")

    again = data_keys.rewrap("wsp_a", wrapped)

    assert again != wrapped
    assert data_keys.unwrap("wsp_a", again) == data_keys.unwrap("wsp_a", wrapped)
    assert data_keys.unwrap("wsp_a", data_keys.rewrap("wsp_a", again)) == data_keys.unwrap(
        "wsp_a", wrapped
    )
    with pytest.raises(NotFound):
        data_keys.unwrap("wsp_b", again)


def test_another_workspaces_key_is_not_wrapped_anew(data_keys: DataKeys) -> None:
    wrapped = data_keys.create("wsp_a")

    with pytest.raises(NotFound):
        data_keys.rewrap("wsp_b", wrapped)


def test_kms_is_asked_once_for_a_key() -> None:
    with mocked_cloud() as cloud:
        data_keys = KmsDataKeys(cloud.clients, cloud.data_key)
        wrapped = data_keys.create("wsp_a")
        key = data_keys.unwrap("wsp_a", wrapped)

        # Stubbed, and with nothing laid out: any call would be an error.
        with Stubber(cloud.clients.kms()):
            assert data_keys.unwrap("wsp_a", wrapped) == key


# --- executions ---


@pytest.fixture
def executions(cloud: Cloud | None) -> Executions:
    if cloud is None:
        return FakeExecutions()
    return StepFunctionsExecutions(cloud.clients, cloud.state_machine)


def test_a_started_execution_runs_and_may_be_started_again(executions: Executions) -> None:
    executions.start("wsp_a", "cmp_a", 1)
    executions.start("wsp_a", "cmp_a", 1)

    assert executions.running("wsp_a", "cmp_a", 1)
    assert not executions.running("wsp_a", "cmp_a", 2)
    assert not executions.running("wsp_a", "cmp_b", 1)


def test_an_execution_that_ended_runs_no_more_and_stays_ended(
    executions: Executions, cloud: Cloud | None
) -> None:
    executions.start("wsp_a", "cmp_a", 1)
    if cloud is None:
        assert isinstance(executions, FakeExecutions)
        executions.end("wsp_a", "cmp_a", 1)
    else:
        cloud.clients.step_functions().stop_execution(
            executionArn=execution_arn(cloud.state_machine, "cmp_a-1")
        )

    executions.start("wsp_a", "cmp_a", 1)

    assert not executions.running("wsp_a", "cmp_a", 1)


@pytest.fixture
def answers() -> Iterator[tuple[StepFunctionsExecutions, Stubber]]:
    """moto takes any token, so the answers of Step Functions are laid out by hand."""
    with mocked_cloud() as cloud, Stubber(cloud.clients.step_functions()) as stubber:
        yield StepFunctionsExecutions(cloud.clients), stubber


def test_resuming_answers_the_token_with_an_empty_object(
    answers: tuple[StepFunctionsExecutions, Stubber],
) -> None:
    executions, stubber = answers
    stubber.add_response("send_task_success", {}, {"taskToken": "token", "output": "{}"})

    executions.resume("token")

    stubber.assert_no_pending_responses()


def test_a_failed_step_ends_its_execution(
    answers: tuple[StepFunctionsExecutions, Stubber],
) -> None:
    executions, stubber = answers
    stubber.add_response("send_task_failure", {}, {"taskToken": "token", "error": "Conflict"})

    executions.fail("token", "Conflict")

    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("gone", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_a_token_that_nobody_waits_for_is_ignored(
    answers: tuple[StepFunctionsExecutions, Stubber], gone: str
) -> None:
    executions, stubber = answers
    stubber.add_client_error("send_task_success", gone)
    stubber.add_client_error("send_task_failure", gone)

    executions.resume("token")
    executions.fail("token", "Conflict")

    stubber.assert_no_pending_responses()


def test_any_other_failure_to_resume_is_told(
    answers: tuple[StepFunctionsExecutions, Stubber],
) -> None:
    executions, stubber = answers
    stubber.add_client_error("send_task_success", "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        executions.resume("token")


# --- secrets ---


@pytest.fixture(params=["fake", "folder", "managed"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Secrets]:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "carrier-a").write_text("pass word\n")
    (tmp_path / "outside").write_text("not yours")
    if request.param == "fake":
        yield FakeSecrets({"carrier-a": "pass word"})
    elif request.param == "folder":
        yield DirectorySecrets(folder)
    else:
        with mocked_cloud() as cloud:
            client = boto3.client("secretsmanager")
            client.create_secret(Name="message-center/carrier-a", SecretString="pass word")
            client.create_secret(Name="outside", SecretString="not yours")
            yield ManagedSecrets(cloud.clients)


def test_a_secret_is_read(secrets: Secrets) -> None:
    assert secrets.get("carrier-a") == "pass word"


def test_a_secret_that_is_not_there_is_not_found(secrets: Secrets) -> None:
    with pytest.raises(NotFound, match="carrier-b"):
        secrets.get("carrier-b")
    with pytest.raises(NotFound):
        secrets.get("outside")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "..", ".", "", "a/b", "a\x00", "a\n"]
)
def test_a_name_that_leads_elsewhere_is_refused(secrets: Secrets, name: str) -> None:
    with pytest.raises(Invalid, match="secret"):
        secrets.get(name)
