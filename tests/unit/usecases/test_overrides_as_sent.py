"""A campaign's own SMPP fields: what stands on the wire in place of its revision's (SPEC 4.2)."""

from __future__ import annotations

from itertools import count

from chalicelib.domain.content import Overrides
from chalicelib.domain.sender import NumberType
from chalicelib.usecases.drafting import OverridesChanges
from chalicelib.usecases.drive import STOP
from chalicelib.usecases.ownership import CampaignKey, Held, Ownership, Term, as_sent
from tests.fakes import samples
from tests.fakes.world import World

NAMED = samples.revision(sender="snd_b", address="12345", source=NumberType(3, 0))


def test_nothing_set_changes_nothing() -> None:
    assert as_sent(Overrides(), samples.revision(), None) == samples.revision()


def test_an_address_brings_its_own_type() -> None:
    sent = as_sent(Overrides(saddr="12345"), samples.revision(), NAMED)
    assert (sent.address, sent.source) == ("12345", NumberType(3, 0))
    assert (sent.sender, sent.channel) == ("snd_a", "chn_a")


def test_each_type_that_is_set_stands_above_all() -> None:
    own = Overrides(saddr="12345", ston=0, snpi=1, dton=2, dnpi=0)
    sent = as_sent(own, samples.revision(), NAMED)
    assert (sent.source, sent.destination) == (NumberType(0, 1), NumberType(2, 0))
    half = as_sent(Overrides(ston=0), samples.revision(), None)
    assert half.source == NumberType(0, samples.revision().source.npi)


def test_the_owner_sends_from_the_address_that_was_approved_with_it() -> None:
    world = World()
    world.add_sender("Short", "12345")
    campaign = world.approved_campaign(
        [12025550100], overrides=OverridesChanges(saddr="12345"), transliterate=True, text="Привет"
    )
    world.driver.build(world.workspace, campaign)
    world.driver.open(world.workspace, campaign, 0, "token")
    ownership = Ownership(world.delivery, world.campaigns, world.blobs)
    orders = ownership.take_offers(Term(world.channel, 1, count()), Held(), 10, 0)
    (job,) = orders.jobs
    assert orders.sending == {CampaignKey(world.workspace, campaign)}
    assert (job.sender.address, job.sender.source) == ("12345", NumberType(3, 0))
    assert job.message.parts == (b"Privet",)


def test_an_execution_whose_campaign_was_deleted_stops() -> None:
    driver = World().driver
    assert driver.build("wsp_a", "cmp_gone") == driver.next("wsp_a", "cmp_gone") == STOP
