"""Periodic tasks and restarting loops, which continue through every outage and every error."""

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
"""The longest pause in seconds during an outage: a task with a long interval must not keep a service unready for so long."""
BACKOFF = Backoff(first=0.2, longest=30.0)
"""The pauses of a loop after an unforeseen error; each error is logged with its traceback."""
END = (GreenletExit, GeneratorExit, KeyboardInterrupt)
"""The exceptions by which a runner ends a loop, kill included. Any other is an error of the loop, an escaped time-out too."""
log = logging.getLogger(__name__)

Loop = Callable[[threading.Event], None]
Report = Callable[[str | None], None]
"""Gets the reason why a loop cannot work, or None."""


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A periodic task. ``step`` is repeated at once while it returns more than 0, otherwise after ``pause`` seconds."""

    name: str
    step: Callable[[], int]
    pause: float
    woken: threading.Event | None = None
    """A flag that ends a pause early. A stop does not end such a pause, so it has to be short."""


def restarting_loop(name: str, loop: Loop, report: Report, count: Callable[[str], object]) -> Loop:
    """Return the same loop, restarted after a pause whenever it raises. It ends when it returns, or by one of `END`.

    Each error is logged, reported as the loop's trouble until its next success, and counted under the loop's name.
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
    """Return a loop that runs the task's steps until it is stopped. Any error of a step that is not an outage is raised."""

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
    """Run one step. Return the pause in seconds."""
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
