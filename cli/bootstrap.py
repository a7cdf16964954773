"""What operators do, who have AWS credentials but no account: invite the first super admin (SPEC
2.1), and have data keys wrapped anew (SPEC 5.5).

The commands that are no clients of the HTTP API: their use cases run in this process, on the
installation's own tables. A module of its own, loaded when it is needed, for AWS's SDK takes longer
to load than other commands take to run.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError
from botocore.exceptions import ClientError as AwsRefusal
from pynamodb.exceptions import PynamoDBException

from chalicelib import bootstrap
from chalicelib.domain.audit import Actor
from chalicelib.domain.errors import Invalid, MessageCenterError
from chalicelib.settings import MissingSetting, SettingError, api_settings
from cli.errors import ClientError, Exit, UsageError
from cli.screen import moment
from infra.stacks import DeployError, outputs_of
from localstack.deploy import APP_STACK, DATA_STACK, outputs

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping

    from chalicelib.domain.invitation import Invitation
    from chalicelib.usecases.installation import Installation
    from cli.command import Context

UNKNOWN_OPERATOR: Final = "operator"
UNKNOWN_URL: Final = "https://YOUR-SERVER"
# Who the operator is, is good to have in the audit log, but nothing to wait for.
BRIEF: Final = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_STALE: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """An installation. Without settings of its own it is the one that the environment names."""

    settings: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None


def invite_super_admin(context: Context, given: Namespace) -> Exit:
    invitation, token, url = _invited(given)
    context.screen.show(
        {
            "id": invitation.id,
            "workspace": invitation.workspace,
            "email": invitation.email,
            "role": invitation.role.value,
            "expires_at": invitation.expires_at.isoformat(),
            "token": token,
            "url": url,
        }
    )
    context.screen.say(f"{invitation.email} is invited as super admin:\n")
    context.screen.facts(
        {
            "token": token,
            "holds": f"until {moment(invitation.expires_at.isoformat())}, once",
            "next": f"mc accept --url {url or UNKNOWN_URL}    # asks for the token",
        }
    )
    context.screen.say("\nWhoever has the token becomes super admin: give it to nobody else.")
    return Exit.OK


def rewrap_data_keys(context: Context, given: Namespace) -> Exit:
    """One line each, as they are done: a later stop undoes none of them."""
    done = 0
    with _installation(given, "mc rewrap-data-keys") as (installation, _):
        for workspace in installation.rewrap_data_keys():
            done += 1
            context.screen.show({"workspace": workspace.id, "version": workspace.version})
            context.screen.say(workspace.id)
    context.screen.say(f"Wrapped anew: {done} data keys. The keys are the same as before.")
    return Exit.OK


def _invited(given: Namespace) -> tuple[Invitation, str, str | None]:
    """With the token, and the server's address if that is known."""
    with _installation(given, "mc bootstrap") as (installation, url):
        return *installation.invite_super_admin(given.email, recover=given.recover), url


@contextmanager
def _installation(given: Namespace, tool: str) -> Iterator[tuple[Installation, str | None]]:
    """Operators' use cases, and the server's address if that is known."""
    try:
        with _environment({"AWS_DEFAULT_REGION": given.region} if given.region else {}):
            session = boto3.session.Session()
            place = _place(session, given.data_stack, given.app_stack)
            with _environment(place.settings):
                yield bootstrap.installation(_operator(session, tool)), place.url
    except Invalid as error:
        raise UsageError(str(error)) from error
    except (MessageCenterError, SettingError) as error:
        raise ClientError(str(error)) from error
    except PynamoDBException as error:
        raise ClientError(_reason(error.cause or error)) from error
    except (BotoCoreError, AwsRefusal) as error:
        raise ClientError(_reason(error)) from error


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Settings are read from the environment alone, and so is the region, by every AWS client."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _place(session: boto3.session.Session, data: str | None, app: str | None) -> Place:
    """All from the environment, or all from the stacks; never a mixture of two installations."""
    if data is None and app is None and _is_configured():
        return Place()
    named = (data or DATA_STACK, app or APP_STACK)
    cloudformation = session.client("cloudformation")
    values: dict[str, str] = {}
    try:
        for name in named:
            values |= outputs_of(cloudformation, name)
        made = outputs(os.environ.get("AWS_ENDPOINT_URL"), values)
    except DeployError as error:
        region = cloudformation.meta.region_name
        raise UsageError(
            f"{error} in {region}. Say where with --region, --data-stack and --app-stack."
        ) from error
    except KeyError as error:
        raise ClientError(
            f"The stacks {' and '.join(named)} have no output {error.args[0]}: are they Message "
            "Center's, and deployed as this version has them?"
        ) from error
    return Place(made.environment(), made.api_url)


def _is_configured() -> bool:
    try:
        api_settings()
    except MissingSetting:
        return False
    return True


def _operator(session: boto3.session.Session, tool: str) -> Actor:
    """Who the audit log names."""
    try:
        user = session.client("sts", config=BRIEF).get_caller_identity()["Arn"]
    except (BotoCoreError, AwsRefusal):
        user = UNKNOWN_OPERATOR
    return Actor(user=user, role="system", agent=tool)


def _reason(error: Exception) -> str:
    """What AWS has against it, and what to do."""
    if isinstance(error, NoCredentialsError):
        return (
            "There are no AWS credentials: sign in as for the AWS CLI, or set AWS_PROFILE, or "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if isinstance(error, NoRegionError):
        return "No AWS region is known: say which with --region."
    if not isinstance(error, AwsRefusal):
        return f"AWS cannot be asked: {error}"
    refused: Any = error.response.get("Error", {})
    if refused.get("Code") in _DENIED:
        return f"Your AWS credentials lack a right (docs/deploy.md has all): {refused['Message']}"
    if refused.get("Code") in _STALE:
        return f"Your AWS credentials do not hold: sign in to AWS again. ({refused['Message']})"
    return f"AWS refused: {error}"
