"""Directory: who is who, and who belongs where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import Exists, NotFound
from chalicelib.domain.workspace import Role
from tests.fakes import samples

if TYPE_CHECKING:
    from tests.contracts.conftest import Ports


def test_what_is_not_there_is_not_found(ports: Ports) -> None:
    with pytest.raises(NotFound, match="workspace"):
        ports.directory.workspace("wsp_none")
    with pytest.raises(NotFound, match="user"):
        ports.directory.user("usr_none")
    assert ports.directory.member("wsp_a", "usr_none") is None
    assert ports.directory.user_by_email("none@example.com") is None
    assert ports.directory.session("0" * 64) is None
    assert ports.directory.memberships("usr_none") == []


def test_a_member_of_one_workspace_is_none_of_another(ports: Ports) -> None:
    ports.changes.commit(samples.member(), audit=samples.audit())

    assert ports.directory.member("wsp_a", "usr_a") is not None
    assert ports.directory.member("wsp_b", "usr_a") is None


def test_memberships_are_those_of_one_user_in_all_workspaces(ports: Ports) -> None:
    author = ports.changes.save(samples.member(), samples.audit())
    admin = ports.changes.save(
        samples.member(workspace="wsp_b", role=Role.ADMIN, is_moderator=False), samples.audit()
    )
    ports.changes.commit(samples.member(user="usr_b"), audit=samples.audit())
    ports.changes.commit(samples.session(), samples.user(), audit=samples.audit())

    found = ports.directory.memberships("usr_a")

    assert sorted(found, key=lambda member: member.workspace) == [author, admin]


@pytest.mark.parametrize("address", ["ada@example.com", " ADA@example.com"])
def test_a_user_is_found_by_mail_address_in_whatever_case(ports: Ports, address: str) -> None:
    ada = ports.changes.save(samples.user(), samples.audit())

    assert ports.directory.user_by_email(address) == ada


def test_a_key_is_one_persons_in_one_workspace(ports: Ports) -> None:
    made = ports.changes.save(samples.made_once(), samples.audit())
    assert ports.directory.made_once(made.workspace, made.user, made.key) == made
    assert ports.directory.made_once("wsp_b", made.user, made.key) is None
    assert ports.directory.made_once(made.workspace, "usr_b", made.key) is None
    assert ports.directory.made_once(made.workspace, made.user, "key-2") is None
    with pytest.raises(Exists):
        ports.changes.save(samples.made_once(target="cmp_b"), samples.audit())


def test_an_ended_session_is_gone_and_audited(ports: Ports) -> None:
    session = ports.changes.save(samples.session(), samples.audit())
    closing = samples.audit(action="session.closed")

    ports.directory.end_session(session, closing)

    assert ports.directory.session(session.digest) is None
    assert ports.audit("wsp_a")[-1] == closing


def test_a_session_does_not_end_without_its_audit_record(ports: Ports) -> None:
    opening = samples.audit()
    session = ports.changes.save(samples.session(), opening)

    with pytest.raises(Exists):
        ports.directory.end_session(session, replace(opening, action="session.closed"))

    assert ports.directory.session(session.digest) == session


def test_a_session_may_end_twice(ports: Ports) -> None:
    session = ports.changes.save(samples.session(), samples.audit())
    ports.directory.end_session(session, samples.audit())

    ports.directory.end_session(session, samples.audit())

    assert ports.directory.session(session.digest) is None
