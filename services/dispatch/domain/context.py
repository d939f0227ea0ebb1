"""The context of a case: the directory, the calendar, the standard spans, and the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.codes import Clock, Urgency
from services.dispatch.domain.directory import Directory
from services.dispatch.domain.work_calendar import WorkCalendar


@dataclass(frozen=True)
class CaseContext:
    """The context of a case.

    ``standards`` are the default spans by urgency and clock (the domain page's table); ``at`` is now, in business time;
    ``police_matters`` are the categories that go straight to the police, see `police_matter`.
    """

    directory: Directory
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    at: datetime
    police_matters: frozenset[str] = frozenset()
    calendar_counts: bool = True
    """True if this calendar computes due times: no process with a newer one has started, see `due_time_recompute`."""
