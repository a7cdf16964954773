"""Mails and errands: what arrives is what was sent, and no header is added by what people typed."""

from __future__ import annotations

import email
import stat
from datetime import timedelta
from email.policy import default
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.adapters.errands import SqsErrands, errand_from_json
from chalicelib.adapters.mail import FolderMail, SesMail
from chalicelib.domain.errors import Invalid
from chalicelib.domain.letters import Errand, ErrandKind, Letter
from tests.fakes.cloud import mocked_cloud
from tests.fakes.post import FakeErrands, FakeMail
from tests.fakes.services import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chalicelib.usecases.ports import Errands, Mail
    from tests.fakes.cloud import Cloud

LETTER = Letter(
    to="ada@example.com",
    subject="You are invited to Grüße & Söhne 👋",
    text=f"Hello Zoë,\n\nfollow this link:\nhttps://example.com/{'x' * 1_200}\n.\nFrom us\n",
)


# --- mail ---


class Box(Protocol):
    """A mail port, and what it was made to send so far."""

    @property
    def mail(self) -> Mail: ...

    def sent(self) -> list[Letter]: ...


class FakeBox:
    def __init__(self) -> None:
        self.mail = FakeMail()

    def sent(self) -> list[Letter]:
        return self.mail.sent


class FolderBox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.mail = FolderMail(folder, self.clock)

    def sent(self) -> list[Letter]:
        return [read(path) for path in sorted(self.folder.glob("*.eml"))]


class SesBox:
    """moto keeps a mail without its charset, so the calls are watched."""

    def __init__(self, cloud: Cloud) -> None:
        boto3.client("sesv2").create_email_identity(EmailIdentity="no-reply@example.com")
        self.mail = SesMail(cloud.clients, "no-reply@example.com")
        self.calls: list[dict[str, Any]] = []
        events = cloud.clients.ses().meta.events
        events.register("provide-client-params.sesv2.SendEmail", self._watch, unique_id="box")

    def _watch(self, params: dict[str, Any], **_: object) -> None:
        self.calls.append(params)

    def sent(self) -> list[Letter]:
        return [letter_in(call) for call in self.calls]


def letter_in(call: dict[str, Any]) -> Letter:
    simple = call["Content"]["Simple"]
    assert simple["Subject"]["Charset"] == simple["Body"]["Text"]["Charset"] == "UTF-8"
    assert call["FromEmailAddress"] == "no-reply@example.com"
    (to,) = call["Destination"]["ToAddresses"]
    return Letter(to, simple["Subject"]["Data"], simple["Body"]["Text"]["Data"])


def read(path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, email.message.EmailMessage)
    assert set(message) == {
        "Date",
        "To",
        "Subject",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    return Letter(message["To"], message["Subject"], message.get_content())


@pytest.fixture(params=["fake", "folder", "ses"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    if request.param == "fake":
        yield FakeBox()
    elif request.param == "folder":
        yield FolderBox(tmp_path / "mails")
    else:
        with mocked_cloud() as cloud:
            made = SesBox(cloud)
            yield made
            cloud.clients.ses().meta.events.unregister(
                "provide-client-params.sesv2.SendEmail", unique_id="box"
            )


def test_a_letter_arrives_as_it_was_written(box: Box) -> None:
    box.mail.send(LETTER)

    assert box.sent() == [LETTER]


@pytest.mark.parametrize(
    "subject",
    [
        "Hello\r\nBcc: eve@example.com",
        "Hello\nBcc: eve@example.com",
        "Hello\r",
        "a\x00b",
        "a\u2028b",
    ],
)
def test_a_subject_is_one_line(box: Box, subject: str) -> None:
    with pytest.raises(Invalid, match="subject"):
        box.mail.send(Letter("ada@example.com", subject, "text"))

    assert box.sent() == []


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\r\n",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "ada",
        "",
    ],
)
def test_a_letter_goes_to_one_address(box: Box, to: str) -> None:
    with pytest.raises(Invalid, match="to: give one mail address"):
        box.mail.send(Letter(to, "Hello", "text"))

    assert box.sent() == []


def test_letters_in_a_folder_sort_by_time(tmp_path: Path) -> None:
    box = FolderBox(tmp_path)
    letters = [Letter("ada@example.com", f"letter {number}", "text\n") for number in range(30)]
    for number, letter in enumerate(letters):
        # Ten in each millisecond.
        if number % 10 == 0:
            box.clock.advance(timedelta(seconds=number))
        box.mail.send(letter)

    assert box.sent() == letters


def test_two_processes_can_write_into_one_folder(tmp_path: Path) -> None:
    box = FolderBox(tmp_path)
    box.mail.send(LETTER)
    FolderMail(tmp_path, box.clock).send(LETTER)

    assert box.sent() == [LETTER, LETTER]


def test_a_letter_in_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    FolderMail(folder).send(LETTER)

    (written,) = folder.iterdir()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_letter_in_a_folder_can_be_read_as_text(tmp_path: Path) -> None:
    FolderMail(tmp_path).send(LETTER)

    (written,) = tmp_path.glob("*.eml")
    text = written.read_text(encoding="utf-8")
    assert f"Subject: {LETTER.subject}\n" in text
    assert text.endswith(f"\n\n{LETTER.text}")


def test_a_letter_that_ses_does_not_take_is_told() -> None:
    with mocked_cloud() as cloud, Stubber(cloud.clients.ses()) as stubber:
        stubber.add_client_error("send_email", "MessageRejected")
        with pytest.raises(cloud.clients.ses().exceptions.MessageRejected):
            SesMail(cloud.clients, "no-reply@example.com").send(LETTER)


# --- errands ---

ERRANDS = [
    Errand(ErrandKind.INVITATION, "wsp_a", target="inv_a", name="Grüße 👋\n"),
    Errand(ErrandKind.PASSWORD_RESET, "master", email="ada@example.com"),
    Errand(ErrandKind.DECISION, "wsp_b"),
]


@pytest.fixture
def post(cloud: Cloud | None) -> tuple[Errands, Callable[[], list[Errand]]]:
    """The port, and what waits in its queue."""
    if cloud is None:
        fake = FakeErrands()
        return fake, lambda: fake.posted
    sqs = cloud.clients.sqs()
    url = sqs.create_queue(QueueName="mails")["QueueUrl"]

    def waiting() -> list[Errand]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [errand_from_json(message["Body"]) for message in answer.get("Messages", ())]

    return SqsErrands(cloud.clients, url), waiting


def test_errands_arrive_as_they_were_posted(
    post: tuple[Errands, Callable[[], list[Errand]]],
) -> None:
    errands, waiting = post
    for errand in ERRANDS:
        errands.post(errand)

    assert sorted(waiting(), key=str) == sorted(ERRANDS, key=str)


@pytest.mark.parametrize(
    "body", ['{"kind": "ransom", "workspace": "wsp_a"}', "no JSON", '{"kind": null}']
)
def test_an_unknown_errand_is_an_error(body: str) -> None:
    with pytest.raises(ValueError, match=r"ransom|Expecting|None"):
        errand_from_json(body)
