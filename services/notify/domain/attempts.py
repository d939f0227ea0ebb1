"""One attempt to deliver a notice: how it can end, and how long is waited before the next."""

from dataclasses import dataclass
from datetime import timedelta

UNKNOWN = "unknown"
"""The reason of an attempt whose end nobody knows: it may have arrived, and is made again with the same idempotency key."""
NO_RECEIPT = "no_receipt"
"""The channel took it, gives receipts, and gave none in time."""
NO_CHANNEL = "no_channel"
"""The deployment has no such channel any more."""

BAD_ADDRESS = "bad_address"
"""There is no address for this channel, or not one that it can send to."""
TOO_LONG = "too_long"
"""The address and our link alone, which are never cut, are longer than the channel allows."""


@dataclass(frozen=True)
class Failure:
    """Why an attempt came to nothing. ``reason`` is a code, never a text of the gateway's.

    ``final``: no further attempt on this channel can help. ``wait`` is how long the gateway asks to be left alone.
    """

    reason: str
    final: bool = False
    wait: timedelta = timedelta()


@dataclass(frozen=True)
class Retries:
    """How often a channel is tried, and how long is waited after the first failure; each further pause is twice as long.

    A gateway that asks for a longer pause gets it, up to ``patience``.
    """

    attempts: int = 6
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    patience: timedelta = timedelta(days=1)

    def pause(self, tries: int, asked: timedelta = timedelta()) -> timedelta:
        """The pause after so many failed attempts."""
        return max(self._doubled(tries), min(asked, self.patience))

    def _doubled(self, tries: int) -> timedelta:
        # doubled step by step: a large power of two would leave the range of a timedelta
        pause = self.first
        for _ in range(tries - 1):
            if pause >= self.longest:
                break
            pause *= 2
        return min(pause, self.longest)
