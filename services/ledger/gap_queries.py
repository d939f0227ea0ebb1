"""The queries of the search for gaps, each built once. Their cost depends on the new entries and not on the size of the log."""

import operator
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, Row, ScalarSelect, Select, asc, bindparam, desc, func, select, tuple_

from contracts.events.sequences import ANNOUNCEMENTS
from services.ledger.domain.sequence_comparison import NumberedEvent
from services.ledger.store import entries, gaps


def suspicious_neighbours(connection: Connection, since: int) -> Iterator[tuple[NumberedEvent | None, NumberedEvent]]:
    """Yield the neighbours whose numbers do not follow each other, if one of them was appended since a position.

    The database compares each new entry with its two neighbours. Two older entries were compared when the second was appended.
    """
    for statement in (_BEHIND_ANOTHER, _BEFORE_AN_OLDER):
        for row in connection.execute(statement, {"since": since}):
            after = NumberedEvent(row.source, row.subject, row.sequence, row.event_id, row.type)
            before = (
                NumberedEvent(row.source, row.subject, row.before, row.before_id, row.before_type) if row.before_id else None
            )
            yield before, after


def _neighbour(of: FromClause, where: Callable[[Any, Any], Any], order: Callable[[Any], Any]) -> ScalarSelect[Any]:
    """Return the position of the entry next to one of the same source and subject."""
    beside = entries.alias("beside")
    place = tuple_(beside.c.sequence, beside.c.event_id)
    same = (beside.c.source == of.c.source, beside.c.subject == of.c.subject)
    there = select(beside.c.position).where(*same, where(place, tuple_(of.c.sequence, of.c.event_id)))
    return there.order_by(order(beside.c.sequence), order(beside.c.event_id)).limit(1).correlate(of).scalar_subquery()


def _compared(before: FromClause, after: FromClause) -> Sequence[Any]:
    names = (before.c.sequence.label("before"), before.c.event_id.label("before_id"), before.c.type.label("before_type"))
    return (after.c.source, after.c.subject, after.c.sequence, after.c.event_id, after.c.type, *names)


def _behind_another() -> Select[Any]:
    """Read each new entry whose number does not follow that of the entry before it, or is not 1 if there is none."""
    new, before = entries.alias("new"), entries.alias("before")
    joined = new.outerjoin(before, before.c.position == _neighbour(new, operator.lt, desc))
    broken = new.c.sequence != func.coalesce(before.c.sequence, 0) + 1
    return select(*_compared(before, new)).select_from(joined).where(new.c.position >= bindparam("since"), broken)


def _before_an_older() -> Select[Any]:
    """Read each older entry whose number does not follow that of the new entry before it."""
    new, after = entries.alias("new"), entries.alias("after")
    joined = new.join(after, after.c.position == _neighbour(new, operator.gt, asc))
    older = after.c.position < bindparam("since")
    broken = after.c.sequence != new.c.sequence + 1
    return select(*_compared(new, after)).select_from(joined).where(new.c.position >= bindparam("since"), older, broken)


_BEHIND_ANOTHER, _BEFORE_AN_OLDER = _behind_another(), _before_an_older()

_ANNOUNCED = (
    select(entries.c.source, entries.c.body)
    .where(entries.c.position >= bindparam("since"), entries.c.type.in_(sorted(ANNOUNCEMENTS)))
    .order_by(entries.c.position)
)
_HIGHEST = (
    select(entries.c.subject, func.max(entries.c.sequence).label("last"))
    .where(entries.c.source == bindparam("source"), entries.c.subject.in_(bindparam("subjects", expanding=True)))
    .group_by(entries.c.subject)
)
_APPENDED = select(entries.c.source, entries.c.subject).where(entries.c.position >= bindparam("since"))
_TOUCHED = (
    select(gaps)
    .where(gaps.c.state == bindparam("state"), tuple_(gaps.c.source, gaps.c.subject).in_(_APPENDED))
    .order_by(gaps.c.source, gaps.c.subject, gaps.c.missing_from)
)


def announcements(connection: Connection, since: int) -> Sequence[tuple[str, bytes]]:
    """Return source and body of each announcement that was appended since a position."""
    return [(row.source, bytes(row.body)) for row in connection.execute(_ANNOUNCED, {"since": since})]


def highest_numbers(connection: Connection, source: str, subjects: Collection[str]) -> dict[str, int]:
    """Return the highest number of each of a source's subjects; a subject without entries is left out."""
    rows = connection.execute(_HIGHEST, {"source": source, "subjects": sorted(subjects)})
    return {row.subject: row.last for row in rows}


def touched_gaps(connection: Connection, state: str, since: int) -> Sequence[Row[Any]]:
    """Return the gaps in a state of every source and subject with entries since a position."""
    return connection.execute(_TOUCHED, {"state": state, "since": since}).all()
