"""The API on fakes; and, for what compares what all of these tests did, whether all of them ran."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from app import app
from chalicelib import bootstrap
from tests.fakes.gateway import Gateway
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LAST: Final = "test_every_documented_error_has_occurred"
LEFT_OUT: Final = pytest.StashKey[bool]()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items[:1]:
        item.config.stash[LEFT_OUT] = True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = set(here.glob("test_*.py")) - {item.path for item in items}
    chosen = any("::" in argument for argument in config.args)
    config.stash[LEFT_OUT] = config.stash.get(LEFT_OUT, False) or bool(missing) or chosen
    items.sort(key=lambda item: item.name == LAST)


@pytest.fixture
def whole_run(request: pytest.FixtureRequest) -> bool:
    """Whether all tests of this folder run, and all but this one have run by now."""
    return not request.config.stash[LEFT_OUT]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(bootstrap, "api", lambda: world.api)
    return world


@pytest.fixture
def gateway(world: World) -> Gateway:
    del world  # it is what answers
    return Gateway(app)


@pytest.fixture
def sign_in(gateway: Gateway) -> Callable[[str], str]:
    def token(email: str) -> str:
        answer = gateway.call("POST", "/v1/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status == 201, answer.body
        token: str = answer.body["token"]
        return token

    return token
