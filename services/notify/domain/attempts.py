"""One attempt to deliver a notice: the failures it can have, and the pause before the next attempt."""

from dataclasses import dataclass
from datetime import timedelta

UNKNOWN = "unknown"
"""The result is unknown: the message may have arrived, and is sent again with the same idempotency key."""
NO_RECEIPT = "no_receipt"
"""The channel took the message, gives receipts, and gave none in time."""
NO_CHANNEL = "no_channel"
"""The deployment no longer has the channel."""

BAD_ADDRESS = "bad_address"
"""The recipient has no address for this channel, or one that it cannot send to."""
TOO_LONG = "too_long"
"""The address and our link, which are never cut, are together longer than the channel allows."""


@dataclass(frozen=True)
class Failure:
    """The failure of an attempt. ``reason`` is a code, never a gateway's text.

    ``final``: no further attempt on this channel can help. ``wait`` is how long the gateway asks to be left alone.
    """

    reason: str
    final: bool = False
    wait: timedelta = timedelta()


@dataclass(frozen=True)
class Retries:
    """The number of attempts on a channel, and the pauses between them: each is twice as long as the one before.

    A gateway that asks for a longer pause gets it, up to ``patience``.
    """

    attempts: int = 6
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    patience: timedelta = timedelta(days=1)

    def pause(self, tries: int, asked: timedelta = timedelta()) -> timedelta:
        """Return the pause after so many failed attempts."""
        return max(self._doubled(tries), min(asked, self.patience))

    def _doubled(self, tries: int) -> timedelta:
        # doubled step by step: a large power of two would leave the range of a timedelta
        pause = self.first
        for _ in range(tries - 1):
            if pause >= self.longest:
                break
            pause *= 2
        return min(pause, self.longest)
