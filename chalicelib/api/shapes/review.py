"""The review of a campaign (SPEC 4.2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.shapes import FieldProblem
from chalicelib.api.shapes.campaigns import ContentOut, content
from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.survey import NOTHING
from chalicelib.sms.parts import MAX_PARTS, Encoding
from chalicelib.usecases.surveying import Progress

if TYPE_CHECKING:
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.schedule import Outline
    from chalicelib.usecases import review as reviews
    from chalicelib.usecases.screening import Screened


class ScreeningOut(msgspec.Struct, frozen=True):
    """How far counting the suppressed is. A count is made anew when numbers were added or lifted
    since, or after an hour; until then `suppressed` is the older one.
    """

    progress: Progress
    recipients: int
    counted: Annotated[int, Meta(description="Recipients that were looked at so far.")]
    counted_at: Annotated[datetime | None, Meta(description="The moment of which `suppressed` is.")]


class CountsOut(msgspec.Struct, frozen=True):
    """Lines of the list's file, and recipients that are left out."""

    valid: int
    duplicate: int
    invalid: Annotated[dict[str, int], Meta(description="By reason.", examples=[{"too_short": 2}])]
    suppressed: Annotated[
        int | None,
        Meta(
            description=(
                "Recipients who want no messages; null while they are being counted. Who is left "
                "out is decided anew when the campaign is built, and when it is sent."
            )
        ),
    ]
    emptied: Annotated[
        dict[str, int],
        Meta(
            description="Values that are too long or not readable and count as empty, by column.",
            examples=[{"name": 1}],
        ),
    ]
    screening: Annotated[ScreeningOut | None, Meta(description="Of a list that is ready.")]


class SampleOut(msgspec.Struct, frozen=True):
    """A text as it is sent, values filled in and transliterated if that is asked for."""

    text: Annotated[str, Meta(examples=["Hello Zoë, 20% off everything until Sunday."])]
    encoding: Encoding
    characters: int
    units: Annotated[
        int,
        Meta(description="Septets of gsm7, or 16-bit words of ucs2."),
    ]
    parts: int
    fits: Annotated[bool, Meta(description=f"Whether it can be sent: {MAX_PARTS} parts at most.")]


class PartsOut(msgspec.Struct, frozen=True):
    parts: int
    recipients: int


class SpreadOut(msgspec.Struct, frozen=True):
    """How a personalised text comes out over the list: counted, not estimated. While `progress` is
    not `complete` it is of the recipients that were counted so far.
    """

    progress: Progress
    recipients: int
    counted: int
    by_parts: Annotated[list[PartsOut], Meta(description="How many recipients get how many parts.")]
    by_encoding: Annotated[
        dict[str, int],
        Meta(
            description="In which encoding those are who can get theirs.",
            examples=[{"gsm7": 9_990, "ucs2": 10}],
        ),
    ]
    too_long: Annotated[
        int, Meta(description=f"Recipients whose text takes more than {MAX_PARTS} parts.")
    ]
    empty: Annotated[int, Meta(description="Recipients whose text has nothing in it.")]
    gaps: Annotated[
        dict[str, int],
        Meta(
            description="Recipients without a value for a field that has no default, by field.",
            examples=[{"name": 12}],
        ),
    ]


class DayOut(msgspec.Struct, frozen=True):
    """A local day that gets recipients."""

    date: date
    recipients: int
    begins_at: datetime
    ends_at: datetime


class PlanOut(msgspec.Struct, frozen=True):
    """A forecast: others may take their share of the channel and of the workspace's limit."""

    fits: bool
    objection: Annotated[str | None, Meta(description="Why it does not fit, and what would.")]
    final: Annotated[
        bool, Meta(description="Whether it is made with the parts of all messages counted.")
    ]
    begins_at: datetime | None
    finishes_at: datetime | None
    messages_per_second: Annotated[float, Meta(description="When it is busiest.")]
    left: Annotated[int, Meta(description="Recipients that do not fit.")]
    days: list[DayOut]


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What a moderator decides on. `digest` names it: a decision sends it back as `shown`.

    `text` is what everybody gets; of a personalised text, who has no value at all. `parts` are of
    all messages, null while they are not known; of a personalised text, those of the suppressed are
    among them.
    """

    id: str
    author: str
    status: Status
    approval: Approval
    digest: str | None
    # The address that recipients see.
    address: str
    content: ContentOut
    # Null without a list.
    counts: CountsOut | None
    columns: Annotated[list[str], Meta(description="What the text's fields can name.")]
    text: SampleOut | None
    spread: Annotated[
        SpreadOut | None, Meta(description="Of a personalised text whose list is ready.")
    ]
    samples: Annotated[list[SampleOut], Meta(max_length=5)]
    parts: int | None
    # Null without a channel.
    plan: PlanOut | None
    problems: Annotated[
        list[FieldProblem], Meta(description="What keeps it from being submitted now.")
    ]


def review(item: reviews.Review) -> Review:
    campaign = item.campaign
    return Review(
        id=campaign.id,
        author=campaign.author,
        status=campaign.status,
        approval=campaign.approval,
        digest=campaign.digest,
        address=campaign.address,
        content=content(campaign.content),
        counts=_counts(item.list, item.screened) if item.list else None,
        columns=list(item.list.columns) if item.list else [],
        text=_sample(item.text) if item.text else None,
        spread=_spread(item.spread) if item.spread else None,
        samples=list(map(_sample, item.samples)),
        parts=item.parts,
        plan=_plan(item.plan, final=item.parts is not None) if item.plan else None,
        problems=[FieldProblem(each.field, each.message) for each in item.problems],
    )


def _counts(item: RecipientList, screened: Screened | None) -> CountsOut:
    counts = item.counts
    return CountsOut(
        valid=counts.valid,
        duplicate=counts.duplicate,
        invalid=dict(counts.invalid),
        suppressed=screened.suppressed if screened else None,
        emptied=dict(counts.emptied),
        screening=_screening(screened) if screened else None,
    )


def _screening(item: Screened) -> ScreeningOut:
    return ScreeningOut(item.progress, item.recipients, item.counted, item.counted_at)


def _sample(item: reviews.Sample) -> SampleOut:
    measure = item.measure
    return SampleOut(
        text=item.text,
        encoding=measure.encoding,
        characters=measure.characters,
        units=measure.units,
        parts=measure.parts,
        fits=item.fits,
    )


def _spread(item: reviews.Spread) -> SpreadOut:
    survey = item.survey
    by_parts = survey.by_parts if survey else {}
    return SpreadOut(
        progress=item.progress,
        recipients=item.recipients,
        counted=survey.counted if survey else 0,
        by_parts=[PartsOut(parts, by_parts[parts]) for parts in sorted(by_parts) if parts],
        by_encoding=dict(survey.by_encoding) if survey else {},
        too_long=survey.too_long if survey else 0,
        empty=by_parts.get(NOTHING, 0),
        gaps=dict(survey.empty) if survey else {},
    )


def _plan(item: Outline, *, final: bool) -> PlanOut:
    return PlanOut(
        fits=item.fits,
        objection=item.objection,
        final=final,
        begins_at=item.begins_at,
        finishes_at=item.finishes_at,
        messages_per_second=round(float(item.rate), 3),
        left=item.left,
        days=[DayOut(day.date, day.recipients, day.begins_at, day.ends_at) for day in item.days],
    )
