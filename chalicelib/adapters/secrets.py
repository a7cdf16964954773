"""Secrets, such as the passwords of binds: AWS Secrets Manager, or a folder of files locally.

Nothing is kept: a secret that was replaced counts from the next time that it is needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from chalicelib.domain.errors import Invalid, NotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from chalicelib.adapters.aws import Clients

PREFIX: Final = "message-center/"
# No separator and no leading dot: a name cannot lead out of the folder, or out of the prefix.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class SecretsClient(Protocol):
    """The one call of Secrets Manager's client that is used here."""

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]: ...  # noqa: N803 - AWS's name


class DirectorySecrets:
    """One file a secret. A line end at its end is the editor's, not the secret's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str:
        check_name(name)
        try:
            return (self._folder / name).read_text().removesuffix("\n")
        except FileNotFoundError as error:
            raise NotFound(f"secret as {name}") from error


class ManagedSecrets:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def get(self, name: str) -> str:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - not needed locally

        check_name(name)
        try:
            answer = self._clients.secrets_manager().get_secret_value(SecretId=PREFIX + name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise NotFound(f"secret as {name}") from error
        return str(answer["SecretString"])


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid(Problem("secret", "use letters, digits, dots, dashes and underscores"))
