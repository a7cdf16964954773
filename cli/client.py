"""The HTTP API as typed calls. Whatever is not an answer leaves as one of `cli.errors`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

from cli.errors import BadAnswer, BucketRefused, NotSignedIn, Refused, Unreachable, UsageError
from cli.transport import HttpTransport, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cli import shapes

ACCEPT = "/v1/invitations/accept"
PAGE = 200
NUMBERS_PER_CALL = 1000
TRIES = 3
PAUSE = 0.5
_UNAUTHORIZED = 401
_REFUSALS = 400
_UPLOADED = 200
_NOTHING = 204  # it is done, and there is nothing to say


@dataclass(slots=True)
class Client:
    url: str
    token: str | None = None
    workspace: str | None = None
    transport: Transport = field(default_factory=HttpTransport)

    # --- people ---

    def sign_in(
        self, email: str, password: str, *, code: str | None = None, device: str | None = None
    ) -> shapes.SignedIn:
        """`code` is the second factor's; `device` is what an earlier sign-in answered."""
        given = {"email": email, "password": password, "code": code, "device": device}
        sent = {name: value for name, value in given.items() if value is not None}
        # A wrong password is the server's refusal; "sign in again" would be no help here.
        answer = cast("shapes.SignedIn", self._call("POST", "/v1/sign-in", sent, anonymous=True))
        self.token = answer["token"]
        return answer

    def sign_out(self) -> None:
        self._call("POST", "/v1/sign-out", {})

    def me(self) -> shapes.Person:
        return cast("shapes.Person", self._call("GET", "/v1/me"))

    def accept(self, token: str) -> shapes.Seat:
        """Take an invitation as who is signed in."""
        return cast("shapes.Seat", self._call("POST", ACCEPT, {"token": token}))

    def accept_as_new(self, token: str, name: str, password: str) -> shapes.Seat:
        """Take an invitation, and get an account by it."""
        given = {"token": token, "name": name, "password": password}
        return cast("shapes.Seat", self._call("POST", ACCEPT, given, anonymous=True))

    def invite(self, email: str, role: str, *, is_moderator: bool) -> shapes.Invitation:
        new = {"email": email, "role": role, "is_moderator": is_moderator}
        return cast("shapes.Invitation", self._here("POST", "/invitations", new))

    def members(self) -> Iterator[shapes.Member]:
        return cast("Iterator[shapes.Member]", self._all("/members"))

    def create_workspace(self, name: str, time_zone: str, admin_email: str) -> shapes.Workspace:
        new = {"name": name, "time_zone": time_zone, "admin_email": admin_email}
        post = partial(self._call, "POST", "/v1/installation/workspaces", new)
        return cast("shapes.Workspace", _once(post))

    # --- senders ---

    def senders(self) -> Iterator[shapes.Sender]:
        return cast("Iterator[shapes.Sender]", self._all("/senders"))

    def create_sender(self, name: str) -> shapes.Sender:
        return cast("shapes.Sender", self._make("/senders", {"name": name}))

    def revisions(self, sender: str) -> list[shapes.Revision]:
        answer = self._here("GET", f"/senders/{_safe(sender)}/revisions")
        return cast("list[shapes.Revision]", answer["items"])

    def add_revision(self, sender: str, address: str, channel: str, use: str) -> shapes.Revision:
        new = {"address": address, "channel": channel, "use": use}
        return cast("shapes.Revision", self._make(f"/senders/{_safe(sender)}/revisions", new))

    def act_on_revision(
        self, sender: str, number: int, action: str, body: shapes.Json | None = None
    ) -> shapes.Revision:
        """`action` is submit, withdraw, approve, reject, archive or restore."""
        path = f"/senders/{_safe(sender)}/revisions/{number}/{action}"
        return cast("shapes.Revision", self._here("POST", path, body or {}))

    def decide_revision(
        self, sender: str, number: int, *, approve: bool, note: str = ""
    ) -> shapes.Revision:
        """On what is there to be read now."""
        shown = self._here("GET", f"/senders/{_safe(sender)}/revisions/{number}")["digest"]
        action = "approve" if approve else "reject"
        return self.act_on_revision(sender, number, action, {"digest": shown, "note": note})

    # --- lists ---

    def begin_list(self, new: shapes.Json) -> shapes.RecipientList:
        return cast("shapes.RecipientList", self._make("/lists", new))

    def part_urls(self, list_id: str, numbers: Sequence[int]) -> dict[int, str]:
        answer = self._here("POST", f"/lists/{_safe(list_id)}/parts", {"parts": list(numbers)})
        return {part["part"]: part["url"] for part in answer["parts"]}

    def parts(self, list_id: str) -> dict[int, int]:
        """Lengths of the parts that have arrived."""
        answer = self._here("GET", f"/lists/{_safe(list_id)}/parts")
        return {part["part"]: part["size"] for part in answer["parts"]}

    def put_part(self, url: str, blocks: Iterator[bytes], size: int) -> None:
        """To the bucket, not to the API: the address itself is the permission."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        answer = self.transport.request("PUT", url, headers, blocks)
        if answer.status != _UPLOADED:
            raise BucketRefused(answer.status)

    def complete_list(self, list_id: str) -> shapes.RecipientList:
        answer = self._here("POST", f"/lists/{_safe(list_id)}/complete", {})
        return cast("shapes.RecipientList", answer)

    def abort_list(self, list_id: str) -> shapes.RecipientList:
        answer = self._here("POST", f"/lists/{_safe(list_id)}/abort", {})
        return cast("shapes.RecipientList", answer)

    def recipient_list(self, list_id: str) -> shapes.RecipientList:
        return cast("shapes.RecipientList", self._here("GET", f"/lists/{_safe(list_id)}"))

    def lists(self) -> Iterator[shapes.RecipientList]:
        return cast("Iterator[shapes.RecipientList]", self._all("/lists"))

    def delete_list(self, list_id: str) -> None:
        self._here("DELETE", f"/lists/{_safe(list_id)}")

    # --- erasures ---

    def begin_erasure(self, number: str, *, keep_suppressed: bool) -> shapes.Erasure:
        new = {"number": number, "keep_suppressed": keep_suppressed}
        return cast("shapes.Erasure", self._make("/erasures", new))

    def erasure(self, erasure: str) -> shapes.Erasure:
        return cast("shapes.Erasure", self._here("GET", f"/erasures/{_safe(erasure)}"))

    def erasures(self) -> Iterator[shapes.Erasure]:
        return cast("Iterator[shapes.Erasure]", self._all("/erasures"))

    # --- suppression ---

    def suppress(self, numbers: Sequence[str], note: str) -> shapes.Added:
        new = {"numbers": list(numbers), "note": note}
        return cast("shapes.Added", self._here("POST", "/suppressions", new))

    def lift_suppressions(self, numbers: Sequence[str]) -> shapes.Lifted:
        answer = self._here("POST", "/suppressions/lift", {"numbers": list(numbers)})
        return cast("shapes.Lifted", answer)

    def check_suppression(self, number: str) -> shapes.Verdict:
        answer = self._here("POST", "/suppressions/look-up", {"number": number})
        return cast("shapes.Verdict", answer)

    def suppressions(
        self, numbers: str, *, after: str | None = None, limit: int = PAGE
    ) -> shapes.SuppressionPage:
        path = f"/suppressions{_query(after, limit, {'numbers': numbers})}"
        return cast("shapes.SuppressionPage", self._here("GET", path))

    def every_suppression(self, numbers: str) -> Iterator[shapes.Suppression]:
        found = self._all("/suppressions", {"numbers": numbers})
        return cast("Iterator[shapes.Suppression]", found)

    def suppression_lists(self) -> Iterator[shapes.SuppressionList]:
        return cast("Iterator[shapes.SuppressionList]", self._all("/suppression-lists"))

    def withdraw_suppression_list(self, list_id: str) -> shapes.SuppressionList:
        answer = self._here("POST", f"/suppression-lists/{_safe(list_id)}/withdraw", {})
        return cast("shapes.SuppressionList", answer)

    # --- campaigns ---

    def create_campaign(self, written: shapes.Json) -> shapes.Campaign:
        return cast("shapes.Campaign", self._make("/campaigns", written))

    def edit_campaign(self, campaign: str, written: shapes.Json) -> shapes.Campaign:
        answer = self._here("PATCH", f"/campaigns/{_safe(campaign)}", written)
        return cast("shapes.Campaign", answer)

    def clone_campaign(self, campaign: str, name: str | None) -> shapes.Campaign:
        path = f"/campaigns/{_safe(campaign)}/clone"
        return cast("shapes.Campaign", self._make(path, {"name": name} if name else {}))

    def campaign(self, campaign: str) -> shapes.Campaign:
        return cast("shapes.Campaign", self._here("GET", f"/campaigns/{_safe(campaign)}"))

    def campaigns(self, **filters: str) -> Iterator[shapes.CampaignLine]:
        return cast("Iterator[shapes.CampaignLine]", self._all("/campaigns", filters))

    def act(self, campaign: str, action: str, body: shapes.Json | None = None) -> shapes.Campaign:
        """`action` is submit, withdraw, start, pause, resume, cancel, archive, restore, release."""
        answer = self._here("POST", f"/campaigns/{_safe(campaign)}/{action}", body or {})
        return cast("shapes.Campaign", answer)

    def decide(
        self, campaign: str, *, approve: bool, note: str = "", shown: str | None = None
    ) -> shapes.Campaign:
        """`shown` is the digest of what was read; without it, of what is there to be read now."""
        digest = shown or self.campaign(campaign)["digest"]
        body = {"note": note} | ({"digest": digest} if digest else {})
        return self.act(campaign, "approve" if approve else "reject", body)

    def review(self, campaign: str) -> shapes.Review:
        answer = self._here("GET", f"/campaigns/{_safe(campaign)}/review")
        return cast("shapes.Review", answer)

    def queue(self) -> Iterator[shapes.QueueItem]:
        return cast("Iterator[shapes.QueueItem]", self._all("/moderation"))

    def recipients(
        self, campaign: str, *, after: str | None = None, limit: int = PAGE
    ) -> shapes.RecipientPage:
        path = f"/campaigns/{_safe(campaign)}/recipients{_query(after, limit)}"
        return cast("shapes.RecipientPage", self._here("GET", path))

    def every_recipient(self, campaign: str) -> Iterator[shapes.Recipient]:
        path = f"/campaigns/{_safe(campaign)}/recipients"
        return cast("Iterator[shapes.Recipient]", self._all(path))

    # --- underneath ---

    def _all(self, path: str, filters: Mapping[str, str] | None = None) -> Iterator[shapes.Json]:
        after: str | None = None
        while True:
            page = self._here("GET", path + _query(after, PAGE, filters))
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def _make(self, path: str, new: shapes.Json) -> shapes.Json:
        return _once(partial(self._here, "POST", path, new))

    def _here(
        self, method: str, path: str, body: shapes.Json | None = None, *, key: str | None = None
    ) -> shapes.Json:
        if self.token is None:
            raise NotSignedIn("Sign in first: mc sign-in.")
        if self.workspace is None:
            raise UsageError("You are in several workspaces: name one with --workspace.")
        return self._call(method, f"/v1/workspaces/{_safe(self.workspace)}{path}", body, key=key)

    def _call(
        self,
        method: str,
        path: str,
        body: shapes.Json | None = None,
        *,
        anonymous: bool = False,
        key: str | None = None,
    ) -> shapes.Json:
        headers = {"Accept": "application/json", "User-Agent": "mc"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if self.token is not None and not anonymous:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        url = self.url.rstrip("/") + path
        answer = self.transport.request(method, url, headers, data)
        document = {} if answer.status == _NOTHING else _document(answer.body)
        if answer.status == _UNAUTHORIZED and not anonymous:
            raise NotSignedIn("Your session has ended: sign in again with mc sign-in.")
        if document is None or (answer.status >= _REFUSALS and "title" not in document):
            raise BadAnswer(self.url, answer.status)
        if answer.status >= _REFUSALS:
            problem = cast("shapes.ProblemDocument", document)
            raise Refused(answer.status, problem, answer.retry_after)
        return document


def _once(post: Callable[..., shapes.Json]) -> shapes.Json:
    """Make it once, even if an answer is lost: the key tells the server of a repetition."""
    key = uuid4().hex
    for _ in range(TRIES - 1):
        try:
            return post(key=key)
        except Unreachable:
            time.sleep(PAUSE)
    return post(key=key)


def _document(body: bytes) -> shapes.Json | None:
    try:
        document: Any = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _safe(part: str) -> str:
    return quote(part, safe="")


def _query(after: str | None, limit: int, filters: Mapping[str, str] | None = None) -> str:
    given = {"limit": str(limit), **(filters or {})} | ({"after": after} if after else {})
    return "?" + urlencode(given)
