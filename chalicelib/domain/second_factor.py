"""The second factor (SPEC 2.4): codes of an authenticator app (TOTP, RFC 6238), and recovery codes
for someone who lost it.

Every code is good once: one of the app moves `last_step` on, a recovery code is struck off. Who
stores the result on condition that nobody else did so meanwhile has taken the code.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.identity import digest_of, same

if TYPE_CHECKING:
    from datetime import datetime

    from pyotp import TOTP

    from chalicelib.domain.identity import SecondFactor

ISSUER: Final = "Message Center"
# So many steps of 30 seconds a phone's clock may be off, either way.
DRIFT: Final = 1
# What RFC 4226 recommends: as text 32 letters, which one can type in.
SEED_BYTES: Final = 20
RECOVERY_CODES: Final = 10
# 80 bits are more than anybody tries: a plain digest protects them.
RECOVERY_BYTES: Final = 10
_GROUP: Final = 4


def owner_of_seed(user: str) -> str:
    """Whose data key it is that a seed is made of."""
    return f"totp:{user}"


def secret_of(key: bytes) -> str:
    """The seed that a data key stands for, as authenticator apps take it."""
    return b32encode(hashlib.sha256(key).digest()[:SEED_BYTES]).decode()


def uri_of(secret: str, email: str) -> str:
    """What an app reads as a QR code."""
    return _totp(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def take(
    factor: SecondFactor, secret: str, user: str, code: str, now: datetime
) -> SecondFactor | None:
    """The factor once `code` is used up; None if the code is wrong or was used before."""
    plain = _plain(code)
    step = _fresh_step(factor, secret, plain, now)
    if step is not None:
        return replace(factor, last_step=step)
    used = recovery_digest(user, plain)
    left = tuple(digest for digest in factor.recovery if not same(digest, used))
    return replace(factor, recovery=left) if left != factor.recovery else None


def recovery_code(token: str) -> str:
    """A code made of a random token of 256 bits, in groups that one can read out."""
    letters = b32encode(hashlib.sha256(token.encode()).digest()[:RECOVERY_BYTES]).decode().lower()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def recovery_digest(user: str, code: str) -> str:
    return digest_of(f"recovery:{user}:{_plain(code)}")


def _fresh_step(factor: SecondFactor, secret: str, code: str, now: datetime) -> int | None:
    totp = _totp(secret)
    current = totp.timecode(now)
    # All are compared, so that the time tells nothing.
    matching = [
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if same(totp.generate_otp(step), code)
    ]
    return next((step for step in matching if step > factor.last_step), None)


def _plain(code: str) -> str:
    """Without the spaces and dashes with which people write codes."""
    return "".join(sign for sign in code.lower() if sign.isascii() and sign.isalnum())


def _totp(secret: str) -> TOTP:
    from pyotp import TOTP  # noqa: PLC0415 - only those who have a second factor need it

    return TOTP(secret)
