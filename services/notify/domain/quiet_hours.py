"""Quiet hours, in which notices that are not urgent wait. Business time decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.codes import Urgency

URGENT = frozenset({Urgency.E0, Urgency.E1})
"""The urgencies of a ticket whose notices ignore quiet hours, all of them."""


@dataclass(frozen=True)
class QuietHours:
    """A daily period in a time zone. The end is not included; the period may span midnight."""

    begin: time
    end: time
    zone: ZoneInfo

    def contains(self, at: datetime) -> bool:
        """Return whether an instant lies within the quiet hours."""
        now = at.astimezone(self.zone).time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def until(self, at: datetime) -> datetime | None:
        """Return the end of the quiet hours that contain ``at``; None where none do.

        Where clocks are put back an hour comes twice: quiet hours that would begin again with it just go on.
        """
        found = at
        while self.contains(found):
            found = self._next_end(found)
        return found if found > at else None

    def _next_end(self, at: datetime) -> datetime:
        today = at.astimezone(self.zone).date()
        ends = [
            datetime.combine(today + timedelta(days), self.end.replace(fold=fold), self.zone).astimezone(UTC)
            for days in (0, 1)
            for fold in (0, 1)
        ]
        return min(end for end in ends if end > at)


@dataclass(frozen=True)
class QuietSchedule:
    """The quiet hours of each kind of recipient: resident, duty, others."""

    kinds: Mapping[str, QuietHours] = field(default_factory=dict)

    def until(self, kind: str, urgent: bool, at: datetime) -> datetime | None:
        """Return until when a notice waits; None where it does not. Urgent notices never wait."""
        hours = self.kinds.get(kind)
        return None if urgent or hours is None else hours.until(at)
