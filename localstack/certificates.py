"""The local installation's certificates: kept while they are good, made anew before they run out.

One call makes a CA and signs both ends with it; the CA's key is not kept, so nobody can sign more.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from localstack.smsc.certificates import CertificateFiles, make_certificates

if TYPE_CHECKING:
    from pathlib import Path

# A stack that is left running for a while shall not meet the end of its certificates.
RENEW_BEFORE = timedelta(days=30)


def ensure(folder: Path, now: datetime | None = None) -> CertificateFiles:
    """The five files in `folder`, good for at least `RENEW_BEFORE`; keys are the owner's alone."""
    now = now or datetime.now(UTC)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = CertificateFiles(
        ca=folder / "ca.pem",
        server_cert=folder / "server.pem",
        server_key=folder / "server.key",
        client_cert=folder / "client.pem",
        client_key=folder / "client.key",
    )
    if not _good(files, now):
        files = make_certificates(folder, now)
    for key in (files.server_key, files.client_key):
        key.chmod(0o600)
    return files


def _good(files: CertificateFiles, now: datetime) -> bool:
    """Also false for what a renewal left that was broken off in the middle."""
    try:
        ca = _certificate(files.ca)
        for cert, key in (
            (files.server_cert, files.server_key),
            (files.client_cert, files.client_key),
        ):
            _certificate(cert).verify_directly_issued_by(ca)
            # Fails where the key is not the certificate's.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        ends = [
            _certificate(each).not_valid_after_utc
            for each in (files.ca, files.server_cert, files.client_cert)
        ]
    except (OSError, ValueError, TypeError, InvalidSignature):  # ssl.SSLError is an OSError
        return False
    return min(ends) - now >= RENEW_BEFORE


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
