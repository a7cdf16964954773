"""Ports of this machine: the wanted ones where they are free, others where that does not matter."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST = "127.0.0.1"


class PortTaken(Exception):
    def __init__(self, port: int, purpose: str, remedy: str) -> None:
        super().__init__(f"Port {port}, for {purpose}, is taken by another program. {remedy}")
        self.port = port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: connections to the port's last owner that still close do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free(preferred: Iterable[int]) -> int:
    for port in preferred:
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def exactly(port: int, purpose: str, remedy: str) -> int:
    if not is_free(port):
        raise PortTaken(port, purpose, remedy)
    return port
