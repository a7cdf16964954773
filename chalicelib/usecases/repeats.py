"""A creating request that is sent again answers what it made the first time (CONTRACTS 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.errors import Exists
from chalicelib.domain.request import REMEMBERED, MadeOnce, check_key, digest_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.usecases.auditing import Caller
    from chalicelib.usecases.ports import Clock, Directory

    # What a maker commits along with the thing of that id.
    Mark = Callable[[str], tuple[MadeOnce, ...]]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks for, under a key of its own or none."""

    caller: Caller
    key: str | None
    content: object


@dataclass(frozen=True, slots=True)
class Repeats:
    directory: Directory
    clock: Clock

    def once(
        self,
        request: Request,
        read: Callable[[str], T],
        make: Callable[[Mark], T],
    ) -> T:
        """Of two that are sent at once, one makes the thing and the other reads it."""
        if request.key is None:
            return make(lambda _: ())
        check_key(request.key)
        made = self._made(request, request.key)
        if made is not None:
            return read(made)
        try:
            return make(lambda target: (self._mark(request, target),))
        except Exists:
            made = self._made(request, request.key)
            if made is None:
                raise
            return read(made)

    def _made(self, request: Request, key: str) -> str | None:
        who = request.caller
        made = self.directory.made_once(who.workspace, who.user, key)
        return target_of(made, digest_of(request.content)) if made else None

    def _mark(self, request: Request, target: str) -> MadeOnce:
        return MadeOnce(
            workspace=request.caller.workspace,
            user=request.caller.user,
            key=request.key or "",
            digest=digest_of(request.content),
            target=target,
            expires_at=self.clock.now() + REMEMBERED,
        )
