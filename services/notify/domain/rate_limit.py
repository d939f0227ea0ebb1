"""The rate limit of a channel, for all processes together: notices at even distances, so that no minute exceeds the rate."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class RateLimit:
    """At most ``per_minute`` notices in any minute. A channel with a rate limit sends one at a time."""

    per_minute: int

    def allows(self, free_at: datetime | None, at: datetime) -> bool:
        """Return whether a notice may be sent; ``free_at`` is the last result of `next_free`."""
        return free_at is None or free_at <= at

    def next_free(self, at: datetime) -> datetime:
        """Return from when the next notice may be sent. Rounded up, so that no minute exceeds the rate."""
        return at + timedelta(microseconds=-(-60_000_000 // self.per_minute))
