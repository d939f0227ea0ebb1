"""The statements that every event needs, each built once for a table: building one costs more than running it."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from chassis.persistence.tables import DEAD, PARKED, PENDING, PUBLISHED, WAITING, ChassisTables


def dialect_of(name: str) -> Any:
    """Return the dialect's module, whose INSERT supports ON CONFLICT."""
    return postgresql if name == "postgresql" else sqlite


def dialect_insert(connection: Connection) -> Any:
    """Return the INSERT of the connection's dialect, which supports ON CONFLICT."""
    return dialect_of(connection.dialect.name).insert


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
    """Update existing, locked rows, as an upsert with RETURNING: SQLAlchemy sends many rows of such a statement as one."""
    statement = dialect_of(dialect).insert(table)
    changed = {name: statement.excluded[name] for name in columns if name != "id"}
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=changed).returning(table.c.id)


@cache
def removing(table: Table) -> Delete:
    """Delete the rows of ``ids``."""
    return delete(table).where(table.c.id.in_(bindparam("ids", expanding=True)))


@cache
def counting_up(sequences: Table, dialect: str) -> Any:
    """Add ``last`` to the counter of each source and subject. Returns the new value of each."""
    c = sequences.c
    statement = dialect_of(dialect).insert(sequences)
    upsert = statement.on_conflict_do_update(
        index_elements=[c.source, c.subject], set_={"last": c.last + statement.excluded.last}
    )
    return upsert.returning(c.source, c.subject, c.last)


@cache
def keeping_new(inbox: Table, dialect: str) -> Any:
    """Insert the rows that do not exist yet. Returns their source and id."""
    statement = dialect_of(dialect).insert(inbox).on_conflict_do_nothing()
    return statement.returning(inbox.c.source, inbox.c.event_id)


@cache
def disarming(timers: Table) -> Delete:
    """Delete the timers of ``names``, pairs of subject and name.

    The row of a firing timer is locked by the process that fires it: it is skipped, and its generation makes it do nothing.
    """
    names = tuple_(timers.c.subject, timers.c.name).in_(bindparam("names", expanding=True))
    old = select(timers.c.position).where(names).with_for_update(skip_locked=True)
    return delete(timers).where(timers.c.position.in_(old))


@cache
def arming_once(timers: Table) -> Insert:
    """Insert the timer of ``subject``, ``name`` and ``due_at`` unless there is one. Two transactions may insert two."""
    subject, name = bindparam("subject", type_=timers.c.subject.type), bindparam("name", type_=timers.c.name.type)
    row = select(subject, name, literal(0), bindparam("due_at", type_=timers.c.due_at.type))
    armed = select(timers.c.position).where(timers.c.subject == subject, timers.c.name == name).exists()
    return insert(timers).from_select(["subject", "name", "generation", "due_at"], row.where(~armed))


@cache
def removing_fired(timers: Table) -> Delete:
    """Delete the timers of ``positions``."""
    return delete(timers).where(timers.c.position.in_(bindparam("positions", expanding=True)))


@cache
def first_due_by_handler(inbox: Table) -> Select[Any]:
    """Read, for each handler group with waiting events, its name and when the first of them is due.

    The waiting events are materialized first: SQLite would read the whole inbox in the order of its key to group by handler.
    """
    waiting = select(inbox.c.handler, inbox.c.due_at).where(inbox.c.state == WAITING).cte("waiting").prefix_with("MATERIALIZED")
    return select(waiting.c.handler, func.min(waiting.c.due_at).label("due_at")).group_by(waiting.c.handler)


@cache
def any_waiting(inbox: Table) -> Select[Any]:
    """Read one row if any event waits."""
    return select(literal(1)).select_from(inbox).where(inbox.c.state == WAITING).limit(1)


@cache
def first_waiting(inbox: Table) -> Select[Any]:
    """Lock the waiting event of ``handler`` that is due first at ``as_of``."""
    c = inbox.c
    due = (c.handler == bindparam("handler"), c.state == WAITING, c.due_at <= bindparam("as_of"))
    return select(inbox).where(*due).order_by(c.due_at).limit(1).with_for_update(skip_locked=True)


def _is_armed(timers: Table) -> Any:
    """Return the condition that a timer is not postponed beyond ``machine_now``, as a failed timer is."""
    return or_(timers.c.retry_at.is_(None), timers.c.retry_at <= bindparam("machine_now"))


@cache
def first_timer_due(timers: Table) -> Select[Any]:
    """Read the due time (business time) of the first timer that is not postponed beyond ``machine_now``."""
    return select(timers.c.due_at).where(_is_armed(timers)).order_by(timers.c.due_at).limit(1)


@cache
def due_timers(timers: Table, most: int) -> Select[Any]:
    """Lock the ``most`` timers that are due first at ``now`` and ``machine_now``."""
    due = (timers.c.due_at <= bindparam("now"), _is_armed(timers))
    first = select(timers).where(*due).order_by(timers.c.due_at, timers.c.position).limit(most)
    return first.with_for_update(skip_locked=True, of=timers)


@cache
def pending_events(outbox: Table) -> Select[Any]:
    """Read the ``most`` events to publish first, with all columns that their messages need."""
    c = outbox.c
    columns = (c.position, c.event_id, c.exchange, c.type, c.headers, c.body)
    return select(*columns).where(c.state == PENDING).order_by(c.position).limit(bindparam("most"))


@cache
def marking_published(outbox: Table) -> Update:
    """Mark the events of ``positions`` as published ``at`` an instant."""
    confirmed = outbox.c.position.in_(bindparam("positions", expanding=True))
    return update(outbox).where(confirmed).values(state=PUBLISHED, published_at=bindparam("at"), reason=None)


@cache
def unannounced(sequences: Table, most: int) -> Select[Any]:
    """Read the first ``most`` subjects of ``source`` with numbers not announced yet, without its ``own`` subject."""
    c = sequences.c
    grown = (c.source == bindparam("source"), c.last > c.announced, c.subject != bindparam("own"))
    return select(c.subject, c.last).where(*grown).order_by(c.subject).limit(most)


@cache
def marking_announced(sequences: Table, dialect: str) -> Any:
    """Store the announced numbers of existing rows, as an upsert with RETURNING: see `overwriting`."""
    statement = dialect_of(dialect).insert(sequences)
    upsert = statement.on_conflict_do_update(
        index_elements=[sequences.c.source, sequences.c.subject], set_={"announced": statement.excluded.announced}
    )
    return upsert.returning(sequences.c.subject)


@cache
def levels(tables: ChassisTables) -> Select[Any]:
    """Read in one row the numbers of open rows in the outbox, the inbox and the timers.

    ``pending``, ``parked``, ``waiting``, ``dead`` and, at ``now`` (business time), ``overdue`` are counts of rows;
    ``pending_since`` and ``overdue_since`` are the oldest of their instants, None if there are no such rows.
    """
    outbox, inbox, timers = tables.outbox.c, tables.inbox.c, tables.timers.c
    pending, overdue = outbox.state == PENDING, timers.due_at <= bindparam("now")

    def one(answer: Any, condition: Any, name: str) -> Any:
        return select(answer).where(condition).scalar_subquery().label(name)

    return select(
        one(func.count(), pending, "pending"),
        one(func.min(outbox.created_at), pending, "pending_since"),
        one(func.count(), outbox.state == PARKED, "parked"),
        one(func.count(), inbox.state == WAITING, "waiting"),
        one(func.count(), inbox.state == DEAD, "dead"),
        one(func.count(), overdue, "overdue"),
        one(func.min(timers.due_at), overdue, "overdue_since"),
    )
