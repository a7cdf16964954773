"""A CloudFormation stack, brought to what a template says by a change set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudformation.type_defs import StackTypeDef

DEPLOY_TIMEOUT = 1800.0
# CloudFormation calls a change set that changes nothing a failure, and says it in either way.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


class DeployError(Exception):
    """A stack could not be deployed; the message has CloudFormation's reasons."""


def _pauses() -> Iterator[float]:
    """Short at first, for emulators; long in the end, for AWS."""
    pause, waited = 0.1, 0.0
    while waited < DEPLOY_TIMEOUT:
        yield pause
        waited += pause
        pause = min(pause * 1.3, 5.0)
    message = f"CloudFormation took more than {DEPLOY_TIMEOUT:.0f} s"
    raise DeployError(message)


def find_stack(cloudformation: CloudFormationClient, name: str) -> StackTypeDef | None:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _settled(cloudformation: CloudFormationClient, name: str) -> StackTypeDef | None:
    for pause in _pauses():
        stack = find_stack(cloudformation, name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return stack
        time.sleep(pause)
    return None


def _change_set_type(
    cloudformation: CloudFormationClient, name: str
) -> Literal["CREATE", "UPDATE"]:
    stack = _settled(cloudformation, name)
    if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return "CREATE"
    if stack["StackStatus"] == "ROLLBACK_COMPLETE":
        # Its creation failed; CloudFormation lets such a stack only be deleted.
        cloudformation.delete_stack(StackName=name)
        _settled(cloudformation, name)
        return "CREATE"
    return "UPDATE"


def failures(cloudformation: CloudFormationClient, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    return "\n".join(
        f"  {event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
        for event in reversed(failed)
    )


def deploy_stack(
    cloudformation: CloudFormationClient,
    name: str,
    template_url: str,
    parameters: Mapping[str, str],
) -> dict[str, str]:
    """Create or update a stack, or leave it if nothing changed; its outputs."""
    change_set = f"deploy-{time.time_ns()}"
    kind = _change_set_type(cloudformation, name)
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType=kind,
        TemplateURL=template_url,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    if _has_changes(cloudformation, name, change_set):
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
        stack = _settled(cloudformation, name)
        if stack is None or stack["StackStatus"] != f"{kind}_COMPLETE":
            status = stack["StackStatus"] if stack else "gone"
            message = f"{name}: {status}\n{failures(cloudformation, name)}"
            raise DeployError(message)
    else:
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
    return outputs_of(cloudformation, name)


def _has_changes(cloudformation: CloudFormationClient, name: str, change_set: str) -> bool:
    for pause in _pauses():
        made = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        if made["Status"] == "CREATE_COMPLETE":
            return True
        reason = made.get("StatusReason", "")
        if made["Status"] == "FAILED" and any(text in reason for text in _NO_CHANGES):
            return False
        if made["Status"] == "FAILED":
            message = f"{name}: {reason}"
            raise DeployError(message)
        time.sleep(pause)
    return False


def outputs_of(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    stack = find_stack(cloudformation, name)
    if stack is None:
        message = f"{name}: there is no such stack"
        raise DeployError(message)
    return {
        output.get("OutputKey", ""): output.get("OutputValue", "")
        for output in stack.get("Outputs", [])
    }
