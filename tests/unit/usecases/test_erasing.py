"""One number is erased from every list, whoever reads, writes or dies meanwhile (SPEC 5.6)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.campaign import Status
from chalicelib.domain.erasure import TURN, ErasureStatus, Suppressed
from chalicelib.domain.errors import Forbidden, Invalid, KeyReused, NotFound
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats import manifest as manifests
from chalicelib.domain.ledger import RecipientState
from chalicelib.domain.recipient_list import ListPurpose, ListStatus, list_prefix, upload_key
from chalicelib.domain.request import digest_of
from chalicelib.domain.rights import Role
from chalicelib.domain.suppression import Source, Suppression
from chalicelib.domain.survey import NOTHING
from chalicelib.domain.tokens import Mixer
from chalicelib.usecases import erasing
from chalicelib.usecases.erasing import BUDGET, Asked, HeldUp
from chalicelib.usecases.ingest_list import Ingest
from chalicelib.usecases.surveying import Surveyor
from tests.fakes import samples
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chalicelib.domain.erasure import Erasure
    from chalicelib.domain.formats.chunk import Chunk
    from chalicelib.domain.formats.manifest import ChunkEntry, Manifest
    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.ports import Blobs
    from chalicelib.usecases.ports.ingest import Source as File

NUMBERS = [447_700_900_000 + n for n in range(6)]
NAMES = ["Anna", "Bo", "Cy", "Di", "Ed", "Flo"]
GONE = NUMBERS[2]
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """As the process is, in the middle: nothing of ours catches it."""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Caller:
    return world.person("admin@example.com", Role.ADMIN)


def begin(world: World, admin: Caller, number: int = GONE, **more: Any) -> Erasure:
    world.clock.advance(MINUTE)
    return world.api.erasures.begin(admin, f"+{number}", **more)


def work(world: World) -> None:
    for workspace in world.eraser.share():
        world.eraser.tend(workspace)


def erase(world: World, admin: Caller, number: int = GONE, **more: Any) -> Erasure:
    asked = begin(world, admin, number, **more)
    work(world)
    return found(world, asked)


def found(world: World, erasure: Erasure) -> Erasure:
    return world.campaigns.erasure(world.workspace, erasure.id)


def mixer(world: World) -> Mixer:
    return Mixer.of(world.data_key())


def manifest_of(world: World, recipients: RecipientList) -> Manifest:
    key = f"{list_prefix(world.workspace, recipients.id)}/manifest"
    return manifests.decode(world.blobs.get(key))


def chunks_of(world: World, recipients: RecipientList) -> list[Chunk]:
    """As the manifest tells them; each is whole, in order, and where the manifest says."""
    mixed, manifest, chunks = mixer(world), manifest_of(world, recipients), []
    for entry in manifest.chunks:
        data = world.blobs.get(entry.key)
        assert entry.holds(data)
        chunk = chunk_format.decode(data, None)
        order = [mixed.token(number) for number in chunk.numbers]
        assert order == sorted(set(order))
        edges = int(entry.first_token, 16), int(entry.last_token, 16)
        assert edges == (order[0], order[-1])
        assert entry.count == len(chunk.numbers)
        chunks.append(chunk)
    assert manifest.digest == recipients.digest
    return chunks


def left(world: World, recipients: RecipientList) -> list[int]:
    numbers = [number for chunk in chunks_of(world, recipients) for number in chunk.numbers]
    assert len(numbers) == recipients.counts.valid
    return sorted(number for number in numbers if not chunk_format.is_hole(number))


def without(*numbers: int) -> list[int]:
    return [number for number in NUMBERS if number not in numbers]


def suppress(world: World, number: int = GONE) -> Suppression:
    entry = Suppression(
        workspace=world.workspace,
        token=mixer(world).token(number),
        number=number,
        source=Source.RECIPIENT,
        at=world.clock.now(),
        by="STOP",
    )
    return world.changes.keep(entry)


# --- asking ---


def test_admins_alone_erase(world: World, admin: Caller) -> None:
    asked = begin(world, admin)
    for nobody in (world.author, world.moderator):
        with pytest.raises(Forbidden):
            world.api.erasures.begin(nobody, "+447700900002")
        with pytest.raises(Forbidden):
            world.api.erasures.get(nobody, asked.id)
        with pytest.raises(Forbidden):
            world.api.erasures.page(nobody, None, 10)
    assert world.api.erasures.get(admin, asked.id) == asked
    assert list(world.api.erasures.page(admin, None, 10).items) == [asked]


def test_what_is_no_number_is_refused(world: World, admin: Caller) -> None:
    with pytest.raises(Invalid, match="number"):
        world.api.erasures.begin(admin, "07700900002")
    assert world.campaigns.open_erasures() == []


def test_the_log_knows_the_number_by_its_hash_alone(world: World, admin: Caller) -> None:
    world.ready_list(NUMBERS)
    known = tokens.hasher(world.data_key())(str(GONE)).hex()
    done = erase(world, admin)
    told = [each for each in world.records.audit if each.object == done.id]
    assert [(each.action, each.after["ctn_hash"]) for each in told] == [
        ("erasure.asked", known),
        ("erasure.done", known),
    ]
    assert told[0].actor == admin.actor
    assert (done.ctn_hash, done.token) == (known, None)
    assert str(GONE) not in str([*world.records.audit, done])


def test_a_request_that_is_sent_again_is_the_same_erasure(world: World, admin: Caller) -> None:
    first = begin(world, admin, key="key-1")
    assert begin(world, admin, key="key-1") == first
    with pytest.raises(KeyReused):
        begin(world, admin, NUMBERS[3], key="key-1")
    # What is remembered of the request is the hash, not the number.
    made = world.directory.made_once(world.workspace, admin.user, "key-1")
    assert made is not None
    assert made.digest == digest_of(Asked(first.ctn_hash, keep_suppressed=False))


# --- from lists ---


def test_a_number_goes_from_every_list_and_all_others_stay_in_place(
    world: World, admin: Caller
) -> None:
    columns = {"name": NAMES, "city": ["Ulm"] * 6}
    one = world.ready_list(NUMBERS, per_chunk=4, columns=columns)
    other = world.ready_list(NUMBERS)
    stranger = world.ready_list(without(GONE))
    before = [list(chunk.numbers) for chunk in chunks_of(world, one)]
    untouched = dict(world.blobs.objects)

    done = erase(world, admin)

    assert (done.status, done.lists, done.erased) == (ErasureStatus.DONE, 3, 2)
    assert done.suppressed is Suppressed.NONE
    assert done.finished_at == world.clock.now()
    assert left(world, one) == left(world, other) == without(GONE)
    after = chunks_of(world, one)
    for numbers, chunk in zip(before, after, strict=True):
        for place, number in enumerate(numbers):
            named = (chunk.columns["name"][place], chunk.columns["city"][place])
            if number == GONE:
                assert named == ("", "")
            else:
                assert chunk.numbers[place] == number
                assert named == (NAMES[NUMBERS.index(number)], "Ulm")
    prefix = list_prefix(world.workspace, stranger.id)
    for key, data in untouched.items():
        assert not key.startswith(prefix) or world.blobs.objects[key] == data
    assert world.campaigns.open_erasures() == []
    work(world)


@pytest.mark.parametrize("per_chunk", [1, 2, 3, 6])
def test_any_number_goes_edges_too_until_none_is_left(
    world: World, admin: Caller, per_chunk: int
) -> None:
    recipients = world.ready_list(NUMBERS, per_chunk=per_chunk, columns={"name": NAMES})
    gone: list[int] = []
    for number in NUMBERS:
        assert erase(world, admin, number).erased == 1
        gone.append(number)
        assert left(world, recipients) == without(*gone)
    hidden = [f"{mixer(world).token(number):016x}".encode() for number in NUMBERS]
    everything = b"".join(world.blobs.objects.values())
    assert not any(token in everything for token in hidden)


@pytest.mark.parametrize("number", range(447_700_900_990, 447_700_901_000))
def test_a_number_that_is_nowhere_is_erased_at_once(
    world: World, admin: Caller, number: int
) -> None:
    recipients = world.ready_list(NUMBERS)
    before = dict(world.blobs.objects)
    done = erase(world, admin, number)
    assert (done.status, done.lists, done.erased) == (ErasureStatus.DONE, 1, 0)
    assert world.blobs.objects == before
    assert left(world, recipients) == NUMBERS


def test_where_there_are_no_lists_it_is_done(world: World, admin: Caller) -> None:
    done = erase(world, admin)
    assert (done.status, done.lists, done.erased) == (ErasureStatus.DONE, 0, 0)


def test_twice_is_once(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    first, second = begin(world, admin), begin(world, admin)
    work(world)
    assert (found(world, first).erased, found(world, second).erased) == (1, 0)
    assert left(world, recipients) == without(GONE)


def test_another_workspaces_lists_stay_as_they_are(world: World, admin: Caller) -> None:
    world.installation.add_workspace("wsp_b", "Other", "UTC")
    mine, theirs = world.ready_list(NUMBERS), World("wsp_b")
    other = theirs.ready_list(NUMBERS)
    world.blobs.objects |= theirs.blobs.objects
    world.changes.keep(replace(other, id="lst_other", version=0))
    done = erase(world, admin)
    assert (done.lists, done.erased) == (1, 1)
    assert left(world, mine) == without(GONE)
    assert all(world.blobs.objects[key] == data for key, data in theirs.blobs.objects.items())
    with pytest.raises(NotFound):
        world.campaigns.erasure("wsp_b", done.id)


def test_the_uploaded_file_goes(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    key = upload_key(world.workspace, recipients.id)
    world.uploads.objects = {key: b"all of it", "wsp_a/another": b"stays"}
    erase(world, admin)
    assert world.uploads.objects == {"wsp_a/another": b"stays"}


def test_a_failed_list_keeps_nothing_that_could_be_sent_to(world: World, admin: Caller) -> None:
    failed = world.ready_list(NUMBERS)
    world.changes.save(replace(failed, status=ListStatus.FAILED, digest=None), world.audit())
    prefix = list_prefix(world.workspace, failed.id)
    world.blobs.put(f"{prefix}/rejects", b"lines")
    done = erase(world, admin)
    assert done.status is ErasureStatus.DONE
    keys = [key for key in world.blobs.objects if key.startswith(prefix)]
    assert sorted(keys) == [f"{prefix}/manifest", f"{prefix}/rejects"]


def test_a_deleted_list_is_passed_by(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    world.api.list_keeping.delete(world.author, recipients.id)
    assert erase(world, admin).status is ErasureStatus.DONE


@pytest.mark.parametrize("status", [ListStatus.UPLOADING, ListStatus.INGESTING])
def test_a_list_that_is_still_read_is_come_back_to(
    world: World, admin: Caller, status: ListStatus
) -> None:
    late = world.ready_list(NUMBERS)
    late = world.changes.save(replace(late, status=status), world.audit())
    ready = world.ready_list(NUMBERS)

    waiting = erase(world, admin)
    assert (waiting.status, waiting.waiting) == (ErasureStatus.RUNNING, (late.id,))
    assert (waiting.lists, waiting.erased) == (1, 1)
    assert left(world, ready) == without(GONE)
    # Others need not wait for it.
    assert erase(world, admin, NUMBERS[0]).waiting == (late.id,)
    assert left(world, ready) == without(GONE, NUMBERS[0])

    world.changes.save(replace(late, status=ListStatus.READY), world.audit())
    work(world)
    done = found(world, waiting)
    assert (done.status, done.waiting, done.lists, done.erased) == (ErasureStatus.DONE, (), 2, 2)
    assert left(world, late) == without(GONE, NUMBERS[0])


@dataclass
class Told:
    """A file with these numbers. Before they are stored, somebody else does something."""

    world: World
    recipients: RecipientList
    meanwhile: Callable[[], object]
    columns: tuple[str, ...] = ()
    numbers: int = len(NUMBERS)
    invalid: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)
    stored: int = 0

    @contextmanager
    def pipeline(self, source: File) -> Iterator[Told]:  # noqa: ARG002 - the port's name
        self.meanwhile()
        yield self

    def store(self, blobs: Blobs, prefix: str) -> list[ChunkEntry]:
        self.stored += 1
        made = self.world.ready_list(NUMBERS)
        for entry in manifest_of(self.world, made).chunks:
            blobs.put(f"{prefix}/chunk-{entry.number:05}", self.world.blobs.get(entry.key))
        return list(manifest_of(self.world, made).chunks)


def test_a_file_that_is_read_twice_brings_no_number_back(world: World, admin: Caller) -> None:
    """A notification may be delivered twice at once: the second reader is still at it when the
    first has ended, and the number was erased from what it made.
    """
    recipients = world.ready_list(NUMBERS)
    reading = world.changes.save(replace(recipients, status=ListStatus.INGESTING), world.audit())

    def meanwhile() -> None:
        world.changes.save(replace(reading, status=ListStatus.READY), world.audit())
        erase(world, admin)

    file = Told(world, recipients, meanwhile)
    ingest = Ingest(
        directory=world.directory,
        campaigns=world.campaigns,
        changes=world.changes,
        uploads=world.uploads,
        blobs=world.blobs,
        data_keys=world.data_keys,
        clock=world.clock,
        auditor=world.auditor,
        pipeline=file.pipeline,
        limit=1,
    )
    ended = ingest.run(world.workspace, recipients.id)
    assert ended is not None
    assert ended.status is ListStatus.READY
    assert file.stored == 0
    assert left(world, recipients) == without(GONE)


# --- bounded work, one at a time ---


def test_each_turn_does_a_bounded_share_and_the_next_goes_on(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    monkeypatch.setattr(erasing, "LISTS_AT_ONCE", 2)
    lists = [world.ready_list(NUMBERS) for _ in range(5)]
    real = world.campaigns.lists_made_before

    def slow(*given: Any, **more: Any) -> Any:
        world.clock.advance(BUDGET)
        return real(*given, **more)

    monkeypatch.setattr(world.campaigns, "lists_made_before", slow)
    asked, next_one = begin(world, admin), begin(world, admin, NUMBERS[0])
    seen = []
    for _ in range(4):
        work(world)
        at = found(world, asked)
        seen.append((at.lists, at.erased, at.status.value, found(world, next_one).lists))
    assert seen == [
        (2, 2, "running", 0),
        (4, 4, "running", 0),
        (5, 5, "done", 0),
        (5, 5, "done", 2),
    ]
    assert all(GONE not in left(world, each) for each in lists)


def test_what_somebody_ended_meanwhile_is_left_alone(world: World, admin: Caller) -> None:
    done = erase(world, admin)
    world.changes.keep(samples.open_erasure(erasure=done.id))
    work(world)
    assert found(world, done) == done
    assert world.campaigns.open_erasures() == []


def test_who_comes_while_another_is_at_it_leaves_it_alone(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    recipients = world.ready_list(NUMBERS)
    asked = begin(world, admin)
    real = world.blobs.put

    def put(key: str, data: bytes) -> None:
        monkeypatch.undo()
        world.eraser.tend(world.workspace)
        assert found(world, asked).status is ErasureStatus.RUNNING
        real(key, data)

    monkeypatch.setattr(world.blobs, "put", put)
    work(world)
    assert found(world, asked).status is ErasureStatus.DONE
    assert left(world, recipients) == without(GONE)


def test_of_two_who_take_the_turn_at_once_one_gets_it(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    world.ready_list(NUMBERS)
    asked = begin(world, admin)
    real = world.campaigns.erasure_turn

    def other_first(workspace: str) -> Any:
        turn = real(workspace)
        monkeypatch.undo()
        world.changes.keep(samples.erasure_turn(until=world.clock.now() + TURN))
        return turn

    monkeypatch.setattr(world.campaigns, "erasure_turn", other_first)
    work(world)
    assert found(world, asked).lists == 0


def test_many_workspaces_take_turns(world: World, admin: Caller, monkeypatch: Any) -> None:
    monkeypatch.setattr(erasing, "WORKSPACES_AT_ONCE", 2)
    begin(world, admin)
    for number in range(2):
        world.changes.keep(samples.open_erasure(workspace=f"wsp_b{number}"))
    seen = []
    for _ in range(2):
        seen += world.eraser.share()
        world.clock.advance(MINUTE)
    assert sorted(seen) == ["wsp_a", "wsp_b0", "wsp_b1"]


# --- killed in the middle ---


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("puts", range(4))
def test_whatever_it_was_killed_at_the_next_one_gets_it_done(
    world: World, admin: Caller, monkeypatch: Any, number: int, puts: int
) -> None:
    """Before every write, and whichever place the number has. Readers never see a mismatch."""
    recipients = world.ready_list(NUMBERS, per_chunk=3, columns={"name": NAMES})
    asked = begin(world, admin, number)
    real = world.blobs.put
    done: list[str] = []

    def put(key: str, data: bytes) -> None:
        if len(done) == puts:
            raise Killed
        done.append(key)
        real(key, data)
        for entry in manifest_of(world, recipients).chunks:
            assert entry.holds(world.blobs.get(entry.key))

    monkeypatch.setattr(world.blobs, "put", put)
    try:
        work(world)
    except Killed:
        monkeypatch.undo()
        world.eraser.tend(world.workspace)
        assert found(world, asked).status is ErasureStatus.RUNNING
        world.clock.advance(TURN)
        work(world)
    ended = found(world, asked)
    assert (ended.status, ended.lists, ended.erased) == (ErasureStatus.DONE, 1, 1)
    assert left(world, recipients) == without(number)


def test_killed_before_its_end_it_ends_later(world: World, admin: Caller, monkeypatch: Any) -> None:
    world.ready_list(NUMBERS)
    suppress(world)
    asked = begin(world, admin)

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(world.changes, "commit", killed)
    with pytest.raises(Killed):
        work(world)
    monkeypatch.undo()
    world.clock.advance(TURN)
    work(world)
    done = found(world, asked)
    assert (done.status, done.erased, done.suppressed) == (
        ErasureStatus.DONE,
        1,
        Suppressed.REMOVED,
    )


# --- trouble ---


@pytest.mark.parametrize("harm", ["other bytes", "no chunk", "no manifest"])
def test_a_list_that_cannot_be_read_is_told_and_tried_again(
    world: World, admin: Caller, harm: str
) -> None:
    broken, whole = world.ready_list(NUMBERS), world.ready_list(NUMBERS)
    prefix = list_prefix(world.workspace, broken.id)
    kept = dict(world.blobs.objects)
    if harm == "other bytes":
        world.blobs.put(f"{prefix}/chunk-00000", b"MCC")
    else:
        world.blobs.delete(f"{prefix}/{'manifest' if harm == 'no manifest' else 'chunk-00000'}")
    asked = begin(world, admin)
    with pytest.raises(HeldUp, match=broken.id):
        work(world)
    assert (found(world, asked).waiting, found(world, asked).erased) == ((broken.id,), 1)
    assert left(world, whole) == without(GONE)

    world.blobs.objects |= {key: data for key, data in kept.items() if key.startswith(prefix)}
    work(world)
    assert found(world, asked).status is ErasureStatus.DONE
    assert left(world, broken) == without(GONE)


def test_a_list_that_is_deleted_meanwhile_is_no_trouble(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    recipients = world.ready_list(NUMBERS)
    real = world.blobs.get

    def get(key: str) -> bytes:
        monkeypatch.undo()
        world.api.list_keeping.delete(world.author, recipients.id)
        for removal in world.list_sweep.removals():
            world.list_sweep.remove(removal)
        return real(key)

    monkeypatch.setattr(world.blobs, "get", get)
    done = erase(world, admin)
    assert (done.status, done.erased) == (ErasureStatus.DONE, 0)


# --- suppression ---


def test_what_is_suppressed_goes_too_unless_it_is_to_stay(world: World, admin: Caller) -> None:
    entry = suppress(world)
    other = suppress(world, NUMBERS[3])
    kept = erase(world, admin, keep_suppressed=True)
    assert kept.suppressed is Suppressed.KEPT
    assert world.suppressions.find(world.workspace, {entry.token}) == {entry.token: entry}

    gone = erase(world, admin)
    assert gone.suppressed is Suppressed.REMOVED
    assert world.suppressions.find(world.workspace, {entry.token, other.token}) == {
        other.token: other
    }


def test_suppression_lists_are_kept_along_with_it(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS)
    recipients = world.changes.save(
        replace(recipients, purpose=ListPurpose.SUPPRESSION), world.audit()
    )
    assert erase(world, admin, keep_suppressed=True).erased == 0
    assert left(world, recipients) == NUMBERS
    assert erase(world, admin).erased == 1
    assert left(world, recipients) == without(GONE)


def test_a_suppression_that_changes_at_the_last_moment_is_looked_at_again(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    entry = suppress(world)
    asked = begin(world, admin)
    real = world.suppressions.find

    def find(*given: Any) -> Any:
        seen = real(*given)
        monkeypatch.undo()
        world.changes.keep(replace(entry, note="again"))
        return seen

    monkeypatch.setattr(world.suppressions, "find", find)
    work(world)
    assert found(world, asked).status is ErasureStatus.RUNNING
    work(world)
    assert found(world, asked).suppressed is Suppressed.REMOVED
    assert world.suppressions.find(world.workspace, {entry.token}) == {}


# --- what others make of it ---


def test_a_campaign_shows_and_sends_what_is_left(world: World, admin: Caller) -> None:
    campaign = world.approved_campaign(NUMBERS)
    erase(world, admin)
    # The approval holds: what was approved is named by the digest of then.
    world.driver.build(world.workspace, campaign)
    assert world.campaigns.campaign(world.workspace, campaign).status is Status.PENDING
    world.driver.open(world.workspace, campaign, 0, "token")
    for full in (False, True):
        lines = world.recipients.page(admin, campaign, None, 10, full=full).items
        hidden = [line for line in lines if line.number == "erased"]
        assert len(lines) == len(NUMBERS)
        assert [(line.ctn_hash, line.state) for line in hidden] == [("", RecipientState.PENDING)]
        assert len({line.ctn_hash for line in lines}) == len(NUMBERS)


def test_who_is_erased_is_not_counted_as_an_empty_text(world: World, admin: Caller) -> None:
    recipients = world.ready_list(NUMBERS, per_chunk=4, columns={"name": NAMES})
    campaign = world.draft(text="{{name}}", list=recipients.id)
    erase(world, admin)
    surveyor = Surveyor(world.campaigns, world.blobs, world.changes, world.clock)
    survey = surveyor.survey(world.workspace, campaign.id)
    assert survey is not None
    assert survey.complete
    assert sum(survey.by_parts.values()) == len(NUMBERS) - 1
    assert NOTHING not in survey.by_parts
    assert survey.empty == {}
    submitted = world.api.campaigns.submit(world.author, campaign.id)
    assert submitted.recipients == len(NUMBERS)


def test_a_survey_under_way_reads_what_was_erased_meanwhile(
    world: World, admin: Caller, monkeypatch: Any
) -> None:
    recipients = world.ready_list(NUMBERS, per_chunk=2, columns={"name": NAMES})
    campaign = world.draft(text="Hello {{name}}", list=recipients.id)
    last = manifest_of(world, recipients).chunks[-1].key
    victim = chunks_of(world, recipients)[-1].numbers[-1]
    real = world.blobs.get

    def get(key: str) -> bytes:
        if key == last:
            monkeypatch.undo()
            erase(world, admin, victim)
        return real(key)

    monkeypatch.setattr(world.blobs, "get", get)
    surveyor = Surveyor(world.campaigns, world.blobs, world.changes, world.clock)
    survey = surveyor.survey(world.workspace, campaign.id)
    assert survey is not None
    assert survey.complete
    assert sum(survey.by_parts.values()) == len(NUMBERS) - 1
