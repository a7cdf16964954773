"""The whole installation on this machine: starts its parts in order, keeps them up, stops them.

`make up` and the stack tests use this one class, with other folders. Parts, in the order of their
start: packages, ministack (unless an endpoint is given), CloudFormation, SMSC simulator, bridge,
front door. They are stopped the other way round, ministack last: only then is its state complete.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cli.errors import ClientError
from infra import package
from infra.stacks import DeployError
from localstack import certificates, deploy, instance, ports
from localstack.children import Child, ChildError, Program, clean_environment
from localstack.memory import tree_rss
from localstack.ministack import Ministack, MinistackError
from localstack.places import ROOT, STACK_PYTHON, Places, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from localstack.deploy import Outputs

REGION = "us-east-1"
HOST = "127.0.0.1"
FRONT_DOOR_PORTS = range(8080, 8100)
SMSC_PORTS = range(2775, 2795)
SYSTEM_ID = "message-center"
CHANNEL_SECRET = "simulator"  # noqa: S105 # nosec B105 - the name of a secret
ANSWER_SECONDS = 60.0
RECORDS_SECONDS = 60.0
BRIDGE_PATIENCE = 30.0
CHILD_PATIENCE = 5.0
# What the bridge has no use for stays out of its environment.
_BRIDGE_SETTINGS = (
    "MC_DIRECTORY_TABLE",
    "MC_CAMPAIGNS_TABLE",
    "MC_DELIVERY_TABLE",
    "MC_AUDIT_TABLE",
    "MC_DATA_BUCKET",
)


class StackError(Exception):
    """It cannot be brought up, or has fallen; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    state: Path
    # The front door's; any free one near 8080 where it is not given.
    port: int | None = None
    # An emulator that runs already, such as LocalStack; ministack is started without it.
    endpoint: str | None = None
    # Where the simulator shall listen when it is started for the first time.
    smsc_ports: Sequence[int] = SMSC_PORTS
    # Its further arguments.
    smsc: tuple[str, ...] = ()
    # Judge the functions by their roles, as AWS does; ministack leaves that out by itself.
    enforce_iam: bool = False
    root: Path = ROOT
    python: Path = STACK_PYTHON


@dataclass(slots=True)
class Stack:
    options: Options
    say: Callable[[str], None] = print
    # Asked between two steps of a start, and while children are given time to end.
    hurry: Callable[[], bool] = lambda: False
    seconds: dict[str, float] = field(default_factory=dict)
    held: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    smsc_port: int = 0
    was_unclean: bool = False
    _outputs: Outputs | None = None
    _ministack: Ministack | None = None
    _children: list[Child] = field(default_factory=list)
    _lock: instance.Lock | None = None
    # A mark that was found stays until what it asks for is done.
    _holding: bool = False

    @property
    def places(self) -> Places:
        return Places(self.options.state.resolve())

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to stop."""
        return bool(self._children) or self._ministack is not None

    @property
    def outputs(self) -> Outputs:
        if self._outputs is None:
            raise StackError("Nothing is deployed yet.")
        return self._outputs

    @property
    def endpoint(self) -> str:
        if self.options.endpoint is not None:
            return self.options.endpoint.rstrip("/")
        if self._ministack is None:
            raise StackError("ministack is not started yet.")
        return self._ministack.endpoint

    # --- start ---

    def start(self) -> None:
        self.places.make()
        self._take_over()
        port = self._front_door_port()
        self._smsc_port()
        build = self.options.root / "build"
        with instance.one_at_a_time(build / ".lock"):
            with self._phase("packages"):
                package.execute(package.plan(self.options.root, build, package.local_target()))
            if self.options.endpoint is None:
                with self._phase("ministack"):
                    self._start_ministack()
            with self._phase("deployment"):
                self._deploy(build / "local", f"http://{HOST}:{port}")
        if self._holding:
            self._hold()
        with self._phase("SMSC and bridge"):
            self._start_carrier()
            if self.options.endpoint is None:
                # From here on, only a clean stop leaves records that are as new as the traffic.
                self.places.unclean.touch()
            self._start_child(self._bridge())
        with self._phase("front door"):
            self._start_child(self._front_door(port))
            self.url = f"http://{HOST}:{port}"
            self._note()
            self._await_api()
        deploy.sweep_now(self.endpoint, REGION, self.outputs.sweep_function)

    def _take_over(self) -> None:
        lock = instance.Lock(self.places)
        lock.take()
        self._lock = lock
        orphans = instance.stop_orphans(self.places, BRIDGE_PATIENCE)
        if orphans:
            self.say(f"Stopped {orphans} programs left over from a run that was killed.")
        self._note()

    def _front_door_port(self) -> int:
        if self.options.port is None:
            return ports.any_free(FRONT_DOOR_PORTS)
        return ports.exactly(self.options.port, "the front door", "Name another with --port.")

    def _smsc_port(self) -> None:
        """Always the same one: the channel's record names it."""
        try:
            known = int(self.places.smsc_port.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self.smsc_port = ports.any_free(self.options.smsc_ports)
            self.places.smsc_port.write_text(str(self.smsc_port), encoding="utf-8")
            return
        remedy = "The channel's record names it: stop that program and start again."
        self.smsc_port = ports.exactly(known, "the SMSC simulator", remedy)

    def _start_ministack(self) -> None:
        python = self.options.python
        if not python.exists():
            raise StackError(f"There is no {python}: `make up` installs it, as one command.")
        self._holding = self.was_unclean = self.places.unclean.exists()
        root = (deploy.LOCAL_ACCOUNT, deploy.LOCAL_SECRET) if self.options.enforce_iam else None
        self._ministack = Ministack(python, self.places.ministack, iam_root=root)
        self._ministack.start()

    def _deploy(self, build: Path, origin: str) -> None:
        choices = deploy.Choices(origin, mailbox=str(self.places.mail))
        made = self._outputs = deploy.deploy(self.endpoint, REGION, build, choices)
        if self.options.endpoint is None:
            for function in (made.folder_function, made.sealer_function):
                deploy.renew_stream_mappings(self.endpoint, REGION, function)
        if self.options.enforce_iam:
            deploy.ease_iam(self.endpoint, REGION, made)

    def _hold(self) -> None:
        self.held = self.records("hold")["held"]
        self._holding = False

    def _start_carrier(self) -> None:
        files = certificates.ensure(self.places.certificates)
        secret = self.places.secrets / CHANNEL_SECRET
        if not secret.exists():
            # SMPP has room for eight characters.
            write_private(secret, secrets.token_urlsafe(6))
        arguments = ["localstack.smsc", "--port", str(self.smsc_port), "--system-id", SYSTEM_ID]
        arguments += ["--cert", str(files.server_cert), "--key", str(files.server_key)]
        arguments += ["--ca", str(files.ca), "--password-file", str(secret)]
        arguments += ["--log", str(self.places.smsc_log)]
        arguments += ["--owed", str(self.places.smsc_owed), *self.options.smsc]
        log = self.places.log / "smsc.log"
        self._start_child(Program("SMSC simulator", arguments, log, says_port=True))

    def _bridge(self) -> Program:
        files = certificates.ensure(self.places.certificates)
        settings = self.outputs.environment()
        return Program(
            "bridge",
            ["smpp_bridge"],
            self.places.log / "bridge.log",
            self._aws()
            | {name: settings[name] for name in _BRIDGE_SETTINGS}
            | {
                "MC_BRIDGE_NAME": "local",
                "MC_BRIDGE_CA": str(files.ca),
                "MC_BRIDGE_CERT": str(files.client_cert),
                "MC_BRIDGE_KEY": str(files.client_key),
                "MC_SECRETS_DIR": str(self.places.secrets),
            },
        )

    def _front_door(self, port: int) -> Program:
        backend = self.outputs.api_url
        arguments = ["localstack.front_door", "--port", str(port), "--backend", backend]
        return Program("front door", arguments, self.places.log / "front-door.log", says_port=True)

    def _start_child(self, program: Program) -> None:
        child = Child(program)
        self._children.append(child)
        child.start()
        self._note()

    def _await_api(self) -> None:
        """One call through every layer; the first one also warms the API's function up."""
        deadline = time.monotonic() + ANSWER_SECONDS
        seen = ""
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(
                urlsplit(self.url).netloc, timeout=ANSWER_SECONDS
            )
            try:
                connection.request("GET", "/v1/health")
                answer = connection.getresponse()
                seen = f"status {answer.status}: {answer.read(500).decode(errors='replace')}"
                if answer.status == http.HTTPStatus.OK:
                    return
            except (OSError, http.client.HTTPException) as error:
                seen = str(error)
            finally:
                connection.close()
            time.sleep(0.2)
        raise StackError(f"The API does not answer at {self.url}/v1/health: {seen}")

    # --- while it runs ---

    def tend(self) -> None:
        """Call it now and then: starts again what died, and fails where that is no use."""
        if self._ministack is not None and not self._ministack.running:
            raise StackError(
                "ministack has died. What it held since its last clean stop is lost, so everything "
                f"is stopped. See {self.places.ministack / 'ministack.log'}"
            )
        for child in self._children:
            news = child.revive(time.monotonic())
            if news:
                self.say(news)
                self._note()

    def records(self, task: str, given: Any = None) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Do something to the records as their operator (localstack.records)."""
        outcome = subprocess.run(
            [sys.executable, "-m", "localstack.records", task],
            cwd=ROOT,
            env={**clean_environment(), **self._aws(), **self.outputs.environment()},
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=RECORDS_SECONDS,
            check=False,
        )
        if outcome.returncode:
            raise StackError(f"The records could not be written ({task}):\n{outcome.stderr}")
        answer: dict[str, Any] = json.loads(outcome.stdout)
        return answer

    def rss(self) -> int:
        return tree_rss(os.getpid())

    # --- stop ---

    def stop(self) -> None:
        """Safe to call at any point of a start. Ministack is never hurried: it saves."""
        for child in reversed(self._children):
            self._stop_child(child)
        self._children.clear()
        self._stop_ministack()
        if self._lock is not None:
            self.places.running.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _stop_child(self, child: Child) -> None:
        if child.pid is None:
            return
        patience = BRIDGE_PATIENCE if child.program.name == "bridge" else CHILD_PATIENCE
        began = time.monotonic()
        obeyed = child.stop(patience, self.hurry)
        how = "stopped" if obeyed else "was made to stop"
        self.say(f"The {child.program.name} {how} ({time.monotonic() - began:.1f} s).")

    def _stop_ministack(self) -> None:
        ministack, self._ministack = self._ministack, None
        if ministack is None:
            return
        was_running, began = ministack.running, time.monotonic()
        try:
            ministack.stop()
        except MinistackError as error:
            # The first line says it; the rest is its log, whose place is known.
            self.say(str(error).partition("\n")[0])
            return
        if was_running:
            self.say(f"ministack saved its state and stopped ({time.monotonic() - began:.1f} s).")
            if not self._holding:
                self.places.unclean.unlink(missing_ok=True)

    # --- small things ---

    def _aws(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": deploy.LOCAL_ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": deploy.LOCAL_SECRET,
        }

    def _note(self) -> None:
        pids = tuple(child.pid for child in self._children if child.pid is not None)
        instance.write_record(self.places, self.url, pids)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        if self.hurry():
            raise KeyboardInterrupt
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)
        self.say(f"  {name:<16} {self.seconds[name]:5.1f} s")


# What `up` tells in one sentence.
FAILURES: tuple[type[Exception], ...] = (
    ClientError,
    StackError,
    ChildError,
    MinistackError,
    DeployError,
    package.PackagingError,
    instance.AlreadyRunning,
    ports.PortTaken,
)
