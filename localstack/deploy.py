"""Deploys a build by CloudFormation: into ministack, LocalStack or AWS, all the same way.

Only the endpoint differs. What `aws cloudformation package` would do (put the zips on S3 and write
their place into the template) is done here, keyed by content, so an unchanged build makes an empty
change set.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from localstack_client.session import Session as LocalSession

from infra import fragments
from infra.stacks import DeployError, deploy_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client

DATA_STACK = "message-center-data"
APP_STACK = "message-center-app"
STAGE = "api"
# Emulators take any credentials; the key is also the account that they answer for.
LOCAL_ACCOUNT = "000000000000"
LOCAL_SECRET = "any"  # noqa: S105 # nosec B105 - no secret: emulators do not look at it
_MAPPING_SETTINGS = (
    "EventSourceArn",
    "StartingPosition",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "ParallelizationFactor",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "FunctionResponseTypes",
    "FilterCriteria",
    "DestinationConfig",
)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where everything is, once both stacks stand."""

    api_id: str
    api_url: str
    state_machine: str
    folder_function: str
    sealer_function: str
    mailer_function: str
    surveyor_function: str
    sweep_function: str
    directory_table: str
    campaigns_table: str
    delivery_table: str
    delivery_stream: str
    audit_table: str
    audit_stream: str
    uploads_bucket: str
    data_bucket: str
    data_key: str
    audit_key: str
    uploads_queue: str
    uploads_queue_url: str
    mail_queue: str
    survey_queue: str

    def environment(self) -> dict[str, str]:
        """The settings of a process of ours outside Lambda, such as the bridge."""
        return {
            "MC_DIRECTORY_TABLE": self.directory_table,
            "MC_CAMPAIGNS_TABLE": self.campaigns_table,
            "MC_DELIVERY_TABLE": self.delivery_table,
            "MC_AUDIT_TABLE": self.audit_table,
            "MC_UPLOADS_BUCKET": self.uploads_bucket,
            "MC_DATA_BUCKET": self.data_bucket,
            "MC_DATA_KEY": self.data_key,
            "MC_AUDIT_KEY": self.audit_key,
            "MC_STATE_MACHINE": self.state_machine,
            "MC_UPLOAD_QUEUE": self.uploads_queue_url,
            "MC_MAIL_QUEUE": self.mail_queue,
            "MC_SURVEY_QUEUE": self.survey_queue,
        }


@dataclass(frozen=True, slots=True)
class Clients:
    cloudformation: CloudFormationClient
    dynamodb: DynamoDBClient
    functions: LambdaClient
    s3: S3Client
    account: str


def connect(endpoint: str | None, region: str) -> Clients:
    """AWS itself without an endpoint, else the emulator that answers there."""
    session: Any = boto3.session.Session(region_name=region)
    if endpoint is not None:
        session = _local_session(endpoint, region)
    s3 = session.client("s3")
    if endpoint is not None and s3.meta.endpoint_url != endpoint:
        # localstack-client prefers AWS_ENDPOINT_URL: never write to a server that nobody asked for.
        message = f"AWS_ENDPOINT_URL is {s3.meta.endpoint_url}, not {endpoint}: unset it"
        raise DeployError(message)
    return Clients(
        cloudformation=session.client("cloudformation"),
        dynamodb=session.client("dynamodb"),
        functions=session.client("lambda"),
        s3=s3,
        account=session.client("sts").get_caller_identity()["Account"],
    )


def _local_session(endpoint: str, region: str) -> Any:  # noqa: ANN401 - it has no types
    return LocalSession(
        aws_access_key_id=LOCAL_ACCOUNT,
        aws_secret_access_key=LOCAL_SECRET,
        region_name=region,
        localstack_host=urlsplit(endpoint).netloc,
    )


# --- artifacts ---


def artifacts_bucket(clients: Clients, region: str) -> str:
    name = f"message-center-artifacts-{clients.account}-{region}"
    try:
        # The name can be guessed: a bucket of somebody else is not to be written to.
        clients.s3.head_bucket(Bucket=name, ExpectedBucketOwner=clients.account)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
    else:
        return name
    if region == "us-east-1":
        # The one region that must not be named.
        clients.s3.create_bucket(Bucket=name)
    else:
        place: Any = {"LocationConstraint": region}
        clients.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    clients.s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    return name


def upload(s3: S3Client, bucket: str, name: str, content: bytes) -> str:
    """Put `content` there unless it is there; the key is its hash, so equal builds share it."""
    key = f"{hashlib.sha256(content).hexdigest()[:32]}/{name}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return key


def code_places(template: fragments.Document) -> set[str]:
    """The zips that a template names."""
    code = (each.get("Properties", {}).get("CodeUri") for each in template["Resources"].values())
    return {name for name in code if isinstance(name, str)}


def with_code(
    template: fragments.Document, bucket: str, keys: Mapping[str, str]
) -> fragments.Document:
    """The template with the place on S3 for each zip that it names."""
    resources = dict(template["Resources"])
    for name, resource in resources.items():
        key = keys.get(resource.get("Properties", {}).get("CodeUri"))
        if key is not None:
            place = {"Properties": {"CodeUri": {"Bucket": bucket, "Key": key}}}
            resources[name] = fragments.merge(resource, place)
    return template | {"Resources": resources}


# --- all of it ---


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator says; the templates explain it. All else follows from the build."""

    origin: str
    alarm_topic: str = ""
    mail_from: str = ""
    mailbox: str = ""

    def parameters(self) -> dict[str, str]:
        return {
            "ConsoleOrigin": self.origin,
            "AlarmTopic": self.alarm_topic,
            "MailFrom": self.mail_from,
            "MailboxDir": self.mailbox,
        }


def deploy(endpoint: str | None, region: str, build: Path, choices: Choices) -> Outputs:
    """Deploy a build (infra.package wrote it): first what is kept, then what runs.

    On ministack, `renew_stream_mappings` follows.
    """
    clients = connect(endpoint, region)
    bucket = artifacts_bucket(clients, region)
    place = f"{clients.s3.meta.endpoint_url}/{bucket}"
    kept = json.loads((build / "data.json").read_text(encoding="utf-8"))
    given = choices.parameters()
    data = deploy_stack(
        clients.cloudformation,
        DATA_STACK,
        f"{place}/{upload(clients.s3, bucket, 'data.json', (build / 'data.json').read_bytes())}",
        taken(kept, given),
    )
    let_expire(clients.dynamodb, kept, data)
    template = json.loads((build / "template.json").read_text(encoding="utf-8"))
    keys = {
        name: upload(clients.s3, bucket, name, (build / name).read_bytes())
        for name in code_places(template)
    }
    runs = fragments.dump(with_code(template, bucket, keys)).encode()
    app = deploy_stack(
        clients.cloudformation,
        APP_STACK,
        f"{place}/{upload(clients.s3, bucket, 'template.json', runs)}",
        taken(template, given | data),
    )
    return outputs(endpoint, data | app)


def taken(template: fragments.Document, values: Mapping[str, str]) -> dict[str, str]:
    """What a template takes of them: CloudFormation refuses what it does not know."""
    return {name: value for name, value in values.items() if name in template["Parameters"]}


def let_expire(
    dynamodb: DynamoDBClient, template: fragments.Document, made: Mapping[str, str]
) -> None:
    """Turn on the tables' expiry where it is off: ministack leaves it out of a template.

    `made` has each table's name under its name in the template.
    """
    for name, resource in template["Resources"].items():
        expiry = resource["Properties"].get("TimeToLiveSpecification")
        if expiry is None:
            continue
        state = dynamodb.describe_time_to_live(TableName=made[name])["TimeToLiveDescription"]
        if state.get("TimeToLiveStatus") == "DISABLED":
            dynamodb.update_time_to_live(TableName=made[name], TimeToLiveSpecification=expiry)


def outputs(endpoint: str | None, values: Mapping[str, str]) -> Outputs:
    api = values["RestAPIId"]
    url = values["EndpointURL"].rstrip("/")
    if endpoint is not None:
        url = f"{endpoint}/restapis/{api}/{STAGE}/_user_request_"
    return Outputs(
        api_id=api,
        api_url=url,
        state_machine=values["StateMachine"],
        folder_function=values["FolderFunction"],
        sealer_function=values["SealerFunction"],
        mailer_function=values["MailerFunction"],
        surveyor_function=values["SurveyorFunction"],
        sweep_function=values["SweepFunction"],
        directory_table=values["DirectoryTable"],
        campaigns_table=values["CampaignsTable"],
        delivery_table=values["DeliveryTable"],
        delivery_stream=values["DeliveryStream"],
        audit_table=values["AuditTable"],
        audit_stream=values["AuditStream"],
        uploads_bucket=values["UploadsBucket"],
        data_bucket=values["DataBucket"],
        data_key=values["DataKey"],
        audit_key=values["AuditKey"],
        uploads_queue=values["UploadsQueue"],
        uploads_queue_url=values["UploadsQueueUrl"],
        mail_queue=values["MailsQueueUrl"],
        survey_queue=values["SurveysQueueUrl"],
    )


def renew_stream_mappings(endpoint: str, region: str, function: str) -> int:
    """Make a function's stream mappings anew: needed at each start of ministack, before any write.

    It keeps a mapping's position over a restart but not the stream's records, so the mapping would
    wait for as many new ones as there were old ones. Elsewhere this is not needed.
    """
    functions: Any = connect(endpoint, region).functions
    known = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    rings = [each for each in known if "/stream/" in each["EventSourceArn"]]
    for each in rings:
        functions.delete_event_source_mapping(UUID=each["UUID"])
    # An update of the stack may have made a second one beside ours: one a stream is enough.
    streams = {each["EventSourceArn"]: each for each in rings}
    for each in streams.values():
        settings = {name: each[name] for name in _MAPPING_SETTINGS if name in each}
        functions.create_event_source_mapping(FunctionName=function, **settings)
    return len(streams)


def sweep_now(endpoint: str, region: str, function: str) -> None:
    """Find at once, and not within a minute, what rang while nobody listened."""
    connect(endpoint, region).functions.invoke(FunctionName=function, InvocationType="Event")


def ease_iam(endpoint: str, region: str, made: Outputs) -> None:
    """Allow what ministack judges otherwise than AWS where it enforces IAM; for tests of our roles.

    It is reached without TLS, which the buckets refuse; and it asks for a right to call back any
    state machine, since it cannot tell from a token which one is meant, where AWS asks for ours.
    """
    session: Any = _local_session(endpoint, region)
    for bucket in (made.uploads_bucket, made.data_bucket):
        session.client("s3").delete_bucket_policy(Bucket=bucket)
    call_back = {"Effect": "Allow", "Action": "states:SendTask*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [call_back]})
    iam = session.client("iam")
    stack = session.client("cloudformation").describe_stack_resources(StackName=APP_STACK)
    for resource in stack["StackResources"]:
        if resource["LogicalResourceId"] in {"FolderRole", "SweepRole", "OpenWindowRole"}:
            role = resource["PhysicalResourceId"]
            iam.put_role_policy(RoleName=role, PolicyName="emulator", PolicyDocument=policy)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m localstack.deploy", description="Deploy a build that infra.package wrote."
    )
    parser.add_argument(
        "--build", type=Path, required=True, help="folder with the templates and zips"
    )
    parser.add_argument("--origin", required=True, help="origin of the console, for uploads")
    parser.add_argument("--endpoint", help="an emulator's address; AWS without it")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--alarm-topic", default="", help="ARN of an SNS topic for alarms")
    parser.add_argument("--mail-from", default="", help="address that mails come from, through SES")
    parser.add_argument("--mailbox", default="", help="folder for mails, instead: emulators only")
    options = parser.parse_args(arguments)
    try:
        made = deploy(
            options.endpoint,
            options.region,
            options.build,
            Choices(options.origin, options.alarm_topic, options.mail_from, options.mailbox),
        )
    except DeployError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(made), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
