"""A limit on how often something may be tried within a span of time, counted by key in this process."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MAX_REMEMBERED = 10_000
"""Keys. Beyond it those are forgotten that tried least lately."""


class TooManyAttempts(Exception):
    """Raised where a key has tried too often lately. ``seconds``: until the next attempt is allowed."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        super().__init__(f"wait {seconds:.0f} s")


class AttemptLimit:
    """Allows each key ``most`` attempts within ``seconds``."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float] = time.monotonic):
        self._most, self._seconds, self._now = most, seconds, now
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise TooManyAttempts for the first key with too many attempts."""
        now = self._now()
        for key in keys:
            attempts = self._attempts.get(key, deque())
            while attempts and attempts[0] <= now - self._seconds:
                attempts.popleft()
            if len(attempts) >= self._most:
                raise TooManyAttempts(attempts[0] + self._seconds - now)

    def count(self, *keys: str) -> None:
        """Count an attempt of each key."""
        for key in keys:
            self._attempts.setdefault(key, deque(maxlen=self._most)).append(self._now())
            self._attempts.move_to_end(key)
        while len(self._attempts) > MAX_REMEMBERED:
            self._attempts.popitem(last=False)

    def take(self, key: str) -> None:
        """Count an attempt that is allowed. Raises TooManyAttempts, and counts nothing, for one that is not."""
        self.check(key)
        self.count(key)

    def forget(self, key: str) -> None:
        """Forget the attempts of a key."""
        self._attempts.pop(key, None)
