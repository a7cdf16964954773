"""The API on fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import app
from chalicelib import bootstrap
from tests.fakes.gateway import Gateway
from tests.fakes.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable


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
