"""The types of office hours: one plan for every working day, and other plans for weekdays, seasons and single days.

The hours themselves stand in deploy/clocks.yaml; `services.dispatch.domain.work_calendar.WorkCalendar` reckons with them.
"""

from dataclasses import dataclass
from datetime import date, time

Hours = tuple[tuple[time, time], ...]
"""When an office opens and closes on one day, in local time and in order."""

EVERY_WEEKDAY = frozenset(range(7))


@dataclass(frozen=True)
class Season:
    """A part of every year, from one (month, day) to another with both ends; it may cross the new year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: date) -> bool:
        """Return whether the season contains a day."""
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True)
class SpecialHours:
    """Other office hours on the working days that fit every condition. ``weekdays``: 0 is Monday; None: no condition."""

    hours: Hours
    weekdays: frozenset[int] = EVERY_WEEKDAY
    season: Season | None = None
    days: frozenset[date] | None = None

    def holds(self, day: date) -> bool:
        """Return whether these are the hours of a day."""
        fits = day.weekday() in self.weekdays and (self.days is None or day in self.days)
        return fits and (self.season is None or self.season.holds(day))
