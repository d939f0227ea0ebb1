"""The State Council's working calendar, with make-up workdays 调休, by `chinesecalendar`."""

from datetime import date
from importlib.metadata import version

import chinese_calendar

VERSION = f"chinesecalendar-{version('chinesecalendar')}"


def workday(day: date) -> bool | None:
    """Whether people work that day; None for a year that the calendar does not know yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
