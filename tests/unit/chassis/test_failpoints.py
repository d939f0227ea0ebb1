"""Failpoints: armed by name, and nothing where none is."""

import os
import signal

import pytest

from chassis import failpoints
from chassis.failpoints import FailpointError, Failpoints


def test_nothing_happens_where_nothing_is_armed() -> None:
    for name in failpoints.NAMES:
        Failpoints().hit(name)


@pytest.mark.parametrize("spec", ["nothing=kill", "relay.published", "relay.published=die", "relay.published=", "=kill"])
def test_a_wrong_word_is_refused_at_start(spec: str) -> None:
    with pytest.raises(ValueError, match=r"inbox\.inserted"):
        Failpoints(spec)


def test_an_error_is_raised_where_it_is_armed_and_nowhere_else() -> None:
    points = Failpoints(" relay.published=error , inbox.inserted=error,")
    points.hit("work.committed")
    for name in ("relay.published", "inbox.inserted"):
        with pytest.raises(FailpointError, match=name):
            points.hit(name)


def test_the_process_dies_at_the_nth_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    points = Failpoints("timers.claimed=kill@3")
    points.hit("timers.claimed")
    points.hit("timers.claimed")
    assert killed == []
    points.hit("timers.claimed")
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_the_environment_arms_and_disarms() -> None:
    try:
        failpoints.arm({"WHISTLE_FAILPOINTS": "work.committed=error"})
        with pytest.raises(FailpointError):
            failpoints.failpoint("work.committed")
    finally:
        failpoints.arm({})
    failpoints.failpoint("work.committed")
