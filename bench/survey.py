"""What counting a personalised text over a list costs (SPEC 4.2).

`rows_per_s`       by the production surveyor, chunks decoded and the survey written, objects and
                   records in memory: a text with one field, names of which some are not GSM.
`hard_rows_per_s`  the same for what it finds hardest: two fields next to each other, one of them
                   different in every row, transliterated, characters that stay foreign.
`slow_rows_per_s`  the first text, rendered and measured row by row in the same run.

Each is the best of three: others use this machine too.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeVar

from chalicelib.domain.counting import outcome, rendered
from chalicelib.domain.formats import chunk as chunk_format
from chalicelib.domain.formats.chunk import MAX_RECIPIENTS
from chalicelib.domain.recipient_list import list_prefix
from chalicelib.sms.merge import parse
from chalicelib.usecases.surveying import Surveyor
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.recipient_list import RecipientList
    from chalicelib.domain.survey import Survey

T = TypeVar("T")

TEXT: Final = "Hello {{name|friend}}, your order is ready. Show this message in our shop: 5€ off!"
HARD: Final = "{{name}}{{code}}, dziękujemy \u2013 \u201e{{name}}\u201d\u2026"
FOREIGN: Final = ("Łukasz", "Zoë", "Jürgen", "Ольга", "")
NAMES: Final = 3_000
TURNS: Final = 3
FIRST: Final = 447_700_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="What counting a personalised text costs.")
    parser.add_argument("--rows", type=int, default=500_000, help="recipients of the list")
    options = parser.parse_args()
    bench = Bench.of(options.rows)
    soft, fast = bench.surveyed(TEXT, transliterate=False)
    _, hard = bench.surveyed(HARD, transliterate=True)
    counted, slow = bench.slowly(TEXT)
    if counted != soft.by_parts:
        raise SystemExit(f"The slow way counts {dict(counted)}, the survey {soft.by_parts}.")
    print(json.dumps({"rows_per_s": fast, "hard_rows_per_s": hard, "slow_rows_per_s": slow}))


@dataclass(frozen=True, slots=True)
class Bench:
    world: World
    list: RecipientList

    @classmethod
    def of(cls, rows: int) -> Bench:
        # Every hundredth is none of GSM's, or missing.
        names = [
            f"Anna{place % NAMES}" if place % 100 else FOREIGN[place // 100 % len(FOREIGN)]
            for place in range(rows)
        ]
        codes = [f"{place * 7919 % 10**7:07}" for place in range(rows)]
        world = World()
        numbers = list(range(FIRST, FIRST + rows))
        return cls(world, world.ready_list(numbers, columns={"name": names, "code": codes}))

    def surveyed(self, text: str, *, transliterate: bool) -> tuple[Survey, int]:
        world = self.world
        surveyor = Surveyor(world.campaigns, world.blobs, world.changes, world.clock)

        def survey() -> Survey:
            campaign = world.draft(text=text, list=self.list.id, transliterate=transliterate)
            found = surveyor.survey(world.workspace, campaign.id)
            if found is None:
                raise SystemExit("The survey was not made.")
            return found

        return fastest(survey, self.list.counts.valid)

    def slowly(self, text: str) -> tuple[Counter[int | None], int]:
        template = parse(text)
        prefix = list_prefix(self.world.workspace, self.list.id)
        chunks = -(-self.list.counts.valid // MAX_RECIPIENTS)

        def count() -> Counter[int | None]:
            parts: Counter[int | None] = Counter()
            for number in range(chunks):
                data = self.world.blobs.get(f"{prefix}/chunk-{number:05}")
                chunk = chunk_format.decode(data, template.names)
                for values in zip(*chunk.columns.values(), strict=True):
                    row = dict(zip(chunk.columns, values, strict=True))
                    parts[outcome(rendered(template, row, transliterated=False)).parts] += 1
            return parts

        return fastest(count, self.list.counts.valid)


def fastest(work: Callable[[], T], rows: int) -> tuple[T, int]:
    turns: list[tuple[float, T]] = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        made = work()
        turns.append((time.perf_counter() - begun, made))
    seconds, made = min(turns, key=itemgetter(0))
    return made, round(rows / seconds)


if __name__ == "__main__":
    main()
