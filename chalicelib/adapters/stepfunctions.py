"""Executions of the state machine that drives campaigns (DESIGN 4.4).

An execution's name is the campaign and its run, so starting one twice is harmless.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chalicelib.adapters.aws import Clients


class StepFunctionsExecutions:
    """`machine` is the state machine's ARN; without it only `resume` and `fail` can be used."""

    def __init__(self, clients: Clients, machine: str = "") -> None:
        self._clients = clients
        self._machine = machine

    def start(self, workspace: str, campaign: str, run: int) -> None:
        client = self._clients.step_functions()
        try:
            client.start_execution(
                stateMachineArn=self._machine,
                name=execution_name(campaign, run),
                input=json.dumps({"workspace": workspace, "campaign": campaign}),
            )
        except client.exceptions.ExecutionAlreadyExists:
            return

    def running(self, workspace: str, campaign: str, run: int) -> bool:  # noqa: ARG002 - the name does without the workspace
        client = self._clients.step_functions()
        arn = execution_arn(self._machine, execution_name(campaign, run))
        try:
            return client.describe_execution(executionArn=arn)["status"] == "RUNNING"
        except client.exceptions.ExecutionDoesNotExist:
            return False

    def resume(self, token: str) -> None:
        client = self._clients.step_functions()
        with self._unless_gone():
            client.send_task_success(taskToken=token, output="{}")

    def fail(self, token: str, error: str) -> None:
        client = self._clients.step_functions()
        with self._unless_gone():
            client.send_task_failure(taskToken=token, error=error)

    def _unless_gone(self) -> AbstractContextManager[None]:
        """The execution may have ended, or another doorbell resumed it first."""
        gone = self._clients.step_functions().exceptions
        return suppress(gone.TaskDoesNotExist, gone.TaskTimedOut, gone.InvalidToken)


def execution_name(campaign: str, run: int) -> str:
    return f"{campaign}-{run}"


def execution_arn(machine: str, name: str) -> str:
    """arn:aws:states:<region>:<account>:stateMachine:<machine> → …:execution:<machine>:<name>"""
    head, _, machine_name = machine.rpartition(":stateMachine:")
    return f"{head}:execution:{machine_name}:{name}"
