"""Least privilege is checked, and each rule can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import policies
from infra.policies import EXCEPTIONS, findings, is_named, statements, unused_exceptions

if TYPE_CHECKING:
    from pathlib import Path

    from infra.fragments import Document

TABLE = {
    "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}"
}


def template(**statement: Any) -> Document:
    policy = {
        "PolicyName": "p",
        "PolicyDocument": {"Statement": [{"Effect": "Allow", **statement}]},
    }
    return {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}},
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}},
            },
        }
    }


def test_what_is_deployed_allows_nothing_unnamed(written: dict[Path, Document]) -> None:
    assert [found for each in written.values() for found in findings(each)] == []
    assert list(unused_exceptions(list(written.values()))) == []


def holders(app: Document, action: str, resource: str) -> set[str]:
    """Who may do something to what has this in its name."""
    return {
        statement.holder
        for statement in statements(app)
        if action in statement.actions and resource in str(statement.resources)
    }


def test_the_audit_log_is_read_where_it_is_shown_and_sealed_alone(app: Document) -> None:
    assert holders(app, "dynamodb:Query", "${AuditTable}") == {"ApiRole", "SealerRole", "SweepRole"}
    assert holders(app, "dynamodb:GetItem", "${AuditTable}") == {"ApiRole"}


def test_who_writes_audit_records_may_ask_how_long_they_are_kept(app: Document) -> None:
    writers = holders(app, "dynamodb:PutItem", "${AuditTable}") - {"SealerRole"}
    assert writers >= {"ApiRole", "IngestRole", "Folding", "MailerRole", "FinishCampaignRole"}
    assert writers <= holders(app, "dynamodb:GetItem", "${DirectoryTable}")


def test_only_the_api_lists_campaigns_and_looks_addresses_up(app: Document) -> None:
    assert holders(app, "dynamodb:Query", "${CampaignsTable}/index/") == {"ApiRole"}
    # Suppressed numbers are read by their keys likewise, when one is erased.
    assert holders(app, "dynamodb:BatchGetItem", "${CampaignsTable}") == {"ApiRole", "SweepRole"}


def test_an_index_that_may_be_read_is_there(app: Document, data: Document) -> None:
    there = {
        f"{name}}}/index/{index['IndexName']}"
        for name, each in data["Resources"].items()
        for index in each["Properties"].get("GlobalSecondaryIndexes", [])
    }
    read = {
        str(resource["Fn::Sub"]).rpartition("${")[2]
        for statement in statements(app)
        for resource in statement.resources
        if "/index/" in str(resource)
    }
    assert read == there


def test_functions_take_lines_off_a_list_and_remove_no_campaign(app: Document) -> None:
    free: set[str] = set()
    bound: dict[str, object] = {}
    for statement in statements(app):
        if "dynamodb:DeleteItem" in statement.actions and "${CampaignsTable}" in str(
            statement.resources
        ):
            condition = statement.body.get("Condition")
            if condition is None:
                free.add(statement.holder)
            else:
                bound[statement.holder] = condition["ForAllValues:StringLike"]
    assert free == {"ApiRole", "SweepRole"}
    lines = {"dynamodb:LeadingKeys": ["*#LINE", "*#SHELF"]}
    machines = ("BuildCampaignRole", "OpenWindowRole", "FinishCampaignRole", "Folding")
    assert bound == {
        **dict.fromkeys(machines, lines),
        "IngestRole": {"dynamodb:LeadingKeys": ["*#PROGRESS", "master#UPLOAD"]},
    }


def test_only_the_api_makes_keys(app: Document) -> None:
    """An action of its own: the right to data keys in plain does not cover it."""
    assert holders(app, "kms:GenerateDataKeyWithoutPlaintext", "DataKey") == {"ApiRole"}


def test_what_runs_wraps_no_key_anew(app: Document) -> None:
    """That is for operators, by rights of their own (docs/deploy.md)."""
    for action in ("kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:Encrypt"):
        assert holders(app, action, "") == set()


def test_the_ingest_reads_chunks_back_and_deletes_none(app: Document) -> None:
    assert "IngestRole" in holders(app, "s3:GetObject", "${DataBucket}/lists/*")
    assert "IngestRole" in holders(app, "s3:ListBucket", "DataBucket")
    assert "IngestRole" not in holders(app, "s3:DeleteObject", "")


def test_only_the_api_and_the_sweep_sign(app: Document) -> None:
    assert holders(app, "kms:Sign", "AuditKey") == {"ApiRole", "SweepRole"}
    assert holders(app, "s3:PutObject", "/audit-checkpoints/*") == {"ApiRole", "SweepRole"}


def test_the_api_keeps_in_the_fallback_store_and_the_sweep_takes_out(app: Document) -> None:
    assert holders(app, "s3:PutObject", "/audit-fallback/*") == {"ApiRole"}
    assert holders(app, "s3:DeleteObject", "/audit-fallback/*") == {"SweepRole"}
    # Free places are found by listing, and the bucket is encrypted. The sweep has both by the
    # managed policy that it shares with the folder.
    shared = app["Resources"]["SweepRole"]["Properties"]["ManagedPolicyArns"]
    assert shared == [{"Ref": "Folding"}]
    for action, resource in (("s3:ListBucket", "DataBucket"), ("kms:GenerateDataKey", "DataKey")):
        assert {"ApiRole", "Folding"} <= holders(app, action, resource)


def test_sentinels_are_counted_for_all_who_keep_in_the_fallback_store(app: Document) -> None:
    counted = {
        each["Properties"]["LogGroupName"]["Ref"]
        for each in app["Resources"].values()
        if each["Type"] == "AWS::Logs::MetricFilter" and "fallback" in str(each["Properties"])
    }
    keeping = holders(app, "s3:PutObject", "/audit-fallback/*")
    assert counted == {role.replace("Role", "Logs") for role in keeping}


def test_only_the_api_asks_for_mails_and_only_the_mailer_takes_them(app: Document) -> None:
    assert holders(app, "sqs:SendMessage", "MailsQueue") == {"ApiRole"}
    assert holders(app, "sqs:ReceiveMessage", "MailsQueue") == {"MailerRole"}


def test_only_the_api_asks_for_surveys_and_only_the_surveyor_makes_them(app: Document) -> None:
    assert holders(app, "sqs:SendMessage", "SurveysQueue") == {"ApiRole"}
    assert holders(app, "sqs:ReceiveMessage", "SurveysQueue") == {"SurveyorRole"}


def test_only_the_sweep_asks_for_lists_again_and_only_the_ingest_reads_them(app: Document) -> None:
    assert holders(app, "sqs:SendMessage", "UploadsQueue") == {"SweepRole"}
    assert holders(app, "sqs:ReceiveMessage", "UploadsQueue") == {"IngestRole"}
    # The sweep asks whether they are there.
    assert holders(app, "s3:GetObject", "${UploadsBucket}") == {"IngestRole", "SweepRole"}
    assert holders(app, "s3:AbortMultipartUpload", "${UploadsBucket}") == {"ApiRole", "SweepRole"}


def test_what_the_api_signs_to_be_fetched_it_may_read_itself(app: Document) -> None:
    """An address holds no more than its signer's rights: rejected lines are below lists."""
    for action, resource in (("s3:GetObject", "/lists/*"), ("kms:Decrypt", "DataKey")):
        assert "ApiRole" in holders(app, action, resource)


def test_the_surveyor_reads_lists_and_changes_no_audit_log(app: Document) -> None:
    for action, resource in (("s3:GetObject", "/lists/*"), ("dynamodb:PutItem", "CampaignsTable")):
        assert "SurveyorRole" in holders(app, action, resource)
    assert "SurveyorRole" not in holders(app, "dynamodb:PutItem", "AuditTable")
    assert "SurveyorRole" not in holders(app, "s3:PutObject", "DataBucket")


def test_the_sweep_alone_deletes_lists_and_uploads(app: Document) -> None:
    assert holders(app, "s3:DeleteObject", "/lists/*") == {"SweepRole"}
    assert holders(app, "s3:PutObject", "/lists/*") == {"SweepRole", "IngestRole"}
    assert holders(app, "s3:DeleteObject", "UploadsBucket") == {"SweepRole"}
    assert holders(app, "s3:AbortMultipartUpload", "UploadsBucket") == {"SweepRole", "ApiRole"}


def test_mails_come_from_one_address(app: Document) -> None:
    (statement,) = (each for each in statements(app) if "ses:SendEmail" in each.actions)
    assert statement.holder == "MailerRole"
    assert statement.body["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}
    # Of this account and region alone.
    for resource in statement.resources:
        assert ":ses:${AWS::Region}:${AWS::AccountId}:" in resource["Fn::Sub"]


def test_only_the_machines_functions_may_be_invoked_by_it(app: Document) -> None:
    invoked = {
        resource["Fn::GetAtt"][0]
        for statement in statements(app)
        if statement.actions == ["lambda:InvokeFunction"]
        for resource in statement.resources
    }
    substitutions = app["Resources"]["Campaign"]["Properties"]["DefinitionSubstitutions"]
    assert invoked == {value["Fn::GetAtt"][0] for value in substitutions.values()}


def test_a_narrow_statement_is_no_finding() -> None:
    assert list(findings(template(Action="dynamodb:GetItem", Resource=TABLE))) == []


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ({"Action": "dynamodb:*", "Resource": TABLE}, "Role: action dynamodb:*, name each"),
        ({"Action": ["a:B", "s3:Get*"], "Resource": TABLE}, "Role: action s3:Get*, name each"),
        ({"Action": "a:B", "Resource": "*"}, "Role: resource *, name what it may touch"),
        ({"NotAction": "a:B", "Resource": TABLE}, "Role: NotAction allows what nobody thought of"),
        (
            {"Action": "a:B", "NotResource": TABLE},
            "Role: NotResource allows what nobody thought of",
        ),
    ],
)
def test_a_wide_statement_is_found(statement: dict[str, Any], finding: str) -> None:
    assert finding in list(findings(template(**statement)))


AUDIT = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:1:table/${AuditTable}"}
CHECKPOINTS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${DataBucket}/audit-checkpoints/*"}
WHOLE_BUCKET = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${DataBucket}/*"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:UpdateItem", AUDIT),
        ("dynamodb:DeleteItem", AUDIT),
        ("dynamodb:BatchWriteItem", AUDIT),
        ("dynamodb:PartiQLUpdate", AUDIT),
        ("dynamodb:DeleteTable", {"Fn::GetAtt": ["AuditTable", "Arn"]}),
        ("dynamodb:UpdateTimeToLive", {"Ref": "AuditTable"}),
        # Beside a table that it is meant for.
        ("dynamodb:DeleteItem", [TABLE, AUDIT]),
        (["dynamodb:PutItem", "dynamodb:DeleteItem"], AUDIT),
        ("s3:DeleteObject", CHECKPOINTS),
        ("s3:DeleteObject", WHOLE_BUCKET),
        ("s3:DeleteObject", {"Fn::Sub": "arn:aws:s3:::${DataBucket}/audit-*"}),
        ("kms:ScheduleKeyDeletion", {"Ref": "AuditKey"}),
    ],
)
def test_whatever_could_change_the_audit_log_is_found(action: Any, resource: Any) -> None:
    worst = action if isinstance(action, str) else action[-1]
    assert list(findings(template(Action=action, Resource=resource))) == [
        f"Role: {worst}, which nobody may do to the audit log"
    ]


def test_an_exception_does_not_open_the_audit_log() -> None:
    sid = next(iter(EXCEPTIONS))
    opened = template(Sid=sid, Action="dynamodb:DeleteItem", Resource=AUDIT)
    assert list(findings(opened)) == [
        f"Role {sid}: dynamodb:DeleteItem, which nobody may do to the audit log"
    ]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"], AUDIT),
        (["s3:GetObject", "s3:PutObject"], CHECKPOINTS),
        (["kms:Sign", "kms:GetPublicKey"], {"Ref": "AuditKey"}),
        # What waits is flushed.
        ("s3:DeleteObject", {"Fn::Sub": "arn:aws:s3:::${DataBucket}/audit-fallback/*"}),
        ("dynamodb:GetRecords", {"Ref": "AuditStream"}),
        ("dynamodb:DeleteItem", TABLE),
    ],
)
def test_what_the_audit_log_needs_is_no_finding(action: Any, resource: Any) -> None:
    assert list(findings(template(Action=action, Resource=resource))) == []


def test_an_exception_is_named_by_its_sid() -> None:
    sid = next(iter(EXCEPTIONS))
    assert list(findings(template(Sid=sid, Action="a:B", Resource="*"))) == []


def test_an_exception_without_a_statement_is_found() -> None:
    assert len(list(unused_exceptions([template(Action="a:B", Resource=TABLE)]))) == len(EXCEPTIONS)


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("*", False),
        ("arn:aws:s3:::*", False),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::*"}, False),
        ({"Fn::Sub": "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}, False),
        ({"Fn::Sub": "arn:aws:s3:::${Bucket}/lists/*"}, True),
        ({"Fn::Sub": "arn:aws:states:::execution:${AWS::StackName}-campaign:*"}, True),
        ({"Fn::Sub": ["arn:aws:s3:::${Bucket}/*", {"Bucket": "b"}]}, True),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, True),
        ({"Ref": "Key"}, True),
    ],
)
def test_a_wildcard_stands_below_a_name(resource: Any, *, named: bool) -> None:
    assert is_named(resource) is named


def test_a_function_without_a_role_of_ours_is_found() -> None:
    alone = template(Action="a:B", Resource=TABLE)
    del alone["Resources"]["Function"]["Properties"]["Role"]
    assert set(findings(alone)) == {
        "Function: has no role written by hand",
        "Role: is for nobody, not for one",
    }


def test_a_shared_role_is_found() -> None:
    shared = template(Action="a:B", Resource=TABLE)
    shared["Resources"]["Other"] = shared["Resources"]["Function"]
    assert list(findings(shared)) == ["Role: is for Function, Other, not for one"]


def test_a_denial_may_be_wide() -> None:
    wide = template(Action="s3:*", Resource="*")
    wide["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0][
        "Effect"
    ] = "Deny"
    assert list(policies.findings(wide)) == []
