"""Surveys against the fakes: what is counted, and who goes on when several count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from chalicelib.domain.content import Mode
from chalicelib.domain.errors import NotFound
from chalicelib.domain.formats.frame import FormatError
from chalicelib.domain.recipient_list import ListStatus, list_prefix
from chalicelib.domain.survey import survey_digest
from chalicelib.usecases import surveying
from chalicelib.usecases.drafting import ContentChanges
from chalicelib.usecases.surveying import GONE_AFTER, WRITE_EVERY, Surveyor
from tests.fakes.storage import FakeBlobs
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.survey import Survey

NAMES = ["Anna", "", "Łukasz", "x" * 200, "Anna", "Bo", "Cy", "Di"]
NUMBERS = [447_700_900_000 + place for place in range(len(NAMES))]
TEXT = "Hello {{name}}!"
LONG = "y" * 1_400 + "{{name}}"


@pytest.fixture
def world() -> World:
    return World()


def surveyor(world: World) -> Surveyor:
    return Surveyor(world.campaigns, world.blobs, world.changes, world.clock)


def drafted(world: World, text: str = TEXT, **changes: object) -> str:
    recipients = world.ready_list(NUMBERS, per_chunk=3, columns={"name": NAMES, "city": NAMES})
    return world.draft(text=text, list=recipients.id, **changes).id


def stored(world: World, campaign: str) -> Survey | None:
    return world.campaigns.survey(world.workspace, campaign)


def survey(world: World, campaign: str) -> Survey | None:
    return surveyor(world).survey(world.workspace, campaign)


@dataclass
class WatchedBlobs(FakeBlobs):
    """Does something before an object is read."""

    watched: FakeBlobs
    before: Callable[[str], None]

    def __post_init__(self) -> None:
        self.objects = self.watched.objects

    @override
    def get(self, key: str) -> bytes:
        self.before(key)
        return super().get(key)


def once(world: World, suffix: str, act: Callable[[], object]) -> None:
    done: list[str] = []

    def before(key: str) -> None:
        if key.endswith(suffix) and not done:
            done.append(key)
            act()

    world.blobs = WatchedBlobs(world.blobs, before)


@pytest.fixture
def claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the list is, a survey is begun before it is made."""
    monkeypatch.setattr(surveying, "AT_ONCE", 0)


def test_every_recipients_text_is_counted(world: World) -> None:
    campaign = drafted(world)

    found = survey(world, campaign)

    assert found is not None
    assert found == stored(world, campaign)
    assert (found.recipients, found.counted, found.complete) == (8, 8, True)
    assert (found.by_parts, found.by_encoding) == ({1: 7, 2: 1}, {"gsm7": 7, "ucs2": 1})
    assert (found.too_long, found.empty, found.parts) == (0, {"name": 1}, 9)
    assert found.samples[:2] == (f"Hello {'x' * 200}!", "Hello !")
    assert "Hello Łukasz!" in found.samples
    assert len(found.samples) == 5
    content = world.campaigns.campaign(world.workspace, campaign).content
    recipients = world.campaigns.recipient_list(world.workspace, content.list or "")
    assert found.digest == survey_digest(content, recipients)
    assert not any(str(number) in sample for number in NUMBERS for sample in found.samples)


def test_texts_are_counted_as_they_are_sent(world: World) -> None:
    found = survey(world, drafted(world, transliterate=True))
    assert found is not None
    assert found.by_encoding == {"gsm7": 8}
    assert "Hello Lukasz!" in found.samples


def test_what_cannot_be_sent_is_counted_too(world: World) -> None:
    found = survey(world, drafted(world, LONG))
    assert found is not None
    assert (found.by_parts, found.too_long) == ({10: 6}, 2)


@pytest.mark.parametrize(
    "changes", [{"text": "Hello"}, {"mode": Mode.TRIGGER}, {"list": None}], ids=str
)
def test_what_needs_no_survey_gets_none(world: World, changes: dict[str, object]) -> None:
    campaign = drafted(world)
    world.api.drafting.edit(world.author, campaign, ContentChanges(**changes))  # type: ignore[arg-type]
    assert survey(world, campaign) is None
    assert stored(world, campaign) is None


def test_what_is_not_there_or_not_ready_is_not_counted(world: World) -> None:
    assert survey(world, "cmp_none") is None
    campaign = drafted(world)
    content = world.campaigns.campaign(world.workspace, campaign).content
    recipients = world.campaigns.recipient_list(world.workspace, content.list or "")
    world.records.put(replace(recipients, status=ListStatus.INGESTING))
    assert survey(world, campaign) is None
    world.records.remove(recipients)
    assert survey(world, campaign) is None
    assert stored(world, campaign) is None


def test_a_complete_one_is_not_made_again(world: World) -> None:
    campaign = drafted(world)
    found = survey(world, campaign)
    world.blobs.objects.clear()
    world.clock.advance(timedelta(days=9))
    assert survey(world, campaign) == found


def test_another_content_is_counted_anew(world: World) -> None:
    campaign = drafted(world)
    first = survey(world, campaign)
    world.api.drafting.edit(world.author, campaign, ContentChanges(text="Bye {{name}}"))
    second = survey(world, campaign)
    assert first is not None
    assert second is not None
    assert second.digest != first.digest
    assert second.version == first.version + 1
    assert any(sample.startswith("Bye") for sample in second.samples)


@pytest.mark.usefixtures("claimed")
def test_its_progress_can_be_watched(world: World) -> None:
    campaign = drafted(world)
    seen: list[int | None] = []

    def before(_: str) -> None:
        found = stored(world, campaign)
        seen.append(None if found is None else found.counted)
        world.clock.advance(WRITE_EVERY)

    world.blobs = WatchedBlobs(world.blobs, before)

    found = survey(world, campaign)

    # The manifest, then three chunks.
    assert seen == [None, 0, 3, 6]
    assert found is not None
    assert (found.counted, found.complete) == (8, True)
    assert found.begun_at < found.written_at == world.clock.now()


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("text", [TEXT, LONG])
def test_a_killed_one_is_begun_anew_and_comes_to_the_same(world: World, text: str) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def kill() -> None:
        raise Killed

    undisturbed = survey(world, drafted(world, text))
    campaign = drafted(world, text)
    once(world, "chunk-00002", kill)
    with pytest.raises(Killed):
        survey(world, campaign)
    begun = stored(world, campaign)
    assert begun is not None
    assert not begun.complete

    # Whoever comes soon after cannot know.
    world.clock.advance(GONE_AFTER - timedelta(seconds=1))
    assert survey(world, campaign) is None
    assert stored(world, campaign) == begun

    world.clock.advance(timedelta(seconds=1))
    found = survey(world, campaign)
    assert found is not None
    assert undisturbed is not None
    assert found.begun_at == world.clock.now()
    for name in ("by_parts", "by_encoding", "too_long", "empty", "counted"):
        assert getattr(found, name) == getattr(undisturbed, name)


@pytest.mark.usefixtures("claimed")
def test_who_comes_while_one_is_made_leaves_it(world: World) -> None:
    campaign = drafted(world)
    others: list[Survey | None] = []
    rival = surveyor(world)
    once(
        world,
        "chunk-00001",
        lambda: others.append(rival.survey(world.workspace, campaign)),
    )
    found = survey(world, campaign)
    assert others == [None]
    assert found == stored(world, campaign)


def test_of_two_at_once_one_is_written(world: World) -> None:
    campaign = drafted(world)
    rival = surveyor(world)
    once(world, "chunk-00001", lambda: rival.survey(world.workspace, campaign))
    assert survey(world, campaign) is None
    found = stored(world, campaign)
    assert found is not None
    assert (found.complete, found.version) == (True, 1)


@pytest.mark.usefixtures("claimed")
def test_one_that_was_thought_gone_stops_when_it_comes_back(world: World) -> None:
    campaign = drafted(world)
    rival = surveyor(world)

    def overtake() -> None:
        world.clock.advance(GONE_AFTER)
        assert rival.survey(world.workspace, campaign) is not None

    once(world, "chunk-00001", overtake)
    assert survey(world, campaign) is None
    found = stored(world, campaign)
    assert found is not None
    assert found.complete


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("chunk", ["chunk-00000", "chunk-00002"])
def test_an_edit_meanwhile_ends_it(world: World, chunk: str) -> None:
    campaign = drafted(world)
    once(
        world,
        chunk,
        lambda: world.api.drafting.edit(world.author, campaign, ContentChanges(text="Hi {{name}}")),
    )
    assert survey(world, campaign) is None
    left = stored(world, campaign)
    assert left is not None
    assert not left.complete
    # And is no obstacle to the next one.
    found = survey(world, campaign)
    assert found is not None
    assert found.complete


@pytest.mark.usefixtures("claimed")
def test_an_edit_is_noticed_before_the_end(world: World) -> None:
    campaign = drafted(world)
    read: list[str] = []

    def before(key: str) -> None:
        read.append(key)
        world.clock.advance(WRITE_EVERY)
        if key.endswith("chunk-00000"):
            world.api.drafting.edit(world.author, campaign, ContentChanges(text="Hi {{name}}"))

    world.blobs = WatchedBlobs(world.blobs, before)
    assert survey(world, campaign) is None
    assert not any(key.endswith("chunk-00001") for key in read)


def test_nothing_is_left_of_a_campaign_that_is_deleted_meanwhile(world: World) -> None:
    campaign = drafted(world)
    record = world.campaigns.campaign(world.workspace, campaign)
    once(world, "chunk-00002", lambda: world.records.remove(record))
    assert survey(world, campaign) is None
    assert stored(world, campaign) is None


def test_a_list_that_is_deleted_meanwhile_ends_it(world: World) -> None:
    campaign = drafted(world)
    content = world.campaigns.campaign(world.workspace, campaign).content
    recipients = world.campaigns.recipient_list(world.workspace, content.list or "")

    def delete() -> None:
        world.records.remove(recipients)
        world.blobs.objects.clear()

    once(world, "chunk-00001", delete)
    assert survey(world, campaign) is None


@pytest.mark.parametrize("name", ["manifest", "chunk-00001"])
def test_what_is_missing_of_a_list_is_a_fault(world: World, name: str) -> None:
    campaign = drafted(world)
    content = world.campaigns.campaign(world.workspace, campaign).content
    del world.blobs.objects[f"{list_prefix(world.workspace, content.list or '')}/{name}"]
    with pytest.raises(NotFound):
        survey(world, campaign)
    assert stored(world, campaign) is None


@pytest.mark.parametrize(
    ("name", "complaint"), [("manifest", "not the one"), ("chunk-00001", "Chunk 1 is not the one")]
)
def test_another_lists_objects_are_not_counted(world: World, name: str, complaint: str) -> None:
    campaign = drafted(world)
    other = world.ready_list(NUMBERS[:6], per_chunk=3, columns={"name": NAMES[:6]})
    content = world.campaigns.campaign(world.workspace, campaign).content
    ours = list_prefix(world.workspace, content.list or "")
    theirs = list_prefix(world.workspace, other.id)
    world.blobs.objects[f"{ours}/{name}"] = world.blobs.objects[f"{theirs}/{name}"]
    with pytest.raises(FormatError, match=complaint):
        survey(world, campaign)
