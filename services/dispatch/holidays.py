"""The State Council's working calendar, with make-up workdays 调休: by `chinesecalendar`, and by the deployment's own file.

The arrangement of a year is published in November of the year before; the library follows weeks later. An arrangement in the
deployment's file counts before the library's. It may name days of the year before, and then counts before that year's own
arrangement, too: 元旦 2019 began on 30 December 2018, and 29 December was worked.

In a year of which no arrangement is known, statutory holidays are off all the same [全国年节及纪念日放假办法 §2, as amended in
2024]: those with a fixed date by the rule itself, those of the lunar calendar by the library `holidays`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version

import chinese_calendar

from services.dispatch.domain.work_calendar import LATE_DECEMBER, weekday

LIBRARIES = tuple(f"{name}-{version(name)}" for name in ("chinesecalendar", "holidays"))
"""The libraries that the calendar uses beside the deployment's file, with their versions: a part of the calendar's version."""
FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the statutory holidays that have the same date every year: 元旦, 劳动节, 国庆节."""


@dataclass(frozen=True)
class Arrangement:
    """The notice of one year: days off, and weekends' days that are worked. Every other day is what its weekday is."""

    off: frozenset[date]
    work: frozenset[date]

    def names(self, day: date) -> bool:
        """Return whether the notice says of this day whether it is worked."""
        return day in self.off or day in self.work

    def workday(self, day: date) -> bool:
        """Return whether people work that day."""
        return day in self.work or (weekday(day) and day not in self.off)


Arrangements = Mapping[int, Arrangement]
"""By year."""


def workday_of(years: Arrangements) -> Callable[[date], bool | None]:
    """Return whether people work on a day; None for a day of a year that neither these nor the library know."""

    def workday(day: date) -> bool | None:
        for year in (day.year + 1, day.year):
            if year in years and years[year].names(day):
                return years[year].workday(day)
        # at the end of December the library may know more: what the next year's notice says
        own = day.year in years and not (is_late(day) and _by_library(date(day.year + 1, 1, 1)) is not None)
        return weekday(day) if own else _known_or(years, day)

    return workday


def assumed_of(years: Arrangements) -> Callable[[date], bool]:
    """Return what is assumed of a day that nothing is known of: what the notice of the year before says, where it names the
    day; else weekends and statutory holidays are off.
    """

    def assumed(day: date) -> bool:
        before = years.get(day.year - 1)
        if before and before.names(day):
            return before.workday(day)
        return weekday(day) and day not in statutory(day.year)

    return assumed


@cache
def statutory(year: int) -> frozenset[date]:
    """The statutory holidays of a year. Of a year whose notice the library knows, some days of the notice, too."""
    from holidays import country_holidays  # at the first use: a process that starts need not wait for a quarter of a second

    fixed = {date(year, month, day) for month, day in FIXED}
    return frozenset(fixed | {day for day in country_holidays("CN", years=year, observed=False) if day.year == year})


def is_late(day: date) -> bool:
    """Return whether the arrangement of the next year decides about a day."""
    return day.month == 12 and day.day >= LATE_DECEMBER


def _known_or(years: Arrangements, day: date) -> bool | None:
    known = _by_library(day)
    return weekday(day) if known is None and day.year in years else known


@cache
def _by_library(day: date) -> bool | None:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
