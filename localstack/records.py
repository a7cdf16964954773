"""What only an operator may do to the records, as a short-lived process beside them.

`seed` puts in what its standard input names, as far as it is not there yet, and prints the ids;
`hold` pauses every live campaign and prints which. A process of its own, so that settings and
credentials come from its environment alone.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.domain.audit import system
from chalicelib.domain.channel import Channel
from chalicelib.domain.errors import Conflict, Exists, MessageCenterError
from chalicelib.domain.rights import Role
from chalicelib.settings import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.identity import User
    from chalicelib.usecases.installation import Installation

Json = dict[str, Any]
ACTOR = system("make-up")


def seed(wanted: Json) -> Json:
    """People's ids by e-mail address; whether the workspace is new."""
    installation = bootstrap.installation(ACTOR)
    channel = wanted["channel"]
    with suppress(Exists):
        installation.add_channel(Channel(**channel))
    fresh, people = False, {}
    for workspace in wanted["workspaces"]:
        fresh |= _add_workspace(installation, workspace)
        for person in workspace["people"]:
            people[person["email"]] = _add_person(installation, workspace["id"], person)
    return {"fresh": fresh, "people": people}


def _add_workspace(installation: Installation, workspace: Mapping[str, Any]) -> bool:
    try:
        installation.add_workspace(workspace["id"], workspace["name"], workspace["time_zone"])
    except Conflict:
        return False
    return True


def _add_person(installation: Installation, workspace: str, person: Mapping[str, str]) -> str:
    user = _user(installation, person)
    if installation.directory.member(workspace, user.id) is None:
        installation.add_member(workspace, user.id, Role(person["role"]))
    return user.id


def _user(installation: Installation, person: Mapping[str, str]) -> User:
    known = installation.directory.user_by_email(person["email"])
    return known or installation.add_person(person["email"], person["name"], person["password"])


def hold() -> Json:
    held = bootstrap.sweep().hold_all(ACTOR)
    return {
        "held": [
            {"workspace": each.workspace, "id": each.id, "name": each.content.name} for each in held
        ]
    }


def main(arguments: list[str]) -> int:
    try:
        answer = seed(json.load(sys.stdin)) if arguments == ["seed"] else hold()
    except (MessageCenterError, SettingError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
