"""Announcing how far this service's numbers go, now and then: the only way in which a lost tail can be seen.

Who says something arms a timer for the end of the period, unless one is armed; it says which subjects' numbers grew since
they were announced last. So a service of which nothing is heard announces nothing, and where business time jumps from timer
to timer the same story has the same announcements. docs/decisions/0014 tells why it is so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from chassis.outcome import Arm, Happened, Outcome
from chassis.store import ChassisTables, Instant
from contracts.events.sequences import BY_SOURCE, MOST, Reached

if TYPE_CHECKING:  # the unit of work arms, so it imports this module
    from chassis.timers import Ringing
    from chassis.work import Work

KIND = "announce"
PERIOD = timedelta(minutes=10)
SETTLE = timedelta(minutes=1, microseconds=1)
"""How long after a period's end it is announced: what was said within it is committed by then. The microsecond keeps it from
an instant at which a story has something else to do, so that it does not matter which comes first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def due_after(said: datetime) -> datetime:
    """When the period in which something was said is announced."""
    return _EPOCH + ((said - _EPOCH) // PERIOD + 1) * PERIOD + SETTLE


def arm(connection: Connection, tables: ChassisTables, source: str, said: datetime) -> None:
    """Within the transaction that says something public: see to it that the period is announced.

    Two transactions at once may both arm; the second timer finds nothing to say. A source without a contract for its
    announcements announces nothing.
    """
    if source not in BY_SOURCE:
        return
    due, table = due_after(said), tables.timers
    subject, name = _subject(source), f"{KIND}:{due.isoformat()}"
    row: dict[str, Any] = {
        "subject": literal(subject),
        "name": literal(name),
        "generation": literal(0),
        "due_at": literal(due, Instant()),
    }
    armed = select(table.c.position).where(table.c.subject == subject, table.c.name == name).exists()
    connection.execute(insert(table).from_select(list(row), select(*row.values()).where(~armed)))


def ring(ringing: Ringing, work: Work) -> None:
    """Say how far the numbers go that grew; a part at a time where they are many.

    The announcements' own numbers are in no announcement, or there would always be something to announce: a lost one shows
    by the number of the next.
    """
    source, tables = work.unit.source, work.unit.store.tables
    grown = _grown(work.connection, tables, source)
    if not grown:
        return
    _mark(work.connection, tables, source, grown)
    reached = [Reached(subject=row.subject, last=row.last) for row in grown]
    subject = _subject(source)
    work.for_subject(subject).apply(Outcome(Happened(BY_SOURCE[source](reached=reached), subject)))
    if len(grown) == MOST:
        work.apply(Outcome(Arm(ringing.subject, ringing.name, ringing.due, ringing.generation + 1)))


def _subject(source: str) -> str:
    return source.removeprefix("/")


def _grown(connection: Connection, tables: ChassisTables, source: str) -> Sequence[Any]:
    """What has numbers that were not announced. Private events are numbered under a source of their own, and are not here."""
    c = tables.sequences.c
    grown = select(c.subject, c.last).where(c.source == source, c.last > c.announced, c.subject != _subject(source))
    return connection.execute(grown.order_by(c.subject).limit(MOST)).all()


def _mark(connection: Connection, tables: ChassisTables, source: str, grown: Sequence[Any]) -> None:
    """Remember what is announced: the numbers that were read, whatever was said since. Locks in the order of `work`."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    table = tables.sequences
    statement = dialect.insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.source, table.c.subject], set_={"announced": statement.excluded.announced}
    ).returning(table.c.subject)
    rows = [{"source": source, "subject": row.subject, "last": row.last, "announced": row.last} for row in grown]
    connection.execute(statement, sorted(rows, key=lambda row: str(row["subject"])))
