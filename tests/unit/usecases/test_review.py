"""The review: what a moderator is shown, and when nobody may approve yet (SPEC 4.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from chalicelib.domain.campaign import Approval, Status
from chalicelib.domain.content import Mode
from chalicelib.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from chalicelib.domain.recipient_list import ListCounts, ListStatus
from chalicelib.sms.parts import Encoding
from chalicelib.usecases import review as reviewing
from chalicelib.usecases import surveying
from chalicelib.usecases.drafting import ContentChanges
from chalicelib.usecases.screening import Screened
from chalicelib.usecases.surveying import GONE_AFTER, Progress, Surveyor
from tests.fakes.services import FakeSurveys
from tests.fakes.world import World

if TYPE_CHECKING:
    from chalicelib.domain.campaign import Campaign
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.review import Review

NAMES = ["Anna", "", "Łukasz", "x" * 200]
NUMBERS = [447_700_900_000 + place for place in range(len(NAMES))]
TEXT = "Hello {{name}}!"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four recipients are too many to be counted within a request."""
    monkeypatch.setattr(reviewing, "AT_ONCE", 3)
    monkeypatch.setattr(surveying, "AT_ONCE", 3)


def listed(world: World, **changes: object) -> RecipientList:
    recipients = world.ready_list(NUMBERS, per_chunk=2, columns={"name": NAMES})
    changed = replace(recipients, **changes)  # type: ignore[arg-type]
    world.records.put(changed)
    return changed


def drafted(world: World, text: str = TEXT, **changes: object) -> Campaign:
    return world.draft(**{"text": text, "list": listed(world).id, **changes})


def review(world: World, campaign: Campaign) -> Review:
    return world.api.reviews.review(world.author, campaign.id)


def count(world: World, campaign: Campaign) -> None:
    made = Surveyor(world.campaigns, world.blobs, world.changes, world.clock)
    assert made.survey(world.workspace, campaign.id)


def of_list(world: World, campaign: Campaign) -> RecipientList:
    return world.campaigns.recipient_list(world.workspace, campaign.content.list or "")


def test_a_text_for_everybody_is_shown_with_counts_and_plan(world: World) -> None:
    counts = ListCounts(4, 2, {"empty": 1, "too_short": 3}, emptied={"name": 1})
    campaign = drafted(world, "Hello €", list=listed(world, counts=counts).id)

    found = review(world, campaign)

    assert found.campaign == campaign
    assert found.campaign.address == "ACME"
    assert found.list is not None
    assert found.list.counts == counts
    now = world.clock.now()
    assert found.screened == Screened(Progress.COMPLETE, 4, 4, suppressed=0, counted_at=now)
    assert found.text is not None
    assert (found.text.text, found.text.fits) == ("Hello €", True)
    measure = found.text.measure
    assert (measure.encoding, measure.characters, measure.units, measure.parts) == (
        Encoding.GSM7,
        7,
        8,
        1,
    )
    assert (found.samples, found.spread, found.parts) == ((found.text,), None, 4)
    assert found.plan is not None
    assert found.plan.recipients == 4
    assert found.plan.begins_at == world.clock.now()
    assert found.plan.rate == Fraction(70) * Fraction("0.997")
    assert found.problems == ()
    assert world.surveys.requested == []


def test_a_personal_text_is_counted_over_a_short_list_at_once(world: World) -> None:
    campaign = drafted(world)

    found = review(world, campaign)

    assert found.spread is not None
    assert (found.spread.progress, found.spread.recipients) == (Progress.COMPLETE, 4)
    assert found.spread.survey is not None
    assert found.spread.survey.by_parts == {1: 3, 2: 1}
    assert found.parts == 5
    assert [sample.text for sample in found.samples] == [
        f"Hello {'x' * 200}!",
        "Hello !",
        "Hello Łukasz!",
        "Hello Anna!",
    ]
    assert [sample.measure.parts for sample in found.samples] == [2, 1, 1, 1]
    assert found.text is not None
    assert found.text.text == "Hello !"
    # A message takes 5/4 parts in the mean.
    assert found.plan is not None
    assert found.plan.rate == Fraction(70) * Fraction("0.997") * Fraction(4, 5)
    assert world.surveys.requested == []
    # The next look counts nothing.
    world.blobs.objects.clear()
    assert review(world, campaign) == found


@pytest.mark.usefixtures("long_list")
def test_a_long_list_is_counted_elsewhere(world: World) -> None:
    campaign = drafted(world)

    first = review(world, campaign)

    assert first.spread is not None
    assert (first.spread.progress, first.spread.survey) == (Progress.NONE, None)
    assert (first.samples, first.parts) == ((), None)
    assert world.surveys.requested == [(world.workspace, campaign.id)]
    # Planned meanwhile with the text as it is without values.
    assert first.plan is not None
    assert first.plan.rate == Fraction(70) * Fraction("0.997")

    count(world, campaign)
    last = review(world, campaign)
    assert last.spread is not None
    assert (last.spread.progress, last.parts) == (Progress.COMPLETE, 5)
    assert len(last.samples) == 4
    assert len(world.surveys.requested) == 1


@pytest.mark.usefixtures("long_list")
def test_while_it_is_counted_it_shows_how_far(world: World) -> None:
    campaign = drafted(world)
    count(world, campaign)
    whole = world.campaigns.survey(world.workspace, campaign.id)
    assert whole is not None
    world.records.put(replace(whole, counted=2, by_parts={2: 2}))

    found = review(world, campaign)

    assert found.spread is not None
    assert (found.spread.progress, found.parts) == (Progress.COUNTING, None)
    assert found.samples
    assert found.plan is not None
    assert found.plan.rate == Fraction(70) * Fraction("0.997") / 2
    assert world.surveys.requested == []
    # It was begun, and nothing is counted yet.
    world.records.put(replace(whole, counted=0, by_parts={}, samples=()))
    begun = review(world, campaign)
    assert begun.plan is not None
    assert begun.plan.rate == Fraction(70) * Fraction("0.997")
    # Nobody is at it any more.
    world.clock.advance(GONE_AFTER)
    stalled = review(world, campaign)
    assert stalled.spread is not None
    assert stalled.spread.progress is Progress.NONE
    assert world.surveys.requested == [(world.workspace, campaign.id)]


@pytest.mark.usefixtures("long_list")
def test_a_survey_of_another_text_does_not_count(world: World) -> None:
    campaign = drafted(world)
    count(world, campaign)
    world.api.drafting.edit(world.author, campaign.id, ContentChanges(text="Bye {{name}}"))
    found = review(world, campaign)
    assert found.spread is not None
    assert (found.spread.progress, found.spread.survey) == (Progress.NONE, None)
    assert found.samples == ()


@pytest.mark.usefixtures("long_list")
def test_a_review_is_shown_though_nobody_takes_requests(world: World) -> None:
    class Away(FakeSurveys):
        @override
        def request(self, workspace: str, campaign: str) -> None:
            raise Unavailable("The queue of surveys")

    world.surveys = Away()
    campaign = drafted(world)
    spread = review(world, campaign).spread
    assert spread is not None
    assert spread.progress is Progress.NONE
    with pytest.raises(Conflict, match="still being counted"):
        world.api.reviews.must_be_complete(campaign)


def test_a_part_of_a_list_that_is_missing_hides_nothing_else(world: World) -> None:
    campaign = drafted(world)
    world.blobs.objects.clear()
    found = review(world, campaign)
    assert found.spread is not None
    assert found.spread.progress is Progress.NONE
    assert world.surveys.requested == [(world.workspace, campaign.id)]


def test_a_trigger_shows_its_text_as_it_is_without_values(world: World) -> None:
    campaign = world.draft(mode=Mode.TRIGGER, text="Your code: {{code|\u2013}}", transliterate=True)
    found = review(world, campaign)
    assert found.text is not None
    assert found.text.text == "Your code: -"
    assert (found.samples, found.spread) == ((found.text,), None)
    assert (found.list, found.parts) == (None, None)
    assert found.plan is not None
    assert (found.plan.days, found.plan.objection) == ((), None)
    assert found.problems == ()


def test_a_draft_with_nothing_in_it_has_a_review(world: World) -> None:
    campaign = world.draft(name="", text=" ", sender=None)
    found = review(world, campaign)
    assert (found.text, found.samples, found.spread, found.parts) == (None, (), None, None)
    assert (found.list, found.plan) == (None, None)
    assert {problem.field for problem in found.problems} >= {"name", "text", "sender", "list"}


def test_a_text_that_cannot_be_sent_is_measured_still(world: World) -> None:
    found = review(world, drafted(world, "y" * 1531))
    assert found.text is not None
    assert (found.text.fits, found.text.measure.parts) == (False, 11)
    assert found.parts is None
    assert [problem.field for problem in found.problems] == ["text"]


def test_not_all_texts_that_can_be_sent_are_no_sum(world: World) -> None:
    found = review(world, drafted(world, "y" * 1_400 + "{{name}}"))
    assert found.spread is not None
    assert found.spread.survey is not None
    assert (found.spread.survey.too_long, found.parts) == (2, None)
    assert found.plan is not None
    assert found.plan.rate == Fraction(70) * Fraction("0.997") / 10


def test_a_list_that_is_not_ready_is_not_planned_for(world: World) -> None:
    campaign = drafted(world)
    world.records.put(replace(of_list(world, campaign), status=ListStatus.INGESTING))
    found = review(world, campaign)
    assert found.plan is not None
    assert (found.spread, found.parts, found.plan.days) == (None, None, ())
    world.records.remove(of_list(world, campaign))
    found = review(world, campaign)
    assert (found.list, found.spread, found.parts) == (None, None, None)
    assert "list" in {problem.field for problem in found.problems}


def test_once_it_runs_the_plan_is_that_of_its_start(world: World) -> None:
    campaign = drafted(world, auto_start=True)
    submitted = world.desk.submit(world.author, campaign.id)
    assert review(world, submitted).campaign.digest == submitted.digest
    begun = world.clock.now()
    world.approve(submitted)
    world.clock.advance(timedelta(days=2))
    found = review(world, submitted)
    assert found.campaign.status is Status.BUILDING
    assert found.plan is not None
    assert found.plan.begins_at == begun
    assert found.problems == ()


def test_what_would_be_refused_is_named_until_it_is_approved(world: World) -> None:
    start = world.clock.now() + timedelta(hours=1)
    campaign = drafted(world, mode=Mode.ON_TIME, start_at=start)
    assert review(world, campaign).problems == ()
    world.clock.advance(timedelta(hours=2))
    assert [problem.field for problem in review(world, campaign).problems] == ["start_at"]
    world.desk.archive(world.author, campaign.id)
    assert review(world, campaign).problems == ()


@pytest.mark.parametrize(
    ("mode", "field"), [(Mode.ON_DEMAND, "deadline"), (Mode.SPREAD, "date_to")]
)
def test_a_plan_that_does_not_fit_is_a_problem_as_well(
    world: World, mode: Mode, field: str
) -> None:
    now = world.clock.now()
    end = now + timedelta(milliseconds=30)
    dates = {"date_from": now + timedelta(microseconds=1), "date_to": end}
    changes = dates if mode is Mode.SPREAD else {"deadline": end}
    found = review(world, drafted(world, "Hello", mode=mode, **changes))
    assert found.plan is not None
    assert found.plan.objection is not None
    assert [(problem.field, problem.message) for problem in found.problems] == [
        (field, found.plan.objection)
    ]


def test_the_archive_takes_its_own_right(world: World) -> None:
    campaign = drafted(world)
    moderators = world.api.reviews.review(world.moderator, campaign.id)
    assert moderators == review(world, campaign)
    world.desk.archive(world.author, campaign.id)
    assert review(world, campaign).campaign.archived_at is not None
    with pytest.raises(Forbidden):
        world.api.reviews.review(world.moderator, campaign.id)


def test_another_workspaces_campaign_is_not_there(world: World) -> None:
    world.installation.add_workspace("wsp_b", "Other", "Europe/London")
    campaign = drafted(world)
    with pytest.raises(NotFound):
        world.api.reviews.review(replace(world.author, workspace="wsp_b"), campaign.id)
    nobody = replace(world.author, scopes={})
    with pytest.raises(Forbidden):
        world.api.reviews.review(nobody, campaign.id)
    with pytest.raises(Forbidden):
        world.api.reviews.review(nobody, "cmp_none")


@pytest.mark.parametrize(
    "changes",
    [{"text": "Hello"}, {"mode": Mode.TRIGGER, "list": None}, {"list": None}],
    ids=["plain", "trigger", "no list"],
)
def test_approving_waits_for_no_survey_where_none_is_needed(
    world: World, changes: dict[str, object]
) -> None:
    campaign = drafted(world, **changes)  # type: ignore[arg-type]
    world.blobs.objects.clear()
    world.api.reviews.must_be_complete(campaign)
    assert world.surveys.requested == []


def test_a_short_list_is_counted_when_it_is_approved(world: World) -> None:
    campaign = drafted(world)
    submitted = world.desk.submit(world.author, campaign.id)
    assert world.approve(submitted).approval is Approval.APPROVED


@pytest.mark.usefixtures("long_list")
def test_nobody_approves_texts_that_were_not_counted(world: World) -> None:
    campaign = drafted(world)
    submitted = world.desk.submit(world.author, campaign.id)
    world.surveys.requested.clear()
    with pytest.raises(
        Conflict, match=r"^The texts are still being counted: try again in a moment\.$"
    ):
        world.approve(submitted)
    assert world.surveys.requested == [(world.workspace, campaign.id)]
    count(world, campaign)
    assert world.approve(submitted).approval is Approval.APPROVED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("y" * 1_400 + "{{name}}", "The text takes more than 10 parts for 2 of the recipients"),
        ("{{name}}", "The text is empty for 1 of the recipients: give its fields defaults."),
    ],
)
def test_nobody_approves_texts_that_cannot_be_sent(world: World, text: str, sentence: str) -> None:
    with pytest.raises(Conflict, match=sentence):
        world.api.reviews.must_be_complete(drafted(world, text))


def test_nobody_approves_without_the_list(world: World) -> None:
    campaign = drafted(world)
    world.records.put(replace(of_list(world, campaign), status=ListStatus.FAILED))
    with pytest.raises(Conflict, match="Its list is failed"):
        world.api.reviews.must_be_complete(campaign)
    world.records.remove(of_list(world, campaign))
    with pytest.raises(Conflict, match="list is not there any more"):
        world.api.reviews.must_be_complete(campaign)


def test_another_look_at_the_same_moment_counts_once(world: World) -> None:
    """The survey that another request wrote meanwhile is shown."""
    campaign = drafted(world)
    rival = Surveyor(world.campaigns, world.blobs, world.changes, world.clock)
    get = world.blobs.get

    def meddle(key: str) -> bytes:
        world.blobs.get = get  # type: ignore[method-assign]
        rival.survey(world.workspace, campaign.id)
        return get(key)

    world.blobs.get = meddle  # type: ignore[method-assign]
    found = review(world, campaign)
    assert found.spread is not None
    assert found.spread.progress is Progress.COMPLETE
    assert found.spread.survey is not None
    assert found.spread.survey.version == 1
