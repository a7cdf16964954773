"""The state machine's definition is checked, and each rule can fail."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from infra.machines import findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.fragments import Document


@pytest.fixture
def campaign(app: Document) -> Document:
    """The template's machine, to be broken."""
    return copy.deepcopy(app)


def states(template: Document) -> Document:
    found: Document = template["Resources"]["Campaign"]["Properties"]["Definition"]["States"]
    return found


def test_the_machine_has_no_findings(app: Document) -> None:
    assert list(findings(app)) == []


def test_it_waits_by_callback_with_a_constant_time_out(app: Document) -> None:
    opened = states(app)["Open"]
    assert opened["Resource"].endswith(".waitForTaskToken")
    assert opened["TimeoutSeconds"] == 86_400
    assert opened["Parameters"]["Payload"]["token.$"] == "$$.Task.Token"


@pytest.mark.parametrize("task", ["Build", "Next", "Open", "Finish"])
def test_lambdas_own_faults_are_tried_again(app: Document, task: str) -> None:
    (retry,) = states(app)[task]["Retry"]
    assert all(error.startswith("Lambda.") for error in retry["ErrorEquals"])


BREAKAGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "unknown next": (lambda s: s["Wait"].update(Next="Nowhere"), 'No state found named "Nowhere"'),
    "unreachable": (lambda s: s.update(Alone={"Type": "Succeed"}), "No transition found to state"),
    "bad path": (lambda s: s["Wait"].update(TimestampPath="next.at"), "TimestampPath"),
    "no time-out": (lambda s: s["Open"].pop("TimeoutSeconds"), "may wait for ever"),
    "path time-out": (lambda s: s["Open"].update(TimeoutSecondsPath="$.t"), "does nothing"),
    "heartbeat": (lambda s: s["Open"].update(HeartbeatSeconds=60), "does nothing"),
    "jsonata": (lambda s: s["Wait"].update(Output="{% $states.input %}"), "JSONata"),
    "map": (lambda s: s["Build"].update(Type="Map"), "a stop does not reach"),
    "catch": (
        lambda s: s["Build"].update(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}]),
        "let failures end the execution",
    ),
    "unknown function": (
        lambda s: s["Build"].update(Resource="${Nobody}"),
        "${Nobody} is not substituted",
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_definition_is_found(campaign: Document, name: str) -> None:
    break_it, finding = BREAKAGES[name]
    break_it(states(campaign))
    assert any(finding in found for found in findings(campaign))


def test_another_query_language_is_found(campaign: Document) -> None:
    definition = campaign["Resources"]["Campaign"]["Properties"]["Definition"]
    definition["QueryLanguage"] = "JSONata"
    assert any('say "QueryLanguage": "JSONPath"' in found for found in findings(campaign))


def test_a_substitution_for_nothing_is_found(campaign: Document) -> None:
    given = campaign["Resources"]["Campaign"]["Properties"]["DefinitionSubstitutions"]
    given["Spare"] = {"Fn::GetAtt": ["CampaignLogs", "Arn"]}
    found = list(findings(campaign))
    assert "Campaign: Spare is substituted but not used" in found
    assert any("CampaignLogs, which is no function" in each for each in found)
