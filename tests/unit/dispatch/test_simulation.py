"""Whatever happens and whenever, the dispatcher's invariants hold (its docstring lists them)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dispatch.simulation import World


@settings(max_examples=150)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_life_full_of_trouble(seed: int) -> None:
    world = World(seed)
    for _ in range(400):
        world.step()
    world.settle()


def test_a_life_without_trouble_sends_everybody_once() -> None:
    world = World(7)
    world.settle()
    expected = sum(len(one.places) * len(one.message.parts) for one in world.chunks.values())
    assert len(world.wire) == expected
    assert world.finished == set(world.chunks)
