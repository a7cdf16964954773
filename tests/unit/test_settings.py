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
    mailer_settings,
    sealer_settings,
    surveyor_settings,
    sweep_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = {
    name: f"value of {name}"
    for name in PURPOSES
    if name
    not in {
        "UPLOAD_MAX_BYTES",
        "MC_SECRETS_DIR",
        "MC_BRIDGE_NAME",
        "MC_MAILBOX_DIR",
        "AWS_ENDPOINT_URL",
    }
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
        "MC_AUDIT_KEY",
        "MC_STATE_MACHINE",
        "MC_MAIL_QUEUE",
        "MC_SURVEY_QUEUE",
    },
    function_settings: {"MC_DATA_BUCKET", "MC_DATA_KEY"},
    ingest_settings: {"MC_UPLOADS_BUCKET", "MC_DATA_BUCKET", "MC_DATA_KEY"},
    sweep_settings: {
        "MC_UPLOADS_BUCKET",
        "MC_DATA_BUCKET",
        "MC_DATA_KEY",
        "MC_AUDIT_KEY",
        "MC_STATE_MACHINE",
        "MC_UPLOAD_QUEUE",
    },
    sealer_settings: set(),
    surveyor_settings: {"MC_DATA_BUCKET"},
    mailer_settings: {"MC_MAIL_FROM", "MC_MAILBOX_DIR", "MC_CONSOLE_URL"},
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
    assert read_settings.endpoint is None


@pytest.mark.parametrize(
    "read", [read for read, needs in NEEDS.items() if "MC_DATA_BUCKET" in needs]
)
def test_who_needs_the_data_bucket_is_given_it(read: Callable[[dict[str, str]], Any]) -> None:
    assert read(WHOLE).data_bucket == "value of MC_DATA_BUCKET"


def test_the_api_has_its_defaults() -> None:
    read = api_settings(WHOLE)

    assert read.upload_max_bytes == 1024**3
    assert read.state_machine == "value of MC_STATE_MACHINE"
    assert read.uploads_bucket == "value of MC_UPLOADS_BUCKET"
    assert read.audit_key == "value of MC_AUDIT_KEY"
    assert read.mail_queue == "value of MC_MAIL_QUEUE"
    assert read.survey_queue == "value of MC_SURVEY_QUEUE"
    assert api_settings(WHOLE | {"UPLOAD_MAX_BYTES": "5"}).upload_max_bytes == 5
    local = api_settings(WHOLE | {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert local.endpoint == "http://127.0.0.1:4566"


def test_the_sweep_signs_with_the_audit_key() -> None:
    assert sweep_settings(WHOLE).audit_key == "value of MC_AUDIT_KEY"


def test_mails_are_sent_or_put_into_a_folder() -> None:
    sent = mailer_settings(WHOLE)
    assert (sent.mail_from, sent.mailbox_dir) == ("value of MC_MAIL_FROM", None)
    assert sent.console_url == "value of MC_CONSOLE_URL"

    # A template sets both, one of them empty.
    kept = mailer_settings(WHOLE | {"MC_MAIL_FROM": "", "MC_MAILBOX_DIR": "mail"})
    assert (kept.mail_from, kept.mailbox_dir) == (None, Path("mail"))

    both = mailer_settings(WHOLE | {"MC_MAILBOX_DIR": "mail"})
    assert (both.mail_from, both.mailbox_dir) == ("value of MC_MAIL_FROM", Path("mail"))


def test_a_mailer_with_nowhere_to_put_mails_names_both_ways() -> None:
    with pytest.raises(MissingSetting) as caught:
        mailer_settings(WHOLE | {"MC_MAIL_FROM": "", "MC_MAILBOX_DIR": ""})

    assert set(caught.value.names) == {"MC_MAIL_FROM", "MC_MAILBOX_DIR"}
    assert "not needed with MC_MAILBOX_DIR" in str(caught.value)


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
