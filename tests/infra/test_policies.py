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


def test_audit_is_append_only(app: Document) -> None:
    """No role may do more to the audit table than put."""
    audit = {
        action
        for statement in statements(app)
        for action in statement.actions
        if "${AuditTable}" in str(statement.resources)
    }
    assert audit == {"dynamodb:PutItem"}


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
