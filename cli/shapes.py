"""What the API answers, as far as `mc` reads it. `--json` prints the answers whole."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Json = dict[str, Any]


class FieldError(TypedDict):
    field: str
    message: str


class ProblemDocument(TypedDict):
    type: str
    title: str
    status: int
    detail: NotRequired[str]
    request_id: NotRequired[str]
    errors: NotRequired[list[FieldError]]


class User(TypedDict):
    id: str
    email: str
    name: str


class Standing(TypedDict):
    role: str
    is_moderator: bool


class Membership(Standing):
    id: str


class Person(TypedDict):
    user: User
    workspaces: list[Membership]


class SignedIn(Person):
    token: str
    # Null where the one that was sent is known.
    device: str | None
    expires_at: str


class Seat(Standing):
    workspace: str
    user: str


class Member(Standing):
    user: str
    name: str
    # Null for those who do not administer the workspace.
    email: str | None
    created_at: str


class Invitation(Standing):
    id: str
    email: str
    status: str
    expires_at: str


class Workspace(TypedDict):
    id: str
    name: str
    time_zone: str


class Sender(TypedDict):
    id: str
    name: str
    current_revision: int | None
    created_at: str
    archived_at: str | None


class Revision(TypedDict):
    sender: str
    number: int
    status: str
    address: str
    channel: str
    use: str
    digest: str
    decision: Decision | None


class Counts(TypedDict):
    valid: int
    duplicate: int
    invalid: dict[str, int]


class Screening(TypedDict):
    counted: int
    recipients: int
    counted_at: str | None


class ReviewCounts(Counts):
    suppressed: int | None
    screening: Screening | None


class Progress(TypedDict):
    octets: int
    size: int
    lines: int
    recipients: int
    stored: int
    share: float
    lines_per_second: float
    begun_at: str
    ends_at: str | None


class RecipientList(TypedDict):
    id: str
    name: str
    status: str
    author: str
    size: int
    parts: int
    part_bytes: int
    counts: Counts
    digest: str | None
    failure: str | None
    created_at: str
    purpose: str
    default_country: str | None
    number_column: str | None
    sha256: str | None
    # Null unless its lines are being read.
    progress: Progress | None


class Erasure(TypedDict):
    id: str
    ctn_hash: str
    status: str
    keep_suppressed: bool
    asked_by: str
    lists: int
    erased: int
    waiting: list[str]
    suppressed: str | None
    created_at: str
    finished_at: str | None


class Added(TypedDict):
    added: int
    already: int


class Lifted(TypedDict):
    lifted: int
    already: int


class Suppression(TypedDict):
    number: str
    ctn_hash: str
    source: str
    at: str
    by: str
    note: str
    lifted: bool


class SuppressionPage(TypedDict):
    items: list[Suppression]
    next: str | None


class Verdict(TypedDict):
    number: str
    ctn_hash: str
    suppressed: bool
    entry: Suppression | None
    lists: list[str]
    for_all: bool


class SuppressionList(TypedDict):
    list: str
    # Name and numbers are not in the answer to a withdrawal.
    name: str
    numbers: int
    at: str
    withdrawn_at: str | None


class Decision(TypedDict):
    by: str
    at: str
    note: str


class Totals(TypedDict):
    """Recipients by state; the states add up to `total`."""

    total: int
    pending: int
    sent: int
    delivered: int
    failed: int
    unknown: int
    suppressed: int
    expired: int
    cancelled: int
    segments: int
    in_doubt: int


class CampaignLine(TypedDict):
    """As lists show it."""

    id: str
    name: str
    mode: str
    author: str
    address: str
    status: str
    approval: str
    missed_start: bool
    recipients: int
    created_at: str
    starts_at: str | None


class Campaign(TypedDict):
    id: str
    name: str
    mode: str
    text: str
    sender: str | None
    revision: int | None
    address: str
    list: str | None
    start_at: str | None
    date_from: str | None
    date_to: str | None
    auto_start: bool
    author: str
    status: str
    approval: str
    digest: str | None
    decision: Decision | None
    missed_start: bool
    pause_reason: str | None
    recipients: int
    failure: str | None
    created_at: str
    started_at: str | None
    sent_at: str | None
    finished_at: str | None
    # Null where the campaign was only changed, not asked for.
    totals: Totals | None


class Sample(TypedDict):
    text: str
    encoding: str
    characters: int
    parts: int


class PartsCount(TypedDict):
    parts: int
    recipients: int


class Spread(TypedDict):
    """How a personalised text comes out over the list."""

    progress: str
    recipients: int
    counted: int
    by_parts: list[PartsCount]
    too_long: int
    gaps: dict[str, int]


class Plan(TypedDict):
    fits: bool
    objection: str | None
    begins_at: str | None
    finishes_at: str | None
    messages_per_second: float
    days: list[Json]


class Review(TypedDict):
    id: str
    author: str
    status: str
    approval: str
    digest: str | None
    address: str
    content: Json
    # Null without a list.
    counts: ReviewCounts | None
    text: Sample | None
    # Of personalised texts alone.
    spread: Spread | None
    samples: list[Sample]
    parts: int | None
    plan: Plan | None
    problems: list[FieldError]


class QueueItem(TypedDict):
    kind: str
    object: str
    # Of a sender; null for campaigns.
    revision: int | None
    author: str
    title: str
    submitted_at: str
    recipients: int


class ErrorLine(TypedDict):
    space: str
    code: int
    name: str
    meaning: str


class Part(TypedDict):
    state: str
    message_id: str
    submitted_at_ms: int | None
    reported_at_ms: int | None
    error: ErrorLine | None


class Recipient(TypedDict):
    number: str
    ctn_hash: str
    state: str
    parts: list[Part]


class RecipientPage(TypedDict):
    items: list[Recipient]
    next: str | None
