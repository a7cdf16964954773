"""Schemathesis over the API's own document: requests that it allows and requests that it forbids,
made by the hundred; every answer has to be what the document says.

Its engine is called directly, all of its checks on. What cannot hold here is told narrowly, each
with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.generation.meta import CoverageScenario, coverage_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemathesis import Case, CheckContext, Response

# What a body or a parameter may break although its schema has no word for it: field, as the answer
# names it → the rule. Whatever else is refused as invalid must be invalid by the document.
BEYOND: Final[Mapping[str, str]] = {
    "after": "a cursor is opaque, and made by the listing it belongs to",
    "name": "printable, and not blank",
    "email": "an address that mail can go to",
    "admin_email": "likewise",
    "time_zone": "a zone that there is",
    "token": "one that was mailed, and not used yet",
    "password": "one's own; or a new one that few people use",
    "current": "one's own password",
    "new": "one that few people use",
    "code": "what one's app shows now",
    "role": "super admins are of the master workspace alone",
    "is_moderator": "only an author carries it",
    "scopes": "what a key may do, and its maker to everything",
    r"permissions(\..+)?": "what no workspace can change",
    "daily_window": "it opens before it closes",
    "(default_)?country": "a country that there is",
    r"numbers?(\.[0-9]+)?": "what phones can have; of `number` and `ctn_hash` one",
    "number_column": "a heading, of a file that has some",
    "size": "what the installation takes",
    "parts": "those that the upload has",
    "address": "what phones can show, by what it is made of",
    "channel": "one that there is, and that the workspace may use",
    r"(source|destination)\.(ton|npi)": "what SMPP has a number for",
    "use": "printable",
    "sender": "one of the workspace, with an approved revision",
    "revision": "of the sender that is named",
    "list": "one of the workspace that is ready",
    "text|fields": "merge fields that are closed; whole characters; values that leave it short",
    "note": "readable, and not blank where it is needed",
    "author": "a member who may write campaigns, where the one before has left",
    "(start_at|date_from|date_to|deadline|(created|start)_(from|to))": "within the calendar",
    r"overrides(\..+)?": "what SMPP has a number for, and addresses that are approved",
    "status|approval|mode": "several with commas, as the description has them",
}
# What answers with the fields of the thing itself: they stand in no body.
BEYOND_ALL: Final[Mapping[str, str]] = {
    "submit_campaign": "what the campaign still lacks, or what is wrong with it by now",
    "release_campaign": "likewise, with the new time",
}
_BEYOND: Final = re.compile("|".join(f"(?:{pattern})" for pattern in BEYOND))
_TAG: Final = re.compile(r'\*|"[0-9]{1,9}"')
_INVALID: Final = 400
_NOWHERE: Final = frozenset({403, 404, 405})
# Of requests that are as the document has them; 400 is looked at by a check of ours.
_REFUSED: Final = ("400", "401", "403", "404", "409", "412", "422", "429")


HOME: Final = "workspace"
KEY: Final = "Idempotency-Key"
# Among those that can be made longer.
_GOOD_KEY: Final = re.compile("[!-~]([ -~]{0,200}[!-~])?")
# Longer than API Gateway takes to give up.
TIMEOUT: Final = 35
# With so many seconds there is time for the twins, too.
THOROUGH_FROM: Final = 600


@dataclass(slots=True)
class Doors:
    """Where the API is, what is in it, and how to be let in."""

    url: str
    # By name of a path's value: ids of what is there.
    places: Mapping[str, list[str]]
    # None: nobody.
    token: Callable[[Case[Any]], str | None]
    # What is to be done once a request was answered.
    after: Callable[[Case[Any], Response], None] = lambda _, __: None


@dataclass(slots=True)
class Report:
    seconds: float = 0.0
    requests: int = 0
    reason: str = ""
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    # By operation, check and title: the first of its kind.
    findings: dict[tuple[str, str, str], str] = field(default_factory=dict)


class UnreasonableRefusal(Failure):
    """A request is as the document has it, and still refused as invalid."""


@schemathesis.check
def refusal_has_its_reason(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """400 to what the schema allows names a field whose rule no schema can say."""
    del ctx
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != _INVALID:
        return
    name = case.operation.definition.raw["operationId"].removeprefix("visit_")
    if name in BEYOND_ALL:
        return
    named = [each["field"] for each in response.json().get("errors", ())]
    surprising = [name for name in named if not _BEYOND.fullmatch(name)]
    # Schemathesis sends some tags without their quotes, and calls them good.
    if surprising == ["If-Match"] and not _TAG.fullmatch(str(case.headers.get("If-Match"))):
        return
    if surprising or not named:
        raise UnreasonableRefusal(
            operation=case.operation.label,
            title="Refused without a reason that the document gives",
            message=f"{surprising or 'no field'}: {response.text[:500]}",
        )


class OpenMethod(Failure):
    """A method that the document does not have for a path is answered by more than a refusal."""


@schemathesis.check
def undeclared_method_leads_nowhere(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    del ctx
    tried = coverage_scenario(case) is CoverageScenario.UNSPECIFIED_HTTP_METHOD
    # OPTIONS is a browser's question before a request from elsewhere.
    if tried and response.request.method != "OPTIONS" and response.status_code not in _NOWHERE:
        raise OpenMethod(
            operation=case.operation.label,
            title="A method that is not documented",
            message=f"{response.request.method}: {response.status_code}",
        )


def explore(
    document: dict[str, Any], doors: Doors, *, seconds: int, examples: int, seed: int = 1
) -> Report:
    config = schemathesis.Config.from_dict(_config(doors, seconds, examples, seed))
    schema = schemathesis.openapi.from_dict(_at_home(document, doors.places), config=config)
    schema.config.base_url = doors.url

    @schema.auth(refresh_interval=None)
    class Credentials:
        def get(self, case: Case[Any], _: Any) -> str | None:
            return doors.token(case)

        def set(self, case: Case[Any], token: str | None, _: Any) -> None:
            if token is not None:
                case.headers["Authorization"] = f"Bearer {token}"
            # One key for all requests would let them make one thing, and refuse the rest.
            if _GOOD_KEY.fullmatch(str(case.headers.get(KEY, ""))):
                case.headers[KEY] = f"{case.headers[KEY]}{next(made)}"

    @schema.hook
    def after_call(_: Any, case: Case[Any], response: Response) -> None:
        doors.after(case, response)

    made, report = count(1), Report()
    for event in from_schema(schema).execute():
        _note(report, event)
    return report


def _at_home(document: dict[str, Any], places: Mapping[str, list[str]]) -> dict[str, Any]:
    """The document with ids of what is there for examples, and with one workspace alone: others may
    be other tests'.
    """
    here = deepcopy(document)
    for name, ids in places.items():
        parameter = here["components"]["parameters"][name]
        parameter.pop("example")
        parameter["examples"] = {each: {"value": each} for each in ids}
        if name == HOME:
            parameter["schema"] = {"type": "string", "enum": ids}
    return here


def _config(doors: Doors, seconds: int, examples: int, seed: int) -> dict[str, Any]:
    thorough = seconds >= THOROUGH_FROM
    return {
        "seed": seed,
        "max-time": seconds,
        "request-timeout": TIMEOUT,
        "continue-on-failure": True,
        "suppress-health-check": ["all"],
        "generation": {"mode": "all", "max-examples": examples, "database": "none"},
        "dictionaries": {name: {"values": ids} for name, ids in doors.places.items()},
        "parameters": {
            # Mostly what there is: a made-up id is one more 404.
            f"path.{name}": {"dictionary": name, "probability": 0.8}
            for name in doors.places
            if name != HOME
        },
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", *_REFUSED]},
            # It wants 405. What a path has no such method for never gets as far as the API: API
            # Gateway answers 403, the embedded one 404. Below is what has to hold instead.
            "unsupported_method": {"enabled": False},
        },
        "operations": [
            {
                # Twins are the same views behind another door: their examples are enough.
                "include-tag": "visits",
                "phases": {name: {"enabled": thorough} for name in ("coverage", "fuzzing")},
            }
        ],
    }


def _note(report: Report, event: Any) -> None:
    if isinstance(event, events.ScenarioFinished):
        _note_answers(report, event)
    elif isinstance(event, events.NonFatalError):
        report.findings[str(event.label), "error", type(event.value).__name__] = str(event.value)
    elif isinstance(event, events.FatalError):
        raise event.exception
    elif isinstance(event, events.EngineFinished):
        report.seconds, report.reason = event.running_time, event.stop_reason.value


def _note_answers(report: Report, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for known, interaction in recorder.interactions.items():
        if interaction.response is None:
            continue
        report.requests += 1
        label = recorder.cases[known].value.operation.label
        report.statuses.setdefault(label, Counter())[interaction.response.status_code] += 1
    for known, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            label = recorder.cases[known].value.operation.label
            answer = recorder.interactions[known].response
            content = answer.content[:600] if answer is not None and answer.content else b""
            report.findings.setdefault(
                (label, check.name, failure.title),
                f"{event.phase.value}: {failure.message}\n"
                f"{check.failure_info.code_sample}\n{content!r}",
            )
