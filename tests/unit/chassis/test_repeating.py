"""A part is done again at once while there is more to do, after its pause when there is not, and soon after an outage."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chassis.bus import BusUnavailable
from chassis.repeating import OUTAGE_PAUSE, Part, repeated
from chassis.store import StoreConflict, StoreUnavailable

LONG = 3600.0


class Told(threading.Event):
    """A stop flag that notes how long one wanted to rest, and is set when the script is at its end."""

    def __init__(self, script: list[Any], pause: float):
        super().__init__()
        self.script, self.rests, self.reports = script, [], []  # type: ignore[var-annotated]
        repeated(Part("part", self._step, pause), self.reports.append)(self)

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


def test_news_ends_a_pause_once() -> None:
    stop, woken, rests = threading.Event(), threading.Event(), []

    def wait(seconds: float) -> bool:
        rests.append((seconds, woken.is_set()))
        if len(rests) == 2:
            stop.set()
        return woken.is_set()

    woken.wait = wait  # type: ignore[method-assign,assignment]
    woken.set()
    repeated(Part("part", lambda: 0, LONG, woken), lambda _: None)(stop)
    assert rests == [(LONG, True), (LONG, False)]


def test_a_conflict_is_no_outage() -> None:
    told = Told([StoreConflict("another was faster"), 0], LONG)
    assert (told.rests, told.reports) == ([LONG, LONG], [None])
