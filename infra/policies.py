"""Rules for what the templates allow: least privilege, which no emulator checks by default.

A finding is a sentence; an exception is named by its statement's Sid and has its reason here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.fragments import Document, Json

# Statements that may say "*", by Sid.
EXCEPTIONS: Mapping[str, str] = {
    "ListStreamsTakesNoResource": "dynamodb:ListStreams knows no resource; Lambda asks for it",
    "LogDeliveryTakesNoResource": "CloudWatch's log delivery knows no resource",
    "MailsComeFromOneAddress": "which identity SES sends by is not known; its condition names us",
    "RightsAreGivenByIamPolicies": "a key policy's resource is the key; it hands over to IAM",
}
# All that anybody may do to what the audit log stands on (SPEC 8.2): no other action may be allowed
# on a resource in which the pattern is found.
EVIDENCE: Mapping[str, frozenset[str]] = {
    r"\bAuditTable\b": frozenset({"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"}),
    r"\bDataBucket\b[^/]*/(\*|audit-\*|audit-checkpoints\b)": frozenset(
        {"s3:GetObject", "s3:PutObject"}
    ),
    r"\bAuditKey\b": frozenset({"kms:Sign", "kms:GetPublicKey"}),
}
# A wildcard has to follow the name of something of ours.
_OUR_NAME = re.compile(r"\$\{(?!AWS::(Partition|Region|AccountId|URLSuffix))[^}]+\}")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, and the resource of the template that it is in."""

    holder: str
    body: Document

    @property
    def sid(self) -> str:
        return str(self.body.get("Sid", ""))

    @property
    def where(self) -> str:
        return f"{self.holder} {self.sid}".strip()

    @property
    def actions(self) -> list[str]:
        return [str(action) for action in _listed(self.body.get("Action", []))]

    @property
    def resources(self) -> list[Json]:
        return _listed(self.body.get("Resource", []))


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def statements(template: Document) -> Iterator[Statement]:
    """All statements, of identity and resource policies; not those that say who may take a role."""
    for name, resource in template["Resources"].items():
        for document in _documents(resource.get("Properties", {})):
            for body in _listed(document["Statement"]):
                yield Statement(name, body)


def _documents(properties: Document) -> Iterator[Document]:
    for key in ("PolicyDocument", "KeyPolicy"):
        if key in properties:
            yield properties[key]
    policies = properties.get("Policies", [])
    yield from (policy["PolicyDocument"] for policy in policies if "PolicyDocument" in policy)


def findings(template: Document) -> Iterator[str]:
    for statement in statements(template):
        if statement.body.get("Effect") == "Allow":
            yield from _too_wide(statement)
            yield from _against_evidence(statement)
    yield from _roles(template)


def _too_wide(statement: Statement) -> Iterator[str]:
    if statement.sid in EXCEPTIONS:
        return
    where = statement.where
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if key in statement.body:
            yield f"{where}: {key} allows what nobody thought of"
    for action in statement.actions:
        if "*" in action:
            yield f"{where}: action {action}, name each"
    for resource in statement.resources:
        if not is_named(resource):
            yield f"{where}: resource {resource}, name what it may touch"


def _against_evidence(statement: Statement) -> Iterator[str]:
    for pattern, permitted in EVIDENCE.items():
        if any(re.search(pattern, str(resource)) for resource in statement.resources):
            for action in sorted(set(statement.actions) - permitted):
                yield f"{statement.where}: {action}, which nobody may do to the audit log"


def is_named(resource: Json) -> bool:
    """Whether a wildcard in it, if any, stands below something that is named."""
    text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else str(resource)
    if not isinstance(text, str):
        text = text[0]
    before, wildcard, _ = text.partition("*")
    return not wildcard or bool(_OUR_NAME.search(before))


def _roles(template: Document) -> Iterator[str]:
    """Each function has a role of its own; without one SAM makes one, with managed policies."""
    resources = template["Resources"]
    users: dict[str, list[str]] = {
        name: [] for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"
    }
    for name, resource in resources.items():
        role = _role_of(resource)
        if role in users:
            users[role].append(name)
        elif resource["Type"] == "AWS::Serverless::Function":
            yield f"{name}: has no role written by hand"
    for role, holders in users.items():
        if len(holders) != 1:
            yield f"{role}: is for {', '.join(holders) or 'nobody'}, not for one"


def _role_of(resource: Document) -> str:
    properties = resource.get("Properties", {})
    reference = properties.get("Role", properties.get("RoleArn", {}))
    if isinstance(reference, dict):
        return str(reference.get("Fn::GetAtt", [""])[0])
    return str(reference)


def unused_exceptions(templates: list[Document]) -> Iterator[str]:
    sids = {statement.sid for template in templates for statement in statements(template)}
    yield from (f"exception {sid} is for no statement" for sid in EXCEPTIONS if sid not in sids)
