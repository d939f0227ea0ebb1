"""The poll gate: it decides whether a loop has to poll the store for due rows, so that an idle service costs almost nothing."""

import time
from collections.abc import Callable
from datetime import datetime

LOOK_EVERY = 1.0
"""Seconds of machine time after which a poll is always needed, because another process may have written rows."""


class PollGate:
    """A memory of when the first row is due, so that a loop polls the store about once a second and is still punctual.

    ``version`` returns a number that grows whenever this process writes rows that may be due. Loops do not share a gate.
    """

    def __init__(self, version: Callable[[], int], every: float = LOOK_EVERY):
        self._version, self._every = version, every
        self._asked = self._seen = -1
        self._first: datetime | None = None
        self._looked_at = 0.0

    def is_worth(self, now: datetime) -> bool:
        """Return whether a row may be due at ``now``, by the clock that the rows follow. Call `saw` after the poll.

        A poll that failed is needed again, because its result is still unknown.
        """
        version = self._version()
        known = version == self._seen and time.monotonic() - self._looked_at < self._every
        if known and (self._first is None or self._first > now):
            return False
        self._asked = version
        return True

    def saw(self, first: datetime | None) -> None:
        """Store the due time of the first row; None if there is no row."""
        self._seen, self._looked_at, self._first = self._asked, time.monotonic(), first
