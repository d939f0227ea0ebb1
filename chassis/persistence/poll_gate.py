"""Whether it is worth looking in the store for what is due: a service at rest should cost next to nothing."""

import time
from collections.abc import Callable
from datetime import datetime

LOOK_EVERY = 1.0
"""Seconds of machine time after which a look is worth it whatever is known: another process may have written something."""


class PollGate:
    """Remembers when the first row is due, so that its loop asks the store about once a second and is still punctual.

    ``version`` answers a number that grows whenever this process writes rows that may be due. Not shared between loops.
    """

    def __init__(self, version: Callable[[], int], every: float = LOOK_EVERY):
        self._version, self._every = version, every
        self._asked = self._seen = -1
        self._first: datetime | None = None
        self._looked_at = 0.0

    def is_worth(self, now: datetime) -> bool:
        """Whether something may be due at ``now``, by the clock that the rows follow. Call `saw` after the look.

        A look that fails is worth repeating: what it was for is not known yet.
        """
        version = self._version()
        known = version == self._seen and time.monotonic() - self._looked_at < self._every
        if known and (self._first is None or self._first > now):
            return False
        self._asked = version
        return True

    def saw(self, first: datetime | None) -> None:
        """Remember when the first row is due; None where there is none."""
        self._seen, self._looked_at, self._first = self._asked, time.monotonic(), first
