"""The review: what a moderator sees before deciding, and an author before submitting (SPEC 4.2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.campaign import Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Conflict, NotFound, Problem, Unavailable
from chalicelib.domain.rights import Right
from chalicelib.domain.schedule import outline, plan_request
from chalicelib.domain.submission import common_text, is_personal, problems_of
from chalicelib.domain.survey import NOTHING
from chalicelib.sms.parts import MAX_PARTS, TooLong, measure
from chalicelib.usecases.surroundings import surroundings
from chalicelib.usecases.surveying import AT_ONCE, Progress, is_under_way, subject_of

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.content import Content
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.schedule import Outline
    from chalicelib.domain.submission import Surroundings
    from chalicelib.domain.survey import Survey
    from chalicelib.sms.parts import Measure
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.ports import Campaigns, Clock, Delivery, Directory, Surveys
    from chalicelib.usecases.screening import Screened, Screener
    from chalicelib.usecases.surveying import Subject, Surveyor


@dataclass(frozen=True, slots=True)
class Sample:
    """A text as it is sent, and what that takes."""

    text: str
    measure: Measure

    @property
    def fits(self) -> bool:
        return self.measure.parts <= MAX_PARTS


@dataclass(frozen=True, slots=True)
class Spread:
    """How a personalised text comes out over the list, as far as it was counted."""

    progress: Progress
    recipients: int
    survey: Survey | None


@dataclass(frozen=True, slots=True)
class Review:
    campaign: Campaign
    # None: none was chosen, or it is not there any more.
    list: RecipientList | None
    # How many of the list want no messages. None: it is not ready.
    screened: Screened | None
    # What everybody gets; of a personalised text, who has no value at all. None: there is no text.
    text: Sample | None
    # Of personalised texts with a list that is ready.
    spread: Spread | None
    samples: tuple[Sample, ...]
    # Parts of all messages; None: they are not known yet, or not all of them can be sent. Those of
    # who wants none are left out where everybody gets the same.
    parts: int | None
    # None: there is no channel to plan for.
    plan: Outline | None
    # What submitting would refuse now; nothing once that is over.
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Reviews:
    directory: Directory
    campaigns: Campaigns
    delivery: Delivery
    surveyor: Surveyor
    screener: Screener
    surveys: Surveys
    clock: Clock

    def review(self, caller: Caller, campaign_id: str) -> Review:
        caller.must(Right.VIEW)
        campaign = self.campaigns.campaign(caller.workspace, campaign_id)
        if campaign.archived_at is not None:
            caller.must(Right.VIEW_ARCHIVE)
        content = campaign.content
        around = surroundings(
            self.directory,
            self.delivery,
            self.campaigns,
            campaign.workspace,
            content,
            self.clock.now(),
        )
        text = _common(content)
        spread = self._spread(campaign, around.list)
        screened = self.screener.look(around.list, self.surveys) if around.list else None
        wanted = _recipients(around, screened)
        plan = _plan(campaign, around, wanted, _parts_each(text, spread))
        return Review(
            campaign=campaign,
            list=around.list,
            screened=screened,
            text=text,
            spread=spread,
            samples=_samples(text, spread),
            parts=_parts(text, spread, wanted),
            plan=plan,
            problems=_problems(campaign, around, plan),
        )

    def must_be_complete(self, campaign: Campaign) -> None:
        """Raise Conflict unless every recipient's text was counted and can be sent."""
        content = campaign.content
        if content.mode is Mode.TRIGGER or content.list is None or not is_personal(content):
            return
        try:
            recipients = self.campaigns.recipient_list(campaign.workspace, content.list)
        except NotFound:
            raise Conflict("Its list is not there any more.") from None
        spread = self._spread(campaign, recipients)
        if spread is None:
            raise Conflict(f"Its list is {recipients.status}.")
        if spread.survey is None or spread.progress is not Progress.COMPLETE:
            raise Conflict("The texts are still being counted: try again in a moment.")
        long, empty = spread.survey.too_long, spread.survey.by_parts.get(NOTHING, 0)
        if long:
            raise Conflict(
                f"The text takes more than {MAX_PARTS} parts for {long} of the recipients: "
                "shorten it."
            )
        if empty:
            raise Conflict(
                f"The text is empty for {empty} of the recipients: give its fields defaults."
            )

    def _spread(self, campaign: Campaign, recipients: RecipientList | None) -> Spread | None:
        """Short lists are counted now, others elsewhere unless somebody is at it."""
        subject = subject_of(campaign.content, recipients)
        if subject is None:
            return None
        survey = self._survey(campaign, subject)
        count = subject.list.counts.valid
        if survey is None and count <= AT_ONCE:
            # Another request may be first. What is missing of a list, functions/survey reports.
            with suppress(NotFound):
                self.surveyor.survey(campaign.workspace, campaign.id)
            survey = self._survey(campaign, subject)
        if survey is not None and survey.complete:
            return Spread(Progress.COMPLETE, count, survey)
        if survey is not None and is_under_way(survey, self.clock.now()):
            return Spread(Progress.COUNTING, count, survey)
        # Who asks again asks for it again.
        with suppress(Unavailable):
            self.surveys.request(campaign.workspace, campaign.id)
        return Spread(Progress.NONE, count, survey)

    def _survey(self, campaign: Campaign, subject: Subject) -> Survey | None:
        survey = self.campaigns.survey(campaign.workspace, campaign.id)
        return survey if survey is not None and survey.digest == subject.digest else None


def _common(content: Content) -> Sample | None:
    return sample_of(common_text(content)) if content.text.strip() else None


def sample_of(text: str) -> Sample:
    try:
        return Sample(text, measure(text))
    except TooLong as error:
        return Sample(text, error.measure)


def _samples(text: Sample | None, spread: Spread | None) -> tuple[Sample, ...]:
    if spread is None:
        return (text,) if text else ()
    return tuple(map(sample_of, spread.survey.samples)) if spread.survey else ()


def _recipients(around: Surroundings, screened: Screened | None) -> int | None:
    """Who are to get a message, as far as is known; None: there is no list that is ready."""
    if around.list is None or screened is None:
        return None
    return around.list.counts.valid - (screened.suppressed or 0)


def _parts(text: Sample | None, spread: Spread | None, recipients: int | None) -> int | None:
    if spread is None:
        known = text is not None and text.fits and recipients is not None
        return text.measure.parts * (recipients or 0) if text is not None and known else None
    survey = spread.survey
    if survey is None or spread.progress is not Progress.COMPLETE or survey.too_long:
        return None
    return survey.parts


def _parts_each(text: Sample | None, spread: Spread | None) -> Fraction:
    """In the mean; while nothing was counted, those of the text without values."""
    if spread is not None and spread.survey is not None:
        sendable = sum(spread.survey.by_parts.values())
        if sendable:
            return Fraction(spread.survey.parts, sendable)
    return Fraction(text.measure.parts if text else 1)


def _plan(
    campaign: Campaign, around: Surroundings, recipients: int | None, parts: Fraction
) -> Outline | None:
    """As of its start, once it has started."""
    if around.channel is None:
        return None
    return outline(
        plan_request(
            campaign.content,
            around.workspace,
            around.channel.rate,
            recipients or 0,
            parts,
            campaign.started_at or around.now,
        )
    )


def _problems(
    campaign: Campaign, around: Surroundings, plan: Outline | None
) -> tuple[Problem, ...]:
    if campaign.status is not Status.NEW or campaign.archived_at is not None:
        return ()
    problems = problems_of(campaign.content, around)
    if not problems and plan is not None and plan.objection:
        name = "date_to" if campaign.content.mode is Mode.SPREAD else "deadline"
        problems.append(Problem(name, plan.objection))
    return tuple(problems)
