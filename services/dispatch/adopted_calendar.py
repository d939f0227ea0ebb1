"""The adopted calendar: of processes with different calendars, one alone computes due times anew.

It is the calendar that was started last, unless it knows fewer years than one that was started before. All other processes go
on with their work.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from chassis.persistence.statements import dialect_insert
from services.dispatch.domain.work_calendar import WorkCalendar
from services.dispatch.store import adopted_calendar

LONGEST_LOOK = 50
"""Years. A calendar that knows more of them is not asked further."""


def adopt(connection: Connection, calendar: WorkCalendar, now: datetime) -> bool:
    """Adopt a calendar for due times, unless it knows fewer years than the adopted one. Return whether it is adopted."""
    row = {"id": 1, "version": calendar.version, "unknown_from": unknown_from(calendar, now.year)}
    statement = dialect_insert(connection)(adopted_calendar).values(row)
    changed = {name: statement.excluded[name] for name in ("version", "unknown_from")}
    at_least = adopted_calendar.c.unknown_from <= statement.excluded.unknown_from
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed, where=at_least))
    return counts(connection, calendar.version)


def counts(connection: Connection, version: str) -> bool:
    """Return whether a calendar of this version computes due times: it was adopted, or none was."""
    adopted = connection.execute(select(adopted_calendar.c.version)).scalar_one_or_none()
    return adopted in {None, version}


def unknown_from(calendar: WorkCalendar, year: int) -> int:
    """Return the first year from ``year`` on that a calendar does not know."""
    return next((one for one in range(year, year + LONGEST_LOOK) if not calendar.knows(one)), year + LONGEST_LOOK)
