"""What is done again and again, through every outage."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from chassis.bus import BusUnavailable
from chassis.store import StoreConflict, StoreUnavailable

OUTAGE_PAUSE = 1.0
"""Longest rest in seconds during an outage: what has its turn every half minute must not keep a service unready so long."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something to do again and again: at once while ``step`` answers more than 0, else after ``pause`` seconds."""

    name: str
    step: Callable[[], int]
    pause: float
    woken: threading.Event | None = None
    """Ends a pause early. A stop then does not, so such a pause is to be short."""


def repeated(part: Part, report: Callable[[str | None], None]) -> Callable[[threading.Event], None]:
    """A loop that takes the part's steps until it is stopped; ``report`` gets what keeps it from working, or None."""

    def loop(stop: threading.Event) -> None:
        while not stop.is_set():
            if rest := _step(part, report):
                _rest(part, stop, rest)

    return loop


def _rest(part: Part, stop: threading.Event, seconds: float) -> None:
    if part.woken is None:
        stop.wait(seconds)
    elif part.woken.wait(seconds):
        part.woken.clear()


def _step(part: Part, report: Callable[[str | None], None]) -> float:
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
