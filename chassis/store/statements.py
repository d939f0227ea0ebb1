"""The statements that every event needs, each built once for a table: building one costs more than running it."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, Table, bindparam, delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite


def dialect_of(name: str) -> Any:
    """The dialect's module, whose INSERT knows ON CONFLICT."""
    return postgresql if name == "postgresql" else sqlite


@cache
def locking(table: Table) -> Select[Any]:
    """Read and lock the documents of ``keys``, in sorted order."""
    keys: Any = bindparam("keys", expanding=True)
    return select(table.c.id, table.c.document).where(table.c.id.in_(keys)).order_by(table.c.id).with_for_update()


@cache
def adding(table: Table) -> Insert:
    """Insert rows."""
    return insert(table)


@cache
def overwriting(table: Table, dialect: str, columns: Iterable[str]) -> Any:
    """Update rows that are there and locked, as an upsert with an answer: of that, many rows are one statement."""
    statement = dialect_of(dialect).insert(table)
    changed = {name: statement.excluded[name] for name in columns if name != "id"}
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=changed).returning(table.c.id)


@cache
def counting_up(sequences: Table, dialect: str) -> Any:
    """Add ``last`` to the counter of each source and subject; answers how far each is then."""
    c = sequences.c
    statement = dialect_of(dialect).insert(sequences)
    upsert = statement.on_conflict_do_update(
        index_elements=[c.source, c.subject], set_={"last": c.last + statement.excluded.last}
    )
    return upsert.returning(c.source, c.subject, c.last)


@cache
def keeping_new(inbox: Table, dialect: str) -> Any:
    """Insert the rows that are not there yet; answers their source and id."""
    statement = dialect_of(dialect).insert(inbox).on_conflict_do_nothing()
    return statement.returning(inbox.c.source, inbox.c.event_id)


@cache
def disarming(timers: Table) -> Delete:
    """Delete the timers of ``names``, pairs of subject and name.

    One that is just ringing is locked by its ringer: it is skipped, and its generation makes it do nothing.
    """
    names = tuple_(timers.c.subject, timers.c.name).in_(bindparam("names", expanding=True))
    old = select(timers.c.position).where(names).with_for_update(skip_locked=True)
    return delete(timers).where(timers.c.position.in_(old))
