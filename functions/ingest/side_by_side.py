"""Work on many things at once that comes back in their order, with a bounded number under way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """Results of `work`; up to `ahead` are worked on beyond the one that is waited for.

    The first error in the order of things is the one that is raised, whichever came first in time,
    be it of the work or of `items` themselves.
    """
    under_way: deque[Future[R]] = deque()
    things = iter(items)
    try:
        while True:
            try:
                thing = next(things)
            except StopIteration:
                break
            except Exception:
                for each in under_way:
                    each.result()
                raise
            under_way.append(pool.submit(work, thing))
            del thing
            if len(under_way) > ahead:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for each in under_way:
            each.cancel()
