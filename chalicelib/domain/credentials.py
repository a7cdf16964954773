"""What programs show: API keys for the workspace API, clients for the messages API (SPEC 2.5).

Secrets are generated, 256 bits, so a digest protects them as well as argon2 would, and checking one
costs nothing. Rotating makes a new secret and lets the old ones live on for a while: programs
change over without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from chalicelib.domain.audit import instant
from chalicelib.domain.errors import Conflict, Forbidden, IllegalMove, require
from chalicelib.domain.identity import digest_of, same, token_of
from chalicelib.domain.rights import KEY_RIGHTS, Right, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.audit import Facts
    from chalicelib.domain.rights import Scopes

KEY_PREFIX: Final = "mck_"
KEY_ID_PREFIX: Final = "key_"
NAME_MAX: Final = 100
DEFAULT_DAYS: Final = 365
DAYS_MAX: Final = 730
DEFAULT_OVERLAP_HOURS: Final = 24
OVERLAP_HOURS_MAX: Final = 30 * 24
# That hold at once. None is dropped to make room for another: a program may be using it.
SECRETS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Secret:
    digest: str
    # Who got it to see. What a key makes is this person's (SPEC 2.2): else one could approve with
    # one's own hands what one wrote with one's own key.
    issued_to: str
    issued_at: datetime
    # None: as long as the credential itself.
    valid_until: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        return self.valid_until is None or now < self.valid_until


@dataclass(frozen=True, slots=True)
class ApiKey:
    KIND: ClassVar[str] = "key"

    id: str
    workspace: str
    name: str
    scopes: tuple[Right, ...]
    # The newest first.
    secrets: tuple[Secret, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    version: int = 0

    def state_at(self, now: datetime) -> str:
        return _state(self, now)


@dataclass(frozen=True, slots=True)
class Client:
    """A program that sends messages; it signs in as `<workspace>.<id>`, by HTTP's Basic scheme."""

    KIND: ClassVar[str] = "client"

    id: str
    workspace: str
    name: str
    secrets: tuple[Secret, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 0

    @property
    def username(self) -> str:
        return f"{self.workspace}.{self.id}"

    def state_at(self, now: datetime) -> str:
        return _state(self, now)


@dataclass(frozen=True, slots=True)
class Rotation:
    """`expires_in_days` gives the credential a new life; None leaves it the one it has."""

    overlap_hours: int = DEFAULT_OVERLAP_HOURS
    expires_in_days: int | None = None


C = TypeVar("C", bound=ApiKey | Client)
Check = tuple[bool, str, str]


def secret_shown(credential: ApiKey | Client, digest: str, now: datetime) -> Secret | None:
    """The secret of that digest, if it and its credential hold at this moment."""
    if _state(credential, now) != "active":
        return None
    return next(
        (
            secret
            for secret in credential.secrets
            if same(secret.digest, digest) and secret.holds_at(now)
        ),
        None,
    )


def issue(credential: ApiKey | Client, bits: str, to: str, now: datetime) -> tuple[str, Secret]:
    """A new secret from 256 random bits: as the program shows it, and as it is stored."""
    if isinstance(credential, ApiKey):
        shown = token_of(KEY_PREFIX, credential.id, bits)
        return shown, Secret(digest_of(shown), to, now)
    return bits, Secret(client_digest(hashcheck_of(credential.username, bits)), to, now)


def rotate(credential: C, fresh: Secret, rotation: Rotation, now: datetime) -> C:
    """With a new secret; the old ones that hold go on for the overlap at most.

    All of them, not the newest alone: who rotates again because an answer was lost must not cut off
    the secret that programs still use.
    """
    if _state(credential, now) != "active":
        raise IllegalMove(credential.KIND, _state(credential, now), "be rotated")
    ends = now + timedelta(hours=rotation.overlap_hours)
    shortened = [_ending(secret, ends, credential.expires_at) for secret in credential.secrets]
    secrets = (fresh, *(secret for secret in shortened if secret.holds_at(now)))
    if len(secrets) > SECRETS_MAX:
        raise Conflict(
            f"{SECRETS_MAX} of its secrets hold already: wait until one ends, or rotate with "
            "overlap_hours 0, which ends them all at once."
        )
    rotated = replace(credential, secrets=secrets)
    if rotation.expires_in_days is None:
        return rotated
    return replace(rotated, expires_at=now + timedelta(days=rotation.expires_in_days))


def revoke(credential: C, now: datetime) -> C:
    """An expired one, too: clocks differ by a little, and revoked is for good."""
    if credential.revoked_at is not None:
        raise IllegalMove(credential.KIND, "revoked", "be revoked again")
    return replace(credential, revoked_at=now)


def taken_from(credential: C, user: str, scopes: Scopes, now: datetime) -> C | None:
    """The credential as it is once `user` has these `scopes` and no more: a secret that somebody
    saw ends with the right to what it opens. None if nothing ends.
    """
    wanted = key_scopes(credential) if isinstance(credential, ApiKey) else {Right.INTEGRATE}
    seen = [each for each in credential.secrets if each.issued_to == user and each.holds_at(now)]
    ended = not seen or _state(credential, now) != "active"
    if ended or all(scopes.get(right) is Scope.ALL for right in wanted):
        return None
    secrets = tuple(
        replace(each, valid_until=now) if each in seen else each for each in credential.secrets
    )
    return replace(credential, secrets=secrets)


def hashcheck_of(username: str, password: str) -> str:
    """What the legacy API may send in the password's place (CONTRACTS 1)."""
    return digest_of(f"{username}:{password}")


def client_digest(hashcheck: str) -> str:
    """What is stored of a client's credential: both forms verify from it."""
    return digest_of(hashcheck)


def username_parts(username: str) -> tuple[str, str] | None:
    """Workspace and client; None if it is no username of ours."""
    workspace, _, client = username.rpartition(".")
    return (workspace, client) if workspace and client and username.isascii() else None


def key_scopes(key: ApiKey) -> Scopes:
    """What keys may do at all is the table's to say, also of keys that are older than it."""
    return {right: Scope.ALL for right in key.scopes if right in KEY_RIGHTS}


def check_key(name: str, scopes: Sequence[Right], days: int, creator: Scopes) -> None:
    """A key can do what its creator can do to everything, and what keys may do at all."""
    allowed = sorted(right for right in KEY_RIGHTS if creator.get(right) is Scope.ALL)
    require(
        _name_check(name),
        (bool(scopes), "scopes", f"name at least one of {', '.join(allowed)}"),
        (
            set(scopes) <= set(allowed),
            "scopes",
            f"a key that you make can have {', '.join(allowed)}",
        ),
        _life_check(days),
    )


def check_client(name: str, days: int | None) -> None:
    require(_name_check(name), _life_check(days))


def check_rotation(rotation: Rotation) -> None:
    require(
        (
            0 <= rotation.overlap_hours <= OVERLAP_HOURS_MAX,
            "overlap_hours",
            f"must be 0 to {OVERLAP_HOURS_MAX}",
        ),
        _life_check(rotation.expires_in_days),
    )


def check_rotator(key: ApiKey, rotator: Scopes) -> None:
    """Whoever rotates a key gets its secret to see, and could do with it what the key can."""
    beyond = sorted(right for right in key_scopes(key) if rotator.get(right) is not Scope.ALL)
    if beyond:
        raise Forbidden(
            f"This key may do more than you ({', '.join(beyond)}): let someone who may do that "
            "rotate it, or revoke it."
        )


def facts(credential: ApiKey | Client) -> Facts:
    """For the audit log, which says whose secrets hold and never holds a digest."""
    scopes = {"scopes": " ".join(credential.scopes)} if isinstance(credential, ApiKey) else {}
    return {
        "name": credential.name,
        **scopes,
        "expires_at": _shown(credential.expires_at),
        "revoked_at": _shown(credential.revoked_at),
        "secrets": ", ".join(map(_described, credential.secrets)),
        "version": credential.version,
    }


def _name_check(name: str) -> Check:
    good = 0 < len(name.strip()) <= NAME_MAX and name.isprintable()
    return good, "name", f"use 1 to {NAME_MAX} printable characters"


def _life_check(days: int | None) -> Check:
    good = days is None or 0 < days <= DAYS_MAX
    return good, "expires_in_days", f"must be 1 to {DAYS_MAX}"


def _described(secret: Secret) -> str:
    until = _shown(secret.valid_until)
    return f"{secret.issued_to} until {until}" if until else secret.issued_to


def _ending(secret: Secret, *ends: datetime | None) -> Secret:
    """With the earliest of its own end and these."""
    known = [end for end in (secret.valid_until, *ends) if end is not None]
    return replace(secret, valid_until=min(known))


def _shown(moment: datetime | None) -> str | None:
    return instant(moment) if moment else None


def _state(credential: ApiKey | Client, now: datetime) -> str:
    if credential.revoked_at is not None:
        return "revoked"
    if credential.expires_at is not None and now >= credential.expires_at:
        return "expired"
    return "active"
