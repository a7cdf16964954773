"""Certificates are kept while they are good and made anew before they are not."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from localstack.certificates import RENEW_BEFORE, ensure

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_keys_are_the_owners_alone(tmp_path: Path) -> None:
    files = ensure(tmp_path / "certificates", NOW)
    for key in (files.server_key, files.client_key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "certificates").stat().st_mode) == 0o700


def test_the_server_is_known_by_address_and_name(tmp_path: Path) -> None:
    files = ensure(tmp_path, NOW)
    certificate = x509.load_pem_x509_certificate(files.server_cert.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_good_ones_are_kept(tmp_path: Path) -> None:
    first = ensure(tmp_path, NOW).server_cert.read_bytes()
    assert ensure(tmp_path, NOW + timedelta(days=300)).server_cert.read_bytes() == first


def test_they_are_renewed_before_they_expire(tmp_path: Path) -> None:
    first = ensure(tmp_path, NOW).server_cert.read_bytes()
    late = NOW + timedelta(days=366) - RENEW_BEFORE
    files = ensure(tmp_path, late)
    assert files.server_cert.read_bytes() != first
    certificate = x509.load_pem_x509_certificate(files.client_cert.read_bytes())
    assert certificate.not_valid_after_utc - late >= RENEW_BEFORE


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server.key", "client.key"])
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_damaged_ones_are_made_anew(tmp_path: Path, name: str, content: bytes | None) -> None:
    first = ensure(tmp_path, NOW).ca.read_bytes()
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    assert ensure(tmp_path, NOW).ca.read_bytes() != first


def test_a_renewal_that_was_broken_off_is_done_again(tmp_path: Path) -> None:
    ensure(tmp_path, NOW)
    other = ensure(tmp_path / "other", NOW)
    foreign = other.ca.read_bytes()
    (tmp_path / "ca.pem").write_bytes(foreign)
    assert ensure(tmp_path, NOW).ca.read_bytes() != foreign
