"""What is done again and again, through every outage and every error: no exception ends a loop."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from greenlet import GreenletExit

from chassis.backoff import Backoff, Failures
from chassis.messaging.bus import BusUnavailable
from chassis.observability.health import UNFORESEEN
from chassis.persistence import StoreConflict, StoreUnavailable

OUTAGE_PAUSE = 1.0
"""Longest rest in seconds during an outage: what has its turn every half minute must not keep a service unready so long."""
BACKOFF = Backoff(first=0.2, longest=30.0)
"""The pauses of a loop that fails in a way that nobody foresaw; each failure is logged with its traceback."""
END = (GreenletExit, GeneratorExit, KeyboardInterrupt)
"""How whoever runs a loop ends it, kill included. Everything else is an error of the loop, an escaped time-out too."""
log = logging.getLogger(__name__)

Loop = Callable[[threading.Event], None]
Report = Callable[[str | None], None]
"""Gets what keeps a loop from working, or None."""


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """Something to do again and again: at once while ``step`` answers more than 0, else after ``pause`` seconds."""

    name: str
    step: Callable[[], int]
    pause: float
    woken: threading.Event | None = None
    """Ends a pause early. A stop then does not, so such a pause is to be short."""


def restarting_loop(name: str, loop: Loop, report: Report, count: Callable[[str], object]) -> Loop:
    """The same loop, begun again after a pause whenever it raises; it ends when it returns, or by one of `END`.

    Each error is logged, reported as the loop's trouble until its next good word, and counted under the loop's name.
    """

    def run(stop: threading.Event) -> None:
        failures = Failures(BACKOFF)
        while True:
            began = time.monotonic()
            try:
                return loop(stop)
            except END:
                raise
            except BaseException as wrong:
                log.error("the loop %s failed: %s", name, type(wrong).__name__, exc_info=wrong)
                count(name)
                report(f"{UNFORESEEN}{type(wrong).__name__}")
            if time.monotonic() - began > BACKOFF.longest:  # it worked in between
                failures.succeeded()
            if stop.wait(failures.failed()):
                return None

    return run


def periodic_loop(part: PeriodicTask, report: Report) -> Loop:
    """A loop that takes the part's steps until it is stopped. What a step raises and no outage explains, it raises."""

    def loop(stop: threading.Event) -> None:
        while not stop.is_set():
            if rest := _step(part, report):
                _rest(part, stop, rest)

    return loop


def _rest(part: PeriodicTask, stop: threading.Event, seconds: float) -> None:
    if part.woken is None:
        stop.wait(seconds)
    elif part.woken.wait(seconds):
        part.woken.clear()


def _step(part: PeriodicTask, report: Callable[[str | None], None]) -> float:
    """Answers how long to rest, in seconds."""
    try:
        busy = part.step()
    except StoreConflict:
        return part.pause
    except StoreUnavailable as wrong:
        report(f"the store is unavailable: {wrong}")
    except BusUnavailable as wrong:
        report(str(wrong))
    else:
        report(None)
        return 0 if busy else part.pause
    return min(part.pause, OUTAGE_PAUSE)
