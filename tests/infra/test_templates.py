"""What the templates promise, and that the checks of `make check` can fail."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.api.errors import problem
from chalicelib.domain.errors import NotFound
from chalicelib.domain.recipient_list import UPLOAD_TIME
from chalicelib.settings import PURPOSES
from chalicelib.usecases.tending_uploads import QUIET, READING_TIME
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
    assert len(kept) == 8
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
    assert expiring == {"DirectoryTable", "CampaignsTable", "DeliveryTable", "AuditTable"}


def test_streams_say_what_changed_and_not_to_what(data: Document) -> None:
    views = {
        name: table["Properties"]["StreamSpecification"]["StreamViewType"]
        for name, table in resources(data, "AWS::DynamoDB::Table").items()
        if "StreamSpecification" in table["Properties"]
    }
    assert views == {"DeliveryTable": "KEYS_ONLY", "AuditTable": "KEYS_ONLY"}


def test_the_audit_key_signs_and_does_nothing_else(data: Document) -> None:
    key = data["Resources"]["AuditKey"]["Properties"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    aliases = resources(data, "AWS::KMS::Alias").values()
    assert {each["Properties"]["TargetKeyId"]["Ref"] for each in aliases} == {"DataKey", "AuditKey"}
    assert len({str(each["Properties"]["AliasName"]) for each in aliases}) == 2


def test_queues_are_encrypted(data: Document) -> None:
    queues = resources(data, "AWS::SQS::Queue")
    assert len(queues) == 8
    assert all(each["Properties"]["SqsManagedSseEnabled"] for each in queues.values())


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


def test_what_is_deleted_from_a_bucket_is_gone(data: Document) -> None:
    for bucket in resources(data, "AWS::S3::Bucket").values():
        properties = bucket["Properties"]
        assert "VersioningConfiguration" not in properties
        former = [
            rule["NoncurrentVersionExpiration"]
            for rule in properties["LifecycleConfiguration"]["Rules"]
            if "NoncurrentVersionExpiration" in rule
        ]
        assert former == [{"NoncurrentDays": 1}]


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


def test_the_sweep_keeps_the_times_of_what_it_looks_after(app: Document, data: Document) -> None:
    rules = data["Resources"]["UploadsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (days,) = (
        each["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for each in rules
        if "AbortIncompleteMultipartUpload" in each
    )
    assert timedelta(days=days) == UPLOAD_TIME
    (kept,) = (each["ExpirationInDays"] for each in rules if "ExpirationInDays" in each)
    assert timedelta(days=kept) > UPLOAD_TIME + READING_TIME
    assert timedelta(seconds=functions(app)["Ingest"]["Timeout"]) < QUIET


@pytest.mark.parametrize(
    ("function", "queue"), [("Ingest", "Uploads"), ("Mailer", "Mails"), ("Surveyor", "Surveys")]
)
def test_a_message_stays_hidden_while_it_is_worked_on(
    app: Document, data: Document, function: str, queue: str
) -> None:
    settings = data["Resources"][f"{queue}Queue"]["Properties"]
    assert settings["VisibilityTimeout"] >= 6 * functions(app)[function]["Timeout"]
    letters = settings["RedrivePolicy"]["deadLetterTargetArn"]
    assert letters == {"Fn::GetAtt": [f"{queue}DeadLetters", "Arn"]}


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
    only_here = {
        name: each["Properties"]["Environment"]["Variables"].keys()
        for name, each in resources(app, "AWS::Serverless::Function").items()
        if "Environment" in each["Properties"]
    }
    assert only_here == {
        "APIHandler": {"MC_STATE_MACHINE", "MC_AUDIT_KEY", "MC_MAIL_QUEUE", "MC_SURVEY_QUEUE"},
        "Sweep": {"MC_STATE_MACHINE", "MC_AUDIT_KEY", "MC_UPLOAD_QUEUE"},
        "Mailer": {"MC_MAIL_FROM", "MC_MAILBOX_DIR", "MC_CONSOLE_URL"},
    }
    assert everywhere == read - set().union(*only_here.values())


@pytest.mark.parametrize(
    ("sender", "fits"),
    [
        ("", True),
        ("sms@example.com", True),
        ("Message Center <sms@example.com>", False),
        ("sms@example.com,other@example.com", False),
        ("example.com", False),
        ("@example.com", False),
    ],
)
def test_the_sender_of_mails_is_one_bare_address(app: Document, sender: str, *, fits: bool) -> None:
    """The mailer's role is held to it by a comparison that knows no names."""
    pattern = app["Parameters"]["MailFrom"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, sender)) is fits


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
    sources = [event for event in events(app) if event["Type"] in {"SQS", "DynamoDB"}]
    assert len(sources) == 5
    for source in sources:
        assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("function", "stream"), [("Folder", "DeliveryStream"), ("Sealer", "AuditStream")]
)
def test_a_stream_rings_within_a_second_and_does_not_wait_for_ever(
    app: Document, function: str, stream: str
) -> None:
    (event,) = functions(app)[function]["Events"].values()
    settings = event["Properties"]
    assert settings["Stream"] == {"Ref": stream}
    assert settings["StartingPosition"] == "TRIM_HORIZON"
    assert settings["BisectBatchOnFunctionError"]
    assert settings["MaximumBatchingWindowInSeconds"] == 1
    assert 0 < settings["MaximumRetryAttempts"] <= 10
    assert 0 < settings["MaximumRecordAgeInSeconds"] <= 3600
    letters = settings["DestinationConfig"]["OnFailure"]["Destination"]
    assert letters == {"Ref": f"{function}DeadLetters"}


def test_the_sealer_sees_whatever_happens_to_the_audit_log(app: Document) -> None:
    (event,) = functions(app)["Sealer"]["Events"].values()
    assert "FilterCriteria" not in event["Properties"]


def test_each_sentinel_is_counted_where_it_is_logged(app: Document) -> None:
    groups: dict[str, set[str]] = {}
    for each in resources(app, "AWS::Logs::MetricFilter").values():
        filtered = each["Properties"]
        # Quotes within: bare brackets would be a pattern of columns.
        assert filtered["FilterPattern"].startswith('"[')
        assert filtered["FilterPattern"].endswith(']"')
        sentinel = filtered["FilterPattern"].strip('"')
        groups.setdefault(sentinel, set()).add(filtered["LogGroupName"]["Ref"])
    assert groups == {
        "[audit-fallback]": {"ApiLogs"},
        "[audit-fallback-overflow]": {"ApiLogs"},
        "[audit-tampered]": {"SealerLogs", "SweepLogs"},
    }


def test_each_sentinel_has_a_metric_of_its_own_and_an_alarm(app: Document) -> None:
    counted: dict[tuple[str, str], set[str]] = {}
    for each in resources(app, "AWS::Logs::MetricFilter").values():
        (metric,) = each["Properties"]["MetricTransformations"]
        assert metric["MetricValue"] == "1"
        name = str(metric["MetricNamespace"]), metric["MetricName"]
        counted.setdefault(name, set()).add(each["Properties"]["FilterPattern"])
    assert [len(patterns) for patterns in counted.values()] == [1, 1, 1]
    alarms = [each["Properties"] for each in resources(app, "AWS::CloudWatch::Alarm").values()]
    assert sorted(counted) == sorted(
        (str(alarm["Namespace"]), alarm["MetricName"]) for alarm in alarms
    )
    for alarm in alarms:
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["EvaluationPeriods"] == 1


def test_every_alarm_is_told(written: dict[Path, Document]) -> None:
    alarms = [
        alarm["Properties"]
        for template in written.values()
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values()
    ]
    assert len(alarms) == 8
    for alarm in alarms:
        told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
        assert alarm["AlarmActions"] == told
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["Period"] == 60


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
