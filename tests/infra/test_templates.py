"""What the templates promise, and that the checks of `make check` can fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.api.errors import problem
from chalicelib.domain.errors import NotFound
from chalicelib.settings import PURPOSES
from infra import validate
from infra.package import ROOT
from localstack import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.fragments import Document

KEPT = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"}


def resources(template: Document, kind: str) -> dict[str, Document]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def functions(template: Document) -> dict[str, Document]:
    """Their properties with the globals that apply to all."""
    common = template["Globals"]["Function"]
    return {
        name: common | each["Properties"]
        for name, each in resources(template, "AWS::Serverless::Function").items()
    }


# --- the checks ---


def test_nothing_is_found_in_what_is_deployed(written: dict[Path, Document]) -> None:
    assert list(validate.cfn_lint(list(written))) == []


def test_cfn_lint_finds_a_broken_template(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(
        '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"No": 1}}}}'
    )
    assert [finding for finding in validate.cfn_lint([broken]) if "E3002" in finding]


def test_every_handler_can_be_imported_from_its_zip(app: Document) -> None:
    named = validate.handlers(app)
    assert len(named) == len(functions(app))
    assert list(validate.unimportable(ROOT, named)) == []


def test_a_handler_that_is_not_there_is_found() -> None:
    named = {"functions.nowhere.handler": "functions.zip"}
    found = list(validate.unimportable(ROOT, named))
    assert found[0] == "functions.nowhere.handler: functions.zip has no functions/nowhere.py"
    assert "ModuleNotFoundError" in found[1]


def test_a_handler_in_another_zip_is_found() -> None:
    named = {"functions.sweep.handler": "ingest.zip"}
    assert "ingest.zip has no functions/sweep.py" in next(validate.unimportable(ROOT, named))


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("services: {a: {image: 'localstack/localstack:latest'}}", "no service has the image"),
        (
            f"services: {{a: {{image: '{validate.LOCALSTACK_IMAGE}'}}, b: {{image: redis}}}}",
            "pinned",
        ),
    ],
)
def test_an_image_that_is_not_pinned_is_found(tmp_path: Path, text: str, finding: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    assert finding in next(validate.compose(file))


def test_a_missing_compose_file_is_found(tmp_path: Path) -> None:
    assert "is missing" in next(validate.compose(tmp_path / "compose.yaml"))


# --- what is kept ---


def test_what_is_kept_survives_its_stack(data: Document) -> None:
    kept = [each for each in data["Resources"].values() if each["Type"] in KEPT]
    assert len(kept) == 7
    for each in kept:
        assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_tables_are_encrypted_recoverable_and_paid_by_use(data: Document) -> None:
    tables = resources(data, "AWS::DynamoDB::Table")
    assert len(tables) == 4
    for table in (each["Properties"] for each in tables.values()):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


def test_what_may_expire_does(data: Document) -> None:
    tables = resources(data, "AWS::DynamoDB::Table")
    expiring = {
        name
        for name, table in tables.items()
        if table["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName")
        == "expires_at"
    }
    assert expiring == {"DirectoryTable", "DeliveryTable", "AuditTable"}


def test_buckets_are_private_encrypted_and_only_over_tls(data: Document) -> None:
    buckets = resources(data, "AWS::S3::Bucket")
    guarded = {
        policy["Properties"]["Bucket"]["Ref"]
        for policy in resources(data, "AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    }
    assert guarded == buckets.keys()
    for bucket in (each["Properties"] for each in buckets.values()):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert rule["BucketKeyEnabled"]
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in each for each in rules)


def test_only_our_bucket_may_notify(data: Document) -> None:
    policy = data["Resources"]["UploadsQueuePolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    named = data["Resources"]["UploadsBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(f":::{named}")
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_each_dead_letter_queue_raises_an_alarm(data: Document) -> None:
    watched = {
        alarm["Properties"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in resources(data, "AWS::CloudWatch::Alarm").values()
    }
    queues = resources(data, "AWS::SQS::Queue")
    assert watched == {name for name in queues if name.endswith("DeadLetters")}


# --- what runs ---


def test_a_message_stays_hidden_while_it_is_ingested(app: Document, data: Document) -> None:
    queue = data["Resources"]["UploadsQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * functions(app)["Ingest"]["Timeout"]


def test_the_first_stack_gives_what_the_second_needs(app: Document, data: Document) -> None:
    needed = {name for name, each in app["Parameters"].items() if "Default" not in each}
    assert needed == data["Outputs"].keys()


def test_deploying_finds_all_the_outputs_it_names(app: Document, data: Document) -> None:
    values = dict.fromkeys(app["Outputs"].keys() | data["Outputs"].keys(), "x")
    assert deploy.outputs("http://127.0.0.1:1", values).api_url.startswith("http://127.0.0.1:1/")


def test_functions_get_the_settings_that_they_read(app: Document) -> None:
    bridges = {"MC_SECRETS_DIR", *(name for name in PURPOSES if name.startswith("MC_BRIDGE_"))}
    # The SDK reads it; the emulator sets it.
    read = PURPOSES.keys() - bridges - {"AWS_ENDPOINT_URL"}
    everywhere = app["Globals"]["Function"]["Environment"]["Variables"].keys()
    assert everywhere == read - {"MC_STATE_MACHINE"}
    starters = {
        name
        for name, each in resources(app, "AWS::Serverless::Function").items()
        if "MC_STATE_MACHINE" in each["Properties"].get("Environment", {}).get("Variables", {})
    }
    assert starters == {"APIHandler", "Sweep"}


def test_the_bridge_gets_the_same_settings(app: Document) -> None:
    names = app["Globals"]["Function"]["Environment"]["Variables"].keys()
    fields = deploy.Outputs.__dataclass_fields__
    given = deploy.Outputs(**dict.fromkeys(fields, "x")).environment()
    assert names - {"UPLOAD_MAX_BYTES"} <= given.keys()


def test_runtime_is_the_one_that_was_packed_for(app: Document) -> None:
    runtimes = {each["Runtime"] for each in functions(app).values()}
    assert len(runtimes) == 1
    assert re.fullmatch(r"python3\.\d+", runtimes.pop())


def test_every_function_logs_to_a_group_that_expires(app: Document) -> None:
    groups = resources(app, "AWS::Logs::LogGroup")
    for each in functions(app).values():
        group = groups[each["LoggingConfig"]["LogGroup"]["Ref"]]
        assert "RetentionInDays" in group["Properties"]


def test_consumers_report_each_failure_by_itself(app: Document) -> None:
    for kind in ("SQS", "DynamoDB"):
        (source,) = (event for event in events(app) if event["Type"] == kind)
        assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_stream_does_not_wait_for_ever(app: Document) -> None:
    (stream,) = (event["Properties"] for event in events(app) if event["Type"] == "DynamoDB")
    assert 0 < stream["MaximumRetryAttempts"] <= 10
    assert 0 < stream["MaximumRecordAgeInSeconds"] <= 3600
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Ref": "FolderDeadLetters"}


def events(app: Document) -> Iterator[dict[str, Any]]:
    for each in functions(app).values():
        yield from each.get("Events", {}).values()


# --- what API Gateway answers itself ---


def gateways_own(app: Document) -> dict[str, Document]:
    """The documents that callers get."""
    (api,) = resources(app, "AWS::Serverless::Api").values()
    return {
        name: json.loads(each["ResponseTemplates"]["application/json"])
        for name, each in api["Properties"]["GatewayResponses"].items()
    }


def test_what_api_gateway_answers_itself_looks_like_the_apis_own_problems(app: Document) -> None:
    own = gateways_own(app)
    request = "$context.requestId"
    assert own["MISSING_AUTHENTICATION_TOKEN"] == problem(NotFound("route"), request)
    unexpected = problem(Exception(), request)
    # The gateway answers with several; it does not tell its templates which.
    del unexpected["status"]
    assert own["DEFAULT_5XX"] == unexpected
    for document in own.values():
        assert document["type"].startswith("urn:message-center:problem:")
        assert document["request_id"] == request
