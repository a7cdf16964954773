"""From what a request shows to who asks (SPEC 2.1, 2.2, 2.5): people by their sessions, programs by
API keys and clients.

A person's rights are read on every request. A program's credential may be a few seconds old: it is
checked thousands of times a minute and changed once a year.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from chalicelib.domain.credentials import (
    KEY_ID_PREFIX,
    KEY_PREFIX,
    ApiKey,
    Client,
    client_digest,
    hashcheck_of,
    key_scopes,
    secret_shown,
    username_parts,
)
from chalicelib.domain.errors import NotFound, Unauthenticated
from chalicelib.domain.identity import digest_of, owner_in
from chalicelib.domain.rights import Role, Standing, scopes_of
from chalicelib.domain.workspace import MASTER
from chalicelib.usecases.auditing import Caller
from chalicelib.usecases.identity import actor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.domain.credentials import Secret
    from chalicelib.usecases.auditing import Auditor, Recorder
    from chalicelib.usecases.identity import Identity, Origin
    from chalicelib.usecases.ports import Clock, Directory

# One second less than a revoked credential may go on for.
REMEMBERED: Final = timedelta(seconds=4)
# Less than 2 KB each.
REMEMBERED_MAX: Final = 10_000
# The role of keys in the audit log.
API_KEY: Final = "api_key"
NO_CLIENT: Final = "The client's name or password is wrong, or holds no longer."

C = TypeVar("C", bound=ApiKey | Client)


class Remembered(Generic[C]):
    """Credentials as they were read a moment ago, the longest known forgotten first.

    Their age counts from before they were read, so no older state is ever used. What is not there
    is not remembered: a new one holds at once. Each step on the dict is one that threads cannot
    come between.
    """

    def __init__(
        self, read: Callable[[str, str], C], clock: Clock, most: int = REMEMBERED_MAX
    ) -> None:
        self._read = read
        self._clock = clock
        self._most = most
        self._known: OrderedDict[tuple[str, str], tuple[datetime, C]] = OrderedDict()

    def holder(self, workspace: str, name: str, digest: str) -> tuple[C, Secret] | None:
        """The credential of that name, if it holds and the digest is of one of its secrets.

        One that is remembered and does not do is read again: it may have been rotated meanwhile,
        and its new secret is good everywhere at once.
        """
        for credential in self._states(workspace, name):
            secret = secret_shown(credential, digest, self._clock.now())
            if secret is not None:
                return credential, secret
        return None

    def _states(self, workspace: str, name: str) -> Iterator[C]:
        """As remembered, then as it is now."""
        now = self._clock.now()
        known = self._known.get((workspace, name))
        # A clock that was set back makes nothing younger.
        if known is not None and known[0] <= now < known[0] + REMEMBERED:
            yield known[1]
        try:
            credential = self._read(workspace, name)
        except NotFound:
            return
        self._remember((workspace, name), now, credential)
        yield credential

    def _remember(self, place: tuple[str, str], read_at: datetime, credential: C) -> None:
        self._known.pop(place, None)
        self._known[place] = (read_at, credential)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


@dataclass(slots=True)
class Access:
    directory: Directory
    clock: Clock
    identity: Identity
    recorder: Recorder
    auditor: Auditor
    _keys: Remembered[ApiKey] = field(init=False)
    _clients: Remembered[Client] = field(init=False)

    def __post_init__(self) -> None:
        self._keys = Remembered(self.directory.api_key, self.clock)
        self._clients = Remembered(self.directory.client, self.clock)

    def caller(self, token: str, workspace: str, origin: Origin) -> Caller:
        """Whoever is no member gets to know of a workspace as little as of one that is not there
        (SPEC 2.1).
        """
        program = self._program(token, workspace, origin)
        if program is not None:
            return program
        # A key that does not hold is no session either, and refused like one.
        user = self.identity.session(token).user
        seat = self.directory.seat(workspace, user)
        if seat is None:
            raise NotFound("workspace")
        place, member = seat
        scopes = scopes_of(member.standing, place.permissions)
        actor = actor_of(user, member.role.value, origin)
        return Caller(workspace, user, scopes, actor, place.self_approval)

    def super_admin(self, token: str, origin: Origin) -> Caller:
        """For the installation's own routes. To others, and to keys, there are none."""
        user = self.identity.session(token).user
        member = self.directory.member(MASTER, user)
        if member is None or member.role is not Role.SUPER_ADMIN:
            raise NotFound("workspace")
        scopes = scopes_of(Standing.SUPER_ADMIN, {})
        return Caller(MASTER, user, scopes, actor_of(user, member.role.value, origin))

    def visitor(self, token: str, workspace: str, origin: Origin, what: str) -> Caller:
        """A super admin in any workspace, whose audit log says so before anything else happens.

        `what` is the request, as that workspace's admins get to read it.
        """
        who = self.super_admin(token, origin)
        place = self.directory.workspace(workspace)
        self.recorder.must(
            self.auditor.record(
                workspace, who.actor, "workspace.visited", workspace, after={"request": what}
            )
        )
        return replace(who, workspace=workspace, self_approval=place.self_approval)

    def client(self, username: str, password: str) -> Client:
        # What is beyond ASCII is not ours, and may not even be text that can be hashed.
        if not (username + password).isascii():
            raise Unauthenticated(NO_CLIENT)
        return self.client_by_hash(username, hashcheck_of(username, password))

    def client_by_hash(self, username: str, hashcheck: str) -> Client:
        """`hashcheck` stands for name and password in the legacy API (CONTRACTS 1)."""
        parts = username_parts(username) if hashcheck.isascii() else None
        held = self._clients.holder(*parts, client_digest(hashcheck)) if parts else None
        if held is None:
            raise Unauthenticated(NO_CLIENT)
        return held[0]

    def _program(self, token: str, workspace: str, origin: Origin) -> Caller | None:
        """The key acts as itself; what it makes belongs to whom its secret was issued to."""
        name = owner_in(token, KEY_PREFIX, KEY_ID_PREFIX)
        held = self._keys.holder(workspace, name, digest_of(token)) if name else None
        if held is None:
            return None
        key, secret = held
        return Caller(
            workspace, secret.issued_to, key_scopes(key), actor_of(key.id, API_KEY, origin)
        )
