"""The delays of people, in elapsed or in office time: ``5min..25min``, ``1wh..6wh``.

Units: min, h, d are elapsed time; wmin, wh office minutes and hours. Where life or utilities are at stake (E0, E1) people work
round the clock, as the standards of these urgencies do: office time is elapsed time then, and all goes faster (`ActionTiming`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from contracts.codes import Urgency
from services.dispatch.domain.work_calendar import EndlessCalendar, WorkCalendar

_MINUTES = {"min": 1, "h": 60, "d": 24 * 60, "wmin": 1, "wh": 60}
_END = r"(\d{1,4})\s*(wmin|wh|min|h|d)"
_DELAY = re.compile(rf"{_END}(?:\s*\.\.\s*{_END})?")


class BadDelay(ValueError):
    """Raised for a text that is no delay."""


@dataclass(frozen=True, slots=True)
class Delay:
    """A delay between ``least`` and ``most`` minutes, each equally likely; ``office``: in office hours."""

    least: int
    most: int
    office: bool

    @classmethod
    def parse(cls, text: str) -> "Delay":
        """Return the delay of a text such as ``10min`` or ``10min..2h``. Raises BadDelay."""
        match = _DELAY.fullmatch(text.strip())
        if match is None:
            raise BadDelay(f"{text!r} is no delay: want such as 10min, 5min..25min or 1wh..6wh")
        low, low_unit = match[1], match[2]
        high, high_unit = match[3] or low, match[4] or low_unit
        if low_unit.startswith("w") != high_unit.startswith("w"):
            raise BadDelay(f"{text!r}: both ends are of office time, or neither is")
        least, most = int(low) * _MINUTES[low_unit], int(high) * _MINUTES[high_unit]
        if least > most:
            raise BadDelay(f"{text!r}: ends before it begins")
        return cls(least, most, low_unit.startswith("w"))


@dataclass(frozen=True)
class ActionTiming:
    """The due times of actions. ``factors`` shorten the time by urgency; an absent urgency takes all of it."""

    calendar: WorkCalendar
    grid: timedelta
    factors: Mapping[Urgency, float]

    def due(self, start: datetime, delay: Delay, urgency: Urgency, random: Random) -> datetime:
        """Return a due time after ``start``, on the grid."""
        minutes = random.randint(delay.least, delay.most)
        span = timedelta(minutes=minutes * self.factors.get(urgency, 1.0))
        round_the_clock = urgency in {Urgency.E0, Urgency.E1}
        at = start + span if round_the_clock or not delay.office else after_office(self.calendar, start, span)
        return self.on_grid(max(at, start + timedelta(seconds=1)))

    def on_grid(self, at: datetime) -> datetime:
        """Return the next moment of the grid, so that many acts share it. Midnight in the calendar's zone is one."""
        local = at.astimezone(self.calendar.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        steps = -((midnight - local) // self.grid)
        return (midnight + steps * self.grid).astimezone(at.tzinfo)


def after_office(calendar: WorkCalendar, start: datetime, span: timedelta) -> datetime:
    """Return the instant after so much office time. Raises BadDelay for a calendar without office hours."""
    try:
        return calendar.after(start, span)
    except EndlessCalendar as wrong:
        raise BadDelay(str(wrong)) from None
