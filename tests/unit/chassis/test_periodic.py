"""A part is done again at once while there is more to do, after its pause when there is not, and soon after an outage."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from greenlet import GreenletExit

from chassis.messaging.bus import BusUnavailable
from chassis.persistence import StoreConflict, StoreUnavailable
from chassis.runtime.periodic import OUTAGE_PAUSE, PeriodicTask, periodic_loop, restarting_loop

LONG = 3600.0


class Told(threading.Event):
    """A stop flag that notes how long one wanted to rest, and is set when the script is at its end."""

    def __init__(self, script: list[Any], pause: float):
        super().__init__()
        self.script, self.rests, self.reports = script, [], []  # type: ignore[var-annotated]
        periodic_loop(PeriodicTask("part", self._step, pause), self.reports.append)(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Rest no time at all."""
        self.rests.append(timeout)
        return self.is_set()

    def _step(self) -> int:
        what = self.script.pop(0)
        if not self.script:
            self.set()
        if isinstance(what, Exception):
            raise what
        return int(what)


def test_it_goes_on_at_once_while_there_is_more() -> None:
    assert Told([3, 1, 0], LONG).rests == [LONG]


@pytest.mark.parametrize("outage", [StoreUnavailable, BusUnavailable])
@pytest.mark.parametrize(("pause", "rest"), [(LONG, OUTAGE_PAUSE), (0.2, 0.2)])
def test_an_outage_is_told_and_soon_looked_at_again(outage: Callable[[str], Exception], pause: float, rest: float) -> None:
    told = Told([outage("away"), 0], pause)
    assert told.rests == [rest, pause]
    assert "away" in told.reports[0]
    assert told.reports[1] is None


class Escaped(BaseException):
    """As an eventlet.Timeout that escaped."""


@pytest.mark.parametrize("wrong", [KeyError("x"), OverflowError("x"), Escaped("x"), SystemExit(1), RecursionError("x")])
def test_no_exception_ends_a_loop_and_each_is_told_and_counted(wrong: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    stop, script, reports, counted = Told([0], 0.0), [wrong, wrong, 0], list[str | None](), list[str]()
    stop.clear()
    stop.rests.clear()

    def step() -> int:
        what = script.pop(0)
        if isinstance(what, BaseException):
            raise what
        stop.set()
        return what

    part = PeriodicTask("part", step, LONG)
    restarting_loop("part", periodic_loop(part, reports.append), reports.append, counted.append)(stop)
    assert reports == [f"unforeseen: {type(wrong).__name__}"] * 2 + [None]
    assert counted == ["part", "part"]
    assert [0.8 * most <= rest <= most for rest, most in zip(stop.rests, [0.2, 0.4, LONG], strict=True)] == [True] * 3
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [type(wrong)] * 2


def test_a_stop_ends_a_loop_that_fails_for_ever() -> None:
    stop = threading.Event()

    def loop(stop: threading.Event) -> None:
        stop.set()
        raise KeyError

    restarting_loop("part", loop, lambda _: None, lambda _: None)(stop)


@pytest.mark.parametrize("end", [GreenletExit, KeyboardInterrupt])
def test_whoever_runs_a_loop_may_kill_it(end: type[BaseException]) -> None:
    def loop(stop: threading.Event) -> None:
        raise end

    with pytest.raises(end):
        restarting_loop("part", loop, lambda _: None, lambda _: None)(threading.Event())


def test_news_ends_a_pause_once() -> None:
    stop, woken, rests = threading.Event(), threading.Event(), []

    def wait(seconds: float) -> bool:
        rests.append((seconds, woken.is_set()))
        if len(rests) == 2:
            stop.set()
        return woken.is_set()

    woken.wait = wait  # type: ignore[method-assign,assignment]
    woken.set()
    periodic_loop(PeriodicTask("part", lambda: 0, LONG, woken), lambda _: None)(stop)
    assert rests == [(LONG, True), (LONG, False)]


def test_a_conflict_is_no_outage() -> None:
    told = Told([StoreConflict("another was faster"), 0], LONG)
    assert (told.rests, told.reports) == ([LONG, LONG], [None])
