"""Which calendar counts, where processes with different ones run side by side: the one that was started last, unless it knows
fewer years than another that was started before. All others go on with their work and compute no due time anew.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from chassis.persistence.statements import dialect_insert
from services.dispatch.domain.due import WorkCalendar
from services.dispatch.store import adopted_calendar

LONGEST_LOOK = 50
"""Years. A calendar that knows more of them is not asked further."""


def adopt(connection: Connection, calendar: WorkCalendar, now: datetime) -> bool:
    """Let due times be computed by a calendar from now on; answers whether they are."""
    row = {"id": 1, "version": calendar.version, "unknown_from": unknown_from(calendar, now.year)}
    statement = dialect_insert(connection)(adopted_calendar).values(row)
    changed = {name: statement.excluded[name] for name in ("version", "unknown_from")}
    at_least = adopted_calendar.c.unknown_from <= statement.excluded.unknown_from
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed, where=at_least))
    return counts(connection, calendar.version)


def counts(connection: Connection, version: str) -> bool:
    """Whether due times are computed by this calendar: it was adopted, or none was."""
    adopted = connection.execute(select(adopted_calendar.c.version)).scalar_one_or_none()
    return adopted in {None, version}


def unknown_from(calendar: WorkCalendar, year: int) -> int:
    """The first year from this one on that a calendar does not know."""
    return next((one for one in range(year, year + LONGEST_LOOK) if not calendar.knows(one)), year + LONGEST_LOOK)
