"""Exponential back-off with a cap and jitter, used by every retry of the chassis."""

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """A back-off: ``first`` seconds after the first failure, doubled after each further one, at most ``longest`` seconds.

    A pause is shortened at random by up to the fraction ``jitter``, so that operations that failed together are not retried
    together. Any number of failures is accepted: the exponent is capped before the power is computed.
    """

    first: float
    longest: float
    jitter: float = 0.2

    def seconds(self, failures: int) -> float:
        """Return the pause in seconds after so many failures in a row, counted from 1."""
        return self._whole(failures) * (1.0 - self.jitter * random.random())

    def pause(self, failures: int) -> timedelta:
        """Return the same pause as a timedelta."""
        return timedelta(seconds=self.seconds(failures))

    def _whole(self, failures: int) -> float:
        if self.first <= 0.0 or self.first >= self.longest:
            return max(0.0, min(self.first, self.longest))
        enough = math.ceil(math.log2(self.longest / self.first))
        return min(self.longest, self.first * 2.0 ** min(max(failures - 1, 0), enough))


@dataclass(slots=True)
class Failures:
    """A counter of the consecutive failures of one loop, and of the pauses that follow from it."""

    backoff: Backoff
    count: int = field(default=0, init=False)

    def failed(self) -> float:
        """Count one more failure. Return the pause in seconds before the next attempt."""
        self.count += 1
        return self.backoff.seconds(self.count)

    def succeeded(self) -> None:
        """Reset the count, so that the next pause is the first one again."""
        self.count = 0
