"""What is left on disk: locks, marks, private files, the demo's accounts and numbers."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.channel import Channel, check_channel
from chalicelib.domain.identity import check_email, check_password
from chalicelib.sms.phone import normalise
from localstack import children, demo, instance, up
from localstack.places import Places, write_private

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "state")
    made.make()
    return made


def test_two_cannot_run_in_one_folder(places: Places) -> None:
    first = instance.Lock(places)
    first.take()
    instance.write_record(places, "http://127.0.0.1:8080", ())
    with pytest.raises(instance.AlreadyRunning) as refused:
        instance.Lock(places).take()
    assert str(os.getpid()) in str(refused.value)
    assert "http://127.0.0.1:8080" in str(refused.value)
    assert instance.is_running(places)
    first.release()
    assert not instance.is_running(places)


def test_a_folder_that_is_not_there_runs_nothing(tmp_path: Path) -> None:
    assert not instance.is_running(Places(tmp_path / "nowhere"))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1, "children": [1]}'])
def test_a_damaged_record_is_none(places: Places, text: str) -> None:
    places.running.write_text(text, encoding="utf-8")
    assert instance.read_record(places) is None


def test_a_stranger_with_the_same_pid_is_left_alone(places: Places) -> None:
    """This very process is not what a record of another start means."""
    instance.write_record(places, "", (os.getpid(),))
    record = instance.read_record(places)
    assert record is not None
    born = record.children[0][1]
    assert born
    text = places.running.read_text(encoding="utf-8").replace(born, "1")
    places.running.write_text(text, encoding="utf-8")
    assert instance.stop_orphans(places, 0.1) == 0


def test_private_files_are_private_even_over_public_ones(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_state_folder_is_its_owners(places: Places) -> None:
    assert stat.S_IMODE(places.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(places.secrets.stat().st_mode) == 0o700


def test_the_demos_numbers_are_valid_different_and_kept_for_fiction() -> None:
    digits = [normalise(number, default_country=demo.COUNTRY) for number in demo.numbers()]
    assert len(set(digits)) == 1000
    assert {number[:1] + number[4:9] for number in digits} == {"155501"}


def test_the_demos_passwords_are_random_and_good_enough() -> None:
    passwords = set()
    for account in (*demo.new_demo().accounts, *demo.new_demo().accounts):
        check_email(account.email)
        check_password(account.password, account.email, common=False)
        passwords.add(account.password)
    assert len(passwords) == 2 * len(demo.ROLES)


def test_the_demo_is_remembered(places: Places) -> None:
    made = replace(demo.new_demo(), deployment="arn", sender="snd_1", campaign="cmp_1")
    demo.write(places.demo, made)
    assert demo.read(places.demo) == made
    assert stat.S_IMODE(places.demo.stat().st_mode) == 0o600
    places.demo.write_text("{}", encoding="utf-8")
    assert demo.read(places.demo) is None


def test_the_demos_channel_is_one() -> None:
    channel = Channel(**demo.plan(demo.new_demo(), 2775)["channel"])
    check_channel(channel)
    # SMPP's own limits: 15 characters, and the zero at their end.
    assert len(channel.system_id) < 16


def test_samples_show_a_few_of_each_state() -> None:
    states = ["delivered"] * 9 + ["failed"] * 2 + ["sent"]
    found: list[Any] = [{"state": state} for state in states]
    shown = [each["state"] for each in demo.samples(found)]
    assert shown == ["delivered"] * 3 + ["failed"] * 2 + ["sent"]


@pytest.mark.parametrize(
    ("log", "port"),
    [("", None), ("noise\n", None), ('{"port": 7}\nmore\n', 7), ('{"port"', None)],
)
def test_a_childs_port_is_read_from_its_log(log: str, port: int | None) -> None:
    assert children.said_port(log) == port


def test_children_get_nothing_of_the_callers_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    environment = children.clean_environment()
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert not {"AWS_PROFILE", "HTTPS_PROXY"} & environment.keys()


def test_the_first_signal_asks_and_the_second_hurries() -> None:
    stop = up.Stop()
    stop.on_signal(2, None)
    assert stop.asked.is_set()
    assert not stop.hurried.is_set()
    stop.on_signal(2, None)
    assert stop.hurried.is_set()


def dying(places: Places) -> children.Child:
    program = children.Program("test", ["no_such_module_here"], places.log / "test.log")
    return children.Child(program)


def test_a_child_that_dies_is_started_again_later_and_later(places: Places) -> None:
    child, now, news = dying(places), 1e9, []
    child.start()
    for _ in range(3):
        assert child._process is not None
        child._process.wait()
        child._started = now
        news.append(child.revive(now) or "")
        assert child.revive(now) is None
        now += child._back_off
        assert "runs again" in (child.revive(now) or "")
    child.stop(1.0)
    assert ["in 1 s" in news[0], "in 2 s" in news[1], "in 4 s" in news[2]] == [True] * 3
    assert "no_such_module_here" in news[0]


def test_a_child_that_does_not_get_ready_shows_its_log(places: Places) -> None:
    child = dying(places)
    child.program = replace(child.program, says_port=True)
    with pytest.raises(children.ChildError, match="no_such_module_here"):
        child.start()
    assert child.pid is None


def test_a_child_that_does_not_obey_is_made_to(places: Places) -> None:
    places.log.mkdir(exist_ok=True)
    child = children.Child(
        children.Program(
            "sleeper",
            [
                "timeit",
                "-n1",
                "-r1",
                "-s",
                "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)",
                "time.sleep(60)",
            ],
            places.log / "sleeper.log",
        )
    )
    child.start()
    while "deaf" not in child.tail():
        pass
    assert child.stop(0.2) is False
    assert child.pid is None


@pytest.mark.parametrize(("code", "text"), [(3, "ended with 3"), (-9, "was killed by SIGKILL")])
def test_how_a_child_ended_is_said(code: int, text: str) -> None:
    assert children.ended(code) == text
