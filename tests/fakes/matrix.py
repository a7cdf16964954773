"""Two workspaces with everything in them, and everyone who may knock: for tests that try every
route as everyone. `restore` makes all as it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.credentials import KEY_PREFIX, Secret
from chalicelib.domain.identity import (
    DEVICE_PREFIX,
    SESSION_PREFIX,
    Session,
    digest_of,
    token_of,
)
from chalicelib.domain.membership import Member
from chalicelib.domain.recipient_list import rejects_key
from chalicelib.domain.rights import KEY_RIGHTS, RIGHTS, Right, Role, Standing
from chalicelib.domain.sender import RevisionStatus
from chalicelib.domain.workspace import MASTER
from tests.fakes import samples
from tests.fakes.suppressions import stored_list
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from chalicelib.api.routing import Route
    from chalicelib.domain.rights import Permissions

THEIRS = "wsp_b"
AUTHORED = ("campaign_id", "list_id", "sender_id")
PARAMETERS = (
    *AUTHORED,
    "number",
    "invitation_id",
    "user_id",
    "key_id",
    "client_id",
    "session_id",
    "erasure_id",
)
# Needs no right over the original, but that to look at it as well: what it makes is one's own.
CLONE = "/campaigns/{campaign_id}/clone"
MISSING = {
    "campaign_id": "cmp_none",
    "list_id": "lst_none",
    "sender_id": "snd_none",
    "number": "999",
    "invitation_id": "inv_none",
    "user_id": "usr_none",
    "key_id": "key_none",
    "client_id": "cli_none",
    "erasure_id": "era_none",
    "session_id": "0" * 64,
}
NEW_LIST = {"name": "all.csv", "size": 100}
NEW_CAMPAIGN = {"name": "Spring", "text": "Hello", "sender": "{sender}", "list": "{list_id}"}
NOTHING: dict[str, Any] = {}
# What each route takes, by method and path below the workspace.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/lists"): NEW_LIST,
    ("POST", "/lists/{list_id}/parts"): {"parts": [1]},
    ("POST", "/lists/{list_id}/complete"): NOTHING,
    ("POST", "/lists/{list_id}/abort"): NOTHING,
    ("POST", "/suppressions"): {"numbers": ["+447400000001"]},
    ("POST", "/suppressions/lift"): {"numbers": ["+447400000001"]},
    ("POST", "/suppressions/look-up"): {"number": "+447400000001"},
    ("POST", "/suppression-lists/{list_id}/withdraw"): NOTHING,
    ("POST", "/erasures"): {"number": "+447700900123"},
    ("POST", "/lists/{list_id}/look-up"): {"number": "+447400123456"},
    ("POST", "/senders"): {"name": "Shop"},
    ("PATCH", "/senders/{sender_id}"): {"name": "Another shop"},
    ("POST", "/senders/{sender_id}/archive"): NOTHING,
    ("POST", "/senders/{sender_id}/restore"): NOTHING,
    ("POST", "/senders/{sender_id}/revisions"): {"address": "ACME", "channel": "{channel}"},
    ("PATCH", "/senders/{sender_id}/revisions/{number}"): {"address": "ACME2"},
    ("POST", "/senders/{sender_id}/revisions/{number}/submit"): NOTHING,
    ("POST", "/senders/{sender_id}/revisions/{number}/withdraw"): NOTHING,
    ("POST", "/senders/{sender_id}/revisions/{number}/archive"): NOTHING,
    ("POST", "/senders/{sender_id}/revisions/{number}/restore"): NOTHING,
    ("POST", "/senders/{sender_id}/revisions/{number}/approve"): {"digest": "0" * 64},
    ("POST", "/senders/{sender_id}/revisions/{number}/reject"): {"note": "no"},
    ("POST", "/text/measure"): {"text": "Hello {{name}}"},
    ("POST", "/text/transliterate"): {"text": "Привет"},
    ("POST", "/campaigns"): NEW_CAMPAIGN,
    ("PATCH", "/campaigns/{campaign_id}"): {"text": "Bye"},
    ("POST", "/campaigns/{campaign_id}/clone"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/submit"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/withdraw"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/approve"): {"digest": "0" * 64},
    ("POST", "/campaigns/{campaign_id}/reject"): {"note": "no"},
    ("POST", "/campaigns/{campaign_id}/release"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/archive"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/restore"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/start"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/pause"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/resume"): NOTHING,
    ("POST", "/campaigns/{campaign_id}/cancel"): NOTHING,
    ("PATCH", ""): {"name": "Another name"},
    ("PATCH", "/members/{user_id}"): {"role": "moderator"},
    ("POST", "/invitations"): {"email": "new@example.com", "role": "author"},
    ("POST", "/invitations/{invitation_id}/revoke"): NOTHING,
    ("POST", "/invitations/{invitation_id}/resend"): NOTHING,
    ("POST", "/join-code"): NOTHING,
    ("POST", "/join-requests/{user_id}/approve"): {"role": "author"},
    ("POST", "/join-requests/{user_id}/reject"): NOTHING,
    ("POST", "/api-keys"): {"name": "Shop", "scopes": ["view"]},
    ("POST", "/api-keys/{key_id}/rotate"): NOTHING,
    ("POST", "/api-keys/{key_id}/revoke"): NOTHING,
    ("POST", "/clients"): {"name": "CleverTap"},
    ("POST", "/clients/{client_id}/rotate"): NOTHING,
    ("POST", "/clients/{client_id}/revoke"): NOTHING,
    ("POST", "/audit/checkpoint"): NOTHING,
    ("POST", "/v1/sign-out"): NOTHING,
    ("POST", "/v1/me/password"): {"current": PASSWORD, "new": "another horse battery"},
    ("POST", "/v1/me/second-factor"): {"password": PASSWORD},
    ("POST", "/v1/me/second-factor/confirm"): {"code": "000000"},
    ("POST", "/v1/me/second-factor/remove"): {"password": PASSWORD, "code": "000000"},
    ("POST", "/v1/installation/workspaces"): {
        "name": "Fresh",
        "time_zone": "UTC",
        "admin_email": "first@example.com",
    },
}


class City:
    def __init__(self) -> None:
        self.world = World()
        self.tokens: dict[Standing, str] = {}
        self.people: dict[Standing, str] = {}
        self.keys: dict[Right, str] = {}
        self._objects: dict[str, dict[str, str]] = {}
        installation = self.world.installation
        installation.add_workspace(MASTER, "Installation", "UTC")
        installation.add_workspace(THEIRS, "Others", "UTC")
        for standing in Standing:
            self._settle(standing)
        self.stranger = self._session(self._user("stranger@example.com"))
        self.super_admin = self.tokens.pop(Standing.SUPER_ADMIN)
        self.objects_by_another = self._things(self.world.workspace, self.world.author.user, "of")
        self.foreign = self._things(THEIRS, self._user("theirs@example.com"), "theirs")
        self.places = {**self.objects_by_another, "session_id": MISSING["session_id"]}
        for number, right in enumerate(sorted(KEY_RIGHTS)):
            self.keys[right] = self._key(f"key_{number}", right)
        self._dead = self._make_dead()
        self.save()

    def save(self) -> None:
        records = self.world.records
        self._kept = {kind: dict(stored) for kind, stored in records._stored.items()}
        self._audit = list(records.audit)

    def restore(self) -> None:
        records = self.world.records
        records._stored = {kind: dict(stored) for kind, stored in self._kept.items()}
        records.audit[:] = self._audit

    def changed(self) -> dict[type, dict[tuple[Any, ...], Any]]:
        return {kind: dict(stored) for kind, stored in self.world.records._stored.items()}

    def permit(self, permissions: Permissions) -> None:
        self.restore()
        workspace = self.world.directory.workspace(self.world.workspace)
        self.world.records.put(replace(workspace, permissions=permissions))
        self.save()

    def objects_by(self, standing: Standing) -> dict[str, str]:
        return self._objects[self.people[standing]]

    def has_author(self, route: Route) -> bool:
        """Whether the right is over something that somebody made."""
        if route.path.endswith(CLONE):
            return False
        if route.right is None or not any("{" + name + "}" in route.path for name in AUTHORED):
            return False
        return route.right is Right.DECIDE or RIGHTS[route.right].has_authors

    def parameters(self, route: Route) -> list[str]:
        found = [name for name in PARAMETERS if "{" + name + "}" in route.path]
        assert len(found) == route.path.count("{") - 1, f"unknown parameter in {route.path}"
        return found

    def body(self, sample: Any) -> Any:
        if not isinstance(sample, dict):
            return sample
        known = {
            **self.objects_by_another,
            "sender": self.world.sender,
            "channel": self.world.channel,
        }
        return {
            name: known[value[1:-1]] if str(value).startswith("{") else value
            for name, value in sample.items()
        }

    def dead_credentials(self) -> dict[str, str]:
        return self._dead

    def _settle(self, standing: Standing) -> None:
        user = self._user(f"{standing.value}@city.example")
        role = Role.AUTHOR if standing is Standing.AUTHOR_MODERATOR else Role(standing.value)
        workspace = MASTER if role is Role.SUPER_ADMIN else self.world.workspace
        self.world.installation.add_member(
            workspace, user, role, is_moderator=standing is Standing.AUTHOR_MODERATOR
        )
        self.people[standing] = user
        self.tokens[standing] = self._session(user)
        self._objects[user] = self._things(self.world.workspace, user, standing.name.lower())

    def _user(self, email: str) -> str:
        return self.world.installation.add_person(email, "Someone", PASSWORD).id

    def _session(self, user: str, mark: str = "live", hours: int = 8) -> str:
        token, now = token_of(SESSION_PREFIX, user, mark), self.world.clock.now()
        ends = now + timedelta(hours=hours)
        self.world.changes.keep(Session(user, digest_of(token), now, ends))
        return token

    def _things(self, workspace: str, author: str, mark: str) -> dict[str, str]:
        """One of each kind, made by `author`."""
        found = {
            "list_id": f"lst_{mark}",
            "campaign_id": f"cmp_{mark}",
            "sender_id": f"snd_{mark}",
            # One that no sender of another workspace has.
            "number": "77" if workspace == THEIRS else "1",
            "invitation_id": f"inv_{mark}",
            "key_id": f"key_{mark}",
            "client_id": f"cli_{mark}",
            "erasure_id": f"era_{mark}",
            "user_id": self._user(f"{mark}@things.example"),
        }
        records: tuple[Any, ...] = (
            samples.recipient_list(id=found["list_id"], workspace=workspace, author=author),
            samples.suppression_list(workspace=workspace, list=found["list_id"]),
            samples.campaign(
                id=found["campaign_id"],
                workspace=workspace,
                author=author,
                content=samples.content(sender=self.world.sender, list=found["list_id"]),
            ),
            samples.sender(id=found["sender_id"], workspace=workspace, revisions=1),
            samples.revision(
                sender=found["sender_id"],
                number=int(found["number"]),
                workspace=workspace,
                author=author,
                channel=self.world.channel,
                status=RevisionStatus.DRAFT,
            ),
            samples.invitation(id=found["invitation_id"], workspace=workspace, mailed_at=None),
            samples.api_key(id=found["key_id"], workspace=workspace, scopes=(Right.VIEW,)),
            samples.client(id=found["client_id"], workspace=workspace),
            samples.erasure(id=found["erasure_id"], workspace=workspace),
            samples.join_request(workspace=workspace, user=found["user_id"]),
            Member(workspace, found["user_id"], Role.AUTHOR, False, self.world.clock.now()),  # noqa: FBT003
        )
        for record in records:
            self.world.changes.keep(record)
        stored_list(self.world.blobs, workspace, found["list_id"], [447400000002])
        self.world.blobs.put(rejects_key(workspace, found["list_id"]), b"line,reason,value")
        return found

    def _key(self, key: str, right: Right, **changes: Any) -> str:
        token = token_of(KEY_PREFIX, key, "secret")
        secret = Secret(digest_of(token), self.people[Standing.ADMIN], self.world.clock.now())
        made = samples.api_key(id=key, scopes=(right,), secrets=(secret,))
        self.world.changes.keep(replace(made, **changes))
        return token

    def _make_dead(self) -> dict[str, str]:
        admin, now = self.people[Standing.ADMIN], self.world.clock.now()
        live = self.tokens[Standing.ADMIN]
        revoked = self._session(admin, "revoked")
        session = self.world.directory.session(admin, digest_of(revoked))
        assert session is not None
        self.world.changes.forget(session)
        replaced = self._key("key_xreplaced", Right.VIEW)
        self._replace_secret("key_xreplaced", now)
        return {
            "expired session": self._session(admin, "expired", hours=0),
            "revoked session": revoked,
            "wrong secret": live + "x",
            "session of nobody": token_of(SESSION_PREFIX, "usr_none", "secret"),
            "device": token_of(DEVICE_PREFIX, admin, "secret"),
            "expired key": self._key("key_xexpired", Right.VIEW, expires_at=now),
            "revoked key": self._key("key_xrevoked", Right.VIEW, revoked_at=now),
            "replaced secret": replaced,
            "unknown key": token_of(KEY_PREFIX, "key_xunknown", "secret"),
            "no token of ours": "Bearer",
            "bytes from hell": "mck_\x00_\U0001f4a9#" + "x" * 3000,
        }

    def _replace_secret(self, key: str, until: Any) -> None:
        record = self.world.directory.api_key(self.world.workspace, key)
        ended = replace(record.secrets[0], valid_until=until)
        self.world.changes.keep(replace(record, secrets=(ended,)))
