"""Periodic announcements of a service's highest sequence numbers. Only they reveal that the last events of a subject are lost.

A transaction that publishes arms a timer for the end of the period, unless one is armed; the timer announces the subjects whose
numbers grew since the last announcement. So an idle service announces nothing, and where business time jumps from timer to
timer the same run has the same announcements. docs/decisions/0014 gives the reasons.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from chassis.announcement_timer import subject_of
from chassis.effects import ArmTimer, DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.persistence import ChassisTables
from chassis.persistence.statements import marking_announced, unannounced
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
    return connection.execute(unannounced(tables.sequences, MOST), {"source": source, "own": subject_of(source)}).all()


def _mark(connection: Connection, tables: ChassisTables, source: str, grown: Sequence[Any]) -> None:
    """Store the announced numbers, which were read before; newer ones come later. Locks in the order of the unit of work."""
    statement = marking_announced(tables.sequences, connection.dialect.name)
    rows = [{"source": source, "subject": row.subject, "last": row.last, "announced": row.last} for row in grown]
    connection.execute(statement, sorted(rows, key=lambda row: str(row["subject"])))
