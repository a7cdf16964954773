"""The environment: what is missing is named at once, with what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import settings
from chalicelib.settings import (
    PURPOSES,
    BadSetting,
    MissingSetting,
    Tables,
    api_settings,
    bridge_settings,
    function_settings,
    ingest_settings,
    sweep_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = {
    name: f"value of {name}"
    for name in PURPOSES
    if name not in {"UPLOAD_MAX_BYTES", "MC_SECRETS_DIR", "MC_BRIDGE_NAME", "AWS_ENDPOINT_URL"}
}
TABLES = Tables(
    directory="value of MC_DIRECTORY_TABLE",
    campaigns="value of MC_CAMPAIGNS_TABLE",
    delivery="value of MC_DELIVERY_TABLE",
    audit="value of MC_AUDIT_TABLE",
)


def of_bridge(variables: dict[str, str]) -> Any:
    return bridge_settings("host-1", variables)


NEEDS: dict[Callable[[dict[str, str]], Any], set[str]] = {
    api_settings: {
        "MC_UPLOADS_BUCKET",
        "MC_DATA_BUCKET",
        "MC_DATA_KEY",
        "MC_STATE_MACHINE",
    },
    function_settings: {"MC_DATA_BUCKET", "MC_DATA_KEY"},
    ingest_settings: {"MC_UPLOADS_BUCKET", "MC_DATA_BUCKET", "MC_DATA_KEY"},
    sweep_settings: {"MC_DATA_BUCKET", "MC_DATA_KEY", "MC_STATE_MACHINE"},
    of_bridge: {"MC_DATA_BUCKET", "MC_BRIDGE_CA", "MC_BRIDGE_CERT", "MC_BRIDGE_KEY"},
}
EACH = pytest.mark.parametrize("read", NEEDS)


@EACH
def test_all_that_is_missing_is_named_with_its_purpose(
    read: Callable[[dict[str, str]], Any],
) -> None:
    needed = NEEDS[read] | {name for name in PURPOSES if name.endswith("_TABLE")}

    with pytest.raises(MissingSetting) as caught:
        read({})

    assert set(caught.value.names) == needed
    for name in needed:
        assert f"{name} ({PURPOSES[name]})" in str(caught.value)


@EACH
def test_an_empty_value_is_missing(read: Callable[[dict[str, str]], Any]) -> None:
    with pytest.raises(MissingSetting) as caught:
        read(WHOLE | {"MC_AUDIT_TABLE": ""})

    assert caught.value.names == ("MC_AUDIT_TABLE",)


@EACH
def test_what_is_set_is_read(read: Callable[[dict[str, str]], Any]) -> None:
    read_settings = read(WHOLE)

    assert read_settings.tables == TABLES
    assert read_settings.data_bucket == "value of MC_DATA_BUCKET"
    assert read_settings.endpoint is None


def test_the_api_has_its_defaults() -> None:
    read = api_settings(WHOLE)

    assert read.upload_max_bytes == 1024**3
    assert read.state_machine == "value of MC_STATE_MACHINE"
    assert read.uploads_bucket == "value of MC_UPLOADS_BUCKET"
    assert api_settings(WHOLE | {"UPLOAD_MAX_BYTES": "5"}).upload_max_bytes == 5
    local = api_settings(WHOLE | {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert local.endpoint == "http://127.0.0.1:4566"


@pytest.mark.parametrize("value", ["0", "-1", "1 GiB", "1.5", "²", "٣"])
def test_a_size_that_is_no_size_is_refused(value: str) -> None:
    with pytest.raises(BadSetting, match="UPLOAD_MAX_BYTES must be a whole number above 0") as bad:
        ingest_settings(WHOLE | {"UPLOAD_MAX_BYTES": value})

    assert bad.value.name == "UPLOAD_MAX_BYTES"


def test_a_bridge_goes_by_its_host_unless_it_is_named() -> None:
    assert bridge_settings("host-1", WHOLE).name == "host-1"
    assert bridge_settings("host-1", WHOLE | {"MC_BRIDGE_NAME": "bridge-a"}).name == "bridge-a"


def test_a_bridge_has_its_files() -> None:
    read = bridge_settings("host-1", WHOLE)

    assert read.ca == Path("value of MC_BRIDGE_CA")
    assert read.certificate == Path("value of MC_BRIDGE_CERT")
    assert read.private_key == Path("value of MC_BRIDGE_KEY")
    assert read.secrets_dir is None
    local = bridge_settings("host-1", WHOLE | {"MC_SECRETS_DIR": "keys"})
    assert local.secrets_dir == Path("keys")


def test_the_environment_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)

    assert settings.function_settings().tables == TABLES
