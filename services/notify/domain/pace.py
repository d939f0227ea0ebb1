"""The rate of a channel, whoever sends by it: notices at even distances, so that no minute has more than it may."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Pace:
    """At most ``per_minute`` in any minute. A channel with a pace sends one at a time."""

    per_minute: int

    def free(self, free_at: datetime | None, at: datetime) -> bool:
        """Whether one may go; ``free_at`` is what `taken` answered to the last one."""
        return free_at is None or free_at <= at

    def taken(self, at: datetime) -> datetime:
        """One goes: from when the next may. Rounded up, so that rounding never makes a minute too full."""
        return at + timedelta(microseconds=-(-60_000_000 // self.per_minute))
