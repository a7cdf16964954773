"""People who get an account on their way into a workspace (SPEC 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.identity import User, check_name, check_password, normal_email

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Clock, Ids, Passwords


def new_user(
    passwords: Passwords, clock: Clock, ids: Ids, email: str, name: str, password: str
) -> User:
    """Of someone who has proven their address."""
    check_name(name)
    check_password(password, email, common=passwords.common(password))
    return User(
        id=ids.new("usr"),
        email=normal_email(email),
        name=name.strip(),
        password_hash=passwords.hash(password),
        created_at=clock.now(),
    )
