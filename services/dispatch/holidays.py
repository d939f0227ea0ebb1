"""The State Council's working calendar, with make-up workdays 调休: by `chinesecalendar`, and by the deployment's own file.

The arrangement of a year is published in November of the year before; the library follows weeks later. A year that the
deployment's file names counts before the library's.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as version_of

import chinese_calendar

LIBRARY = f"chinesecalendar-{version_of('chinesecalendar')}"


@dataclass(frozen=True)
class Year:
    """Days off, and weekends' days that are worked. Every other day is what its weekday is."""

    off: frozenset[date]
    work: frozenset[date]

    def workday(self, day: date) -> bool:
        """Whether people work that day."""
        return day in self.work or (day.weekday() < 5 and day not in self.off)


def workday_of(years: Mapping[int, Year]) -> Callable[[date], bool | None]:
    """Answers whether people work on a day; None for a year that neither these nor the library know."""

    def workday(day: date) -> bool | None:
        return years[day.year].workday(day) if day.year in years else _by_library(day)

    return workday


def version(years: Mapping[int, Year]) -> str:
    """The calendar's version: the library's, and a digest of the file's years, so that a corrected file is another version."""
    if not years:
        return LIBRARY
    said = [f"{year} off {sorted(days.off)} work {sorted(days.work)}" for year, days in sorted(years.items())]
    return f"{LIBRARY}+{hashlib.sha256(' '.join(said).encode()).hexdigest()[:8]}"


def _by_library(day: date) -> bool | None:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
