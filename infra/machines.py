"""Rules for the state machines' definitions, since emulators accept broken ones (DESIGN 5).

`statelint` knows the language; here is what it cannot know: that every function named is one of
the template's, and that only what all emulators do is used.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.fragments import Document, Json

MACHINE = "AWS::StepFunctions::StateMachine"
# JSONata's fields, and JSONPath's that an emulator ignores.
UNUSED = {
    "Arguments": "JSONata, which not every emulator runs",
    "Output": "JSONata, which not every emulator runs",
    "Assign": "JSONata's companion, which not every emulator runs",
    "HeartbeatSeconds": "does nothing in an emulator",
    "HeartbeatSecondsPath": "does nothing in an emulator",
    "TimeoutSecondsPath": "does nothing in an emulator: use a constant TimeoutSeconds",
    "ItemBatcher": "does nothing in an emulator",
    "ResultWriter": "does nothing in an emulator",
}
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_ANY_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:any"


def findings(template: Document) -> Iterator[str]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == MACHINE:
            definition = resource["Properties"]["Definition"]
            for finding in (
                *linted(definition),
                *unusual(definition),
                *unknown_functions(resource["Properties"], template["Resources"]),
            ):
                yield f"{name}: {finding}"


def linted(definition: Document) -> list[str]:
    """What statelint finds; a placeholder is no URI, so a function's ARN takes its place."""
    text = _PLACEHOLDER.sub(_ANY_FUNCTION, json.dumps(definition))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "definition.json"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "statelint", str(file)]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (outcome.stdout + outcome.stderr).strip().splitlines()
    # Its first line counts the others.
    return [line.strip() for line in lines[1:] or lines] if outcome.returncode else []


def unusual(definition: Document) -> Iterator[str]:
    if definition.get("QueryLanguage") != "JSONPath":
        yield 'say "QueryLanguage": "JSONPath", which all emulators run'
    for name, state in definition["States"].items():
        yield from (f"{name}: {field} {why}" for field, why in UNUSED.items() if field in state)
        if state["Type"] in {"Map", "Parallel"}:
            yield f"{name}: a stop does not reach what runs inside a {state['Type']}"
        if state["Type"] == "Task" and not isinstance(state.get("TimeoutSeconds"), int):
            yield f"{name}: a task without a constant TimeoutSeconds may wait for ever"
        if state.get("Catch"):
            yield f"{name}: let failures end the execution, the sweep starts a new one"


def unknown_functions(properties: Document, resources: Document) -> Iterator[str]:
    named = set(_PLACEHOLDER.findall(json.dumps(properties["Definition"])))
    given: dict[str, Json] = properties.get("DefinitionSubstitutions", {})
    yield from (f"${{{name}}} is not substituted" for name in sorted(named - given.keys()))
    yield from (f"{name} is substituted but not used" for name in sorted(given.keys() - named))
    for name, value in given.items():
        target = value.get("Fn::GetAtt", [""])[0] if isinstance(value, dict) else value
        if resources.get(target, {}).get("Type") != "AWS::Serverless::Function":
            yield f"{name} stands for {target}, which is no function of the template"
