"""The neighbours among the entries of one source and subject, in the order of their numbers, as the search for gaps reads them.

Neighbours are found through the index of source, subject and number, so a search costs as much as there are new entries.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, asc, bindparam, desc, func, select, tuple_

from services.ledger.domain.sequence_comparison import NumberedEvent
from services.ledger.store import entries


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
