"""What holds for every test: no credentials, no network, the same examples in every run.

pytest-socket closes all sockets and its `enable_socket` mark opens all of them again. The audit
hook below stays on beneath both, so the mark means the loopback addresses alone, for names that are
looked up and for servers that listen too. The environment is cleaned before a module can read it:
a developer's AWS profile, endpoint or proxy must not decide what a test talks to.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import TYPE_CHECKING

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

FOREIGN_PREFIXES = ("AWS_", "LOCALSTACK_", "MC_", "POWERTOOLS_")
PROXIES = ("all_proxy", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy")
HARMLESS_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# Audit event of the socket module -> where its arguments hold the host or the address.
SOCKET_EVENTS = {
    "socket.bind": 1,
    "socket.connect": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.sendmsg": 1,
    "socket.sendto": 1,
}
# Folders whose tests run in one process.
TOGETHER = ("tests/stack/", "tests/unit/api/")


class NotLoopbackError(RuntimeError):
    """A test wanted to leave this machine. No OSError, or the code under test would try again."""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(place: object) -> str | None:
    """The host of an address or a lookup; None where there is none, as for a Unix socket's path."""
    host = place[0] if isinstance(place, tuple) else None
    if isinstance(host, bytes):
        return host.decode()
    return host if isinstance(host, str) else None


def refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    position = SOCKET_EVENTS.get(event)
    if position is None:
        return
    place = arguments[position]
    # A lookup passes the bare name, a socket its address: a tuple, or the path of a Unix socket.
    host = host_of(place if position else (place,))
    if host is not None and not is_loopback(host):
        message = f"{event} with {host!r}: tests may use 127.0.0.1, ::1 and localhost alone."
        raise NotLoopbackError(message)


def clean_environment() -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES) or name.lower() in PROXIES:
            del os.environ[name]
    os.environ.update(HARMLESS_AWS)


def pytest_configure() -> None:
    clean_environment()
    sys.addaudithook(refuse_other_hosts)
    hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
    hypothesis.settings.register_profile("search", deadline=None, max_examples=2_000)
    # hypothesis' own plug-in is configured after this and obeys --hypothesis-profile=search.
    hypothesis.settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: group_of(item.nodeid) != "tests/stack/")


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """For `make test`: groups of tests run side by side, each in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    return ByGroup(config, log)


def group_of(nodeid: str) -> str:
    """What shares an installation, or compares what all of a folder did, stays together; else what
    is in one file.
    """
    return next((each for each in TOGETHER if nodeid.startswith(each)), nodeid.partition("::")[0])
