"""Whistles that keep coming, so that something is in flight whenever something dies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.proof import Town
from tests.kit.processes import wait_until

OPEN_AT_ONCE = 12


class Load(threading.Thread):
    """Blows whistles until it is told to stop, a new one whenever fewer than `OPEN_AT_ONCE` are open."""

    def __init__(self, town: Town):
        super().__init__(name="load", daemon=True)
        self._town, self._street = town, town.street
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.02):
            if len(self._street.sent) - len(self._street.closed) < OPEN_AT_ONCE:
                self._town.whistle(1)

    def await_progress(self, whistles: int, seconds: float = 60) -> None:
        """So many more whistles get closed while more are open: what comes next comes in the middle of something."""
        goal = len(self._street.closed) + whistles
        wait_until(
            lambda: len(self._street.closed) >= goal and not self._town.all_closed(),
            f"{goal} whistles closed",
            seconds,
            details=self._town.state,
        )

    def stop(self) -> None:
        """The last whistle was blown."""
        self._stopped.set()
        self.join(timeout=360)
        assert not self.is_alive()


@contextmanager
def load(town: Town) -> Iterator[Load]:
    """Whistles keep coming for as long as the block lasts."""
    thread = Load(town)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
