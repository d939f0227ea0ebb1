"""The back-off of everything that is tried again: exponential, capped, with jitter."""

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """``first`` seconds after the first failure, doubled after each further one, never more than ``longest`` seconds.

    A pause is shortened at random by up to the fraction ``jitter``, so that what failed together is not tried together again.
    Any number of failures is fine: the exponent is capped before the power is computed.
    """

    first: float
    longest: float
    jitter: float = 0.2

    def seconds(self, failures: int) -> float:
        """The pause in seconds after so many failures in a row, counted from 1."""
        return self._whole(failures) * (1.0 - self.jitter * random.random())

    def pause(self, failures: int) -> timedelta:
        """The same as a timedelta."""
        return timedelta(seconds=self.seconds(failures))

    def _whole(self, failures: int) -> float:
        if self.first <= 0.0 or self.first >= self.longest:
            return max(0.0, min(self.first, self.longest))
        enough = math.ceil(math.log2(self.longest / self.first))
        return min(self.longest, self.first * 2.0 ** min(max(failures - 1, 0), enough))


@dataclass(slots=True)
class Failures:
    """The failures in a row of one loop, and its pauses."""

    backoff: Backoff
    count: int = field(default=0, init=False)

    def failed(self) -> float:
        """Count one more failure; answers how many seconds to pause before the next try."""
        self.count += 1
        return self.backoff.seconds(self.count)

    def succeeded(self) -> None:
        """Begin again with the first pause."""
        self.count = 0
