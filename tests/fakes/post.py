"""Mails and errands, kept in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.mail import check_letter

if TYPE_CHECKING:
    from chalicelib.domain.letters import Errand, Letter


class FakeMail:
    def __init__(self) -> None:
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> None:
        check_letter(letter)
        self.sent.append(letter)


class FakeErrands:
    def __init__(self) -> None:
        self.posted: list[Errand] = []

    def post(self, errand: Errand) -> None:
        self.posted.append(errand)
