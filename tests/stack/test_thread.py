"""One campaign from upload to receipt, HTTP in, SMPP out: the carrier's log against our ledger."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cli.errors import Refused
from localstack import demo
from localstack.deploy import LOCAL_ACCOUNT
from localstack.stack import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.client import Client
    from cli.shapes import Campaign

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

TEXT = "The whole thread"


def digits() -> list[str]:
    """The list's numbers as they must stand on the wire."""
    return ["1" + "".join(filter(str.isdigit, number)) for number in demo.numbers()]


@pytest.fixture(scope="module")
def sent(installation: Any, patiently: Callable[..., None]) -> Campaign:
    """A campaign that the carrier has had, and whose receipts are in."""
    campaign: Campaign = installation.approved(TEXT)

    patiently(
        lambda: installation.settled(campaign["id"], TEXT),
        "all numbers sent and their receipts folded",
    )
    return campaign


def test_the_carrier_has_every_number_exactly_once(installation: Any, sent: Campaign) -> None:
    assert sent["recipients"] == 1000
    wire = Counter(each.destination for each in installation.submitted(TEXT))
    assert wire == Counter(digits())


def test_the_ledger_says_what_the_carrier_said(installation: Any, sent: Campaign) -> None:
    assert any(each.status for each in installation.submitted(TEXT)), "nobody was refused"
    installation.check_ledger(sent["id"], TEXT)


def test_the_totals_are_the_ledgers(installation: Any, sent: Campaign) -> None:
    totals = installation.author.campaign(sent["id"])["totals"]
    counted = Counter(each["state"] for each in installation.ledger(sent["id"]))
    assert {state: totals[state] for state in counted} == dict(counted)
    assert totals["total"] == sum(counted.values()) == 1000
    assert {"sent", "delivered", "failed"} <= counted.keys()
    assert totals["in_doubt"] == 0


def test_who_did_what_is_on_record(installation: Any, sent: Campaign) -> None:
    table = boto3.resource(
        "dynamodb",
        endpoint_url=installation.stack.endpoint,
        region_name=REGION,
        aws_access_key_id=LOCAL_ACCOUNT,
        aws_secret_access_key="any",
    ).Table(installation.stack.outputs.audit_table)
    page = table.scan()
    items = page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    about = [item for item in items if sent["id"] in str(item)]
    people = {
        action: sum(who in str(item) for item in about if action in str(item))
        for action, who in (
            ("campaign.created", installation.author.me()["user"]["id"]),
            ("campaign.submitted", installation.author.me()["user"]["id"]),
            ("campaign.approved", installation.moderator.me()["user"]["id"]),
        )
    }
    assert people == {"campaign.created": 1, "campaign.submitted": 1, "campaign.approved": 1}
    assert not [number for number in digits() if any(number in str(item) for item in items)]


def refusal(client: Client, action: Callable[[Client], object]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(Refused) as refused:
        action(client)
    told = dict(refused.value.problem)
    told.pop("request_id")
    return refused.value.status, told


def test_an_author_cannot_approve_his_own(installation: Any) -> None:
    campaign = installation.campaign("Never sent")
    assert (
        refusal(installation.author, lambda it: it.decide(campaign["id"], approve=True))[0] == 403
    )
    assert refusal(installation.moderator, lambda it: it.act(campaign["id"], "cancel"))[0] == 403
    assert installation.author.campaign(campaign["id"])["approval"] == "submitted"
    assert installation.submitted("Never sent") == []


def test_a_second_decision_is_told_that_there_is_one(installation: Any, sent: Campaign) -> None:
    status, told = refusal(
        installation.moderator, lambda it: it.decide(sent["id"], approve=False, note="no")
    )
    assert status == 409
    assert told["type"].endswith("already-decided")


def test_what_is_anothers_looks_as_if_it_were_not_there(installation: Any, sent: Campaign) -> None:
    stranger = installation.stranger
    foreign = refusal(stranger, lambda it: it.campaign(sent["id"]))
    missing = refusal(stranger, lambda it: it.campaign("cmp_00000000000000000000000000"))
    assert foreign == missing
    assert foreign[0] == 404
    assert list(stranger.campaigns()) == []
    stranger.workspace = demo.WORKSPACE
    foreign_workspace = refusal(stranger, lambda it: it.campaign(sent["id"]))
    stranger.workspace = "no-such-workspace"
    assert refusal(stranger, lambda it: it.campaign(sent["id"])) == foreign_workspace
    stranger.workspace = "other"
    assert foreign_workspace[0] == 404
