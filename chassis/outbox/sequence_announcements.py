"""Periodic announcements of a service's highest sequence numbers. Only they reveal that the last events of a subject are lost.

A transaction that publishes arms a timer for the end of the period, unless one is armed; the timer announces the subjects whose
numbers grew since the last announcement. So an idle service announces nothing, and where business time jumps from timer to
timer the same run has the same announcements. docs/decisions/0014 gives the reasons.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from chassis.announcement_timer import subject_of
from chassis.effects import ArmTimer, DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.persistence import ChassisTables
from chassis.persistence.statements import dialect_insert
from chassis.timers import TimerFired
from contracts.events.sequences import BY_SOURCE, MOST, Reached


def announce(timer: TimerFired, ctx: HandlerContext) -> None:
    """Announce the highest numbers of the subjects whose numbers grew, in several announcements if there are many.

    The announcements' own numbers are in no announcement, or there would always be something to announce: a lost announcement
    is revealed by the number of the next.
    """
    source, tables = ctx.unit.source, ctx.unit.store.tables
    grown = _grown(ctx.connection, tables, source)
    if not grown:
        return
    _mark(ctx.connection, tables, source, grown)
    reached = [Reached(subject=row.subject, last=row.last) for row in grown]
    subject = subject_of(source)
    ctx.for_subject(subject).apply(Effects(DomainEvent(BY_SOURCE[source](reached=reached), subject)))
    if len(grown) == MOST:
        ctx.apply(Effects(ArmTimer(timer.subject, timer.name, timer.due, timer.generation + 1)))


def _grown(connection: Connection, tables: ChassisTables, source: str) -> Sequence[Any]:
    """Return the subjects with numbers not announced yet. Private events are numbered under a source of their own and are not
    included."""
    c = tables.sequences.c
    grown = select(c.subject, c.last).where(c.source == source, c.last > c.announced, c.subject != subject_of(source))
    return connection.execute(grown.order_by(c.subject).limit(MOST)).all()


def _mark(connection: Connection, tables: ChassisTables, source: str, grown: Sequence[Any]) -> None:
    """Store the announced numbers, which were read before; newer ones come later. Locks in the order of the unit of work."""
    table = tables.sequences
    statement = dialect_insert(connection)(table)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.source, table.c.subject], set_={"announced": statement.excluded.announced}
    ).returning(table.c.subject)
    rows = [{"source": source, "subject": row.subject, "last": row.last, "announced": row.last} for row in grown]
    connection.execute(statement, sorted(rows, key=lambda row: str(row["subject"])))
