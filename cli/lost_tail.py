"""Detecting an embedded store that lost its newest transactions: the other stores know what was in them.

Every event is in its source's outbox and, when that says that it is published, in the inbox of each queue that it is for. A
store whose file was restored, replaced or damaged is behind the others, and would give the same numbers to other events.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select, tuple_
from sqlalchemy.exc import DBAPIError

from chassis.persistence import ChassisTables, StoreDamaged
from chassis.persistence.engine import new_engine, read_only
from chassis.persistence.errors import translated
from chassis.persistence.tables import APPLIED, PUBLISHED, WAITING
from chassis.persistence.wal import WHAT_TO_DO
from chassis.runtime.retention import INBOX_MARK
from cli.services import bound_queues, definition
from contracts.topology import SERVICES

RECENT = 10_000
"""The number of newest rows of each table that are compared: a loss concerns the end."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Store:
    service: str
    tables: ChassisTables
    engine: Engine

    def rows(self, statement: Any) -> list[Any]:
        try:
            with read_only(self.engine.connect()) as connection:
                return list(connection.execute(statement))
        except DBAPIError as wrong:
            raise translated(wrong) from wrong

    @property
    def file(self) -> str | None:
        return self.engine.url.database


def check_tails(urls: Mapping[str, str]) -> None:
    """Compare the stores of the four services, by service. Raises StoreDamaged, which names the file, and StoreUnavailable."""
    stores = {service: _Store(service, definition(service).tables, new_engine(urls[service])) for service in SERVICES}
    try:
        for one in stores.values():
            for other in stores.values():
                _check_outbox(one, other)
        for (exchange, type_), queues in _queues().items():
            for service, handler in queues:
                _check_inbox(stores[exchange.partition(".")[0]], type_, exchange, stores[service], handler)
    finally:
        for store in stores.values():
            store.engine.dispose()


def _check_outbox(source: _Store, consumer: _Store) -> None:
    """Check that every event a consumer took is in the source's outbox, or was removed from it by retention."""
    inbox, outbox, sequences = consumer.tables.inbox.c, source.tables.outbox.c, source.tables.sequences.c
    own = f"/{source.service}"
    taken = select(inbox.event_id, inbox.type, inbox.source, inbox.subject).where(
        inbox.state.in_((APPLIED, WAITING)), or_(inbox.source == own, inbox.source.startswith(f"{own}/", autoescape=True))
    )
    unknown = []
    for chunk in _chunks(consumer.rows(taken.order_by(inbox.received_at.desc()).limit(RECENT))):
        said = _column(source, outbox.event_id, outbox.event_id.in_([row.event_id for row in chunk]))
        streams = [(row.source, row.subject) for row in chunk]
        old = select(sequences.source, sequences.subject).where(
            sequences.removed > 0, tuple_(sequences.source, sequences.subject).in_(streams)
        )
        removed = {tuple(row) for row in source.rows(old)}
        unknown += [row for row in chunk if row.event_id not in said and (row.source, row.subject) not in removed]
    _refuse(source, unknown, consumer)


def _check_inbox(source: _Store, type_: str, exchange: str, consumer: _Store, handler: str) -> None:
    """Check that every event a source published is in its consumer's inbox, from the first of its type there on."""
    inbox, outbox, marks = consumer.tables.inbox.c, source.tables.outbox.c, consumer.tables.marks.c
    first = select(func.min(inbox.received_at)).where(inbox.handler == handler, inbox.type == type_)
    ((since,),) = consumer.rows(first)
    cleared = [row.at for row in consumer.rows(select(marks.at).where(marks.name == INBOX_MARK))]
    if since is None:
        return
    wanted = and_(outbox.type == type_, outbox.exchange == exchange, outbox.state == PUBLISHED)
    newer = outbox.created_at > max([since, *cleared])
    said = select(outbox.event_id, outbox.type, outbox.subject).where(wanted, newer)
    unknown = []
    for chunk in _chunks(source.rows(said.order_by(outbox.position.desc()).limit(RECENT))):
        taken = _column(
            consumer, inbox.event_id, and_(inbox.handler == handler, inbox.event_id.in_([r.event_id for r in chunk]))
        )
        unknown += [row for row in chunk if row.event_id not in taken]
    _refuse(consumer, [row for row in unknown if not _unreadable(consumer, handler, row.event_id)], source)


def _unreadable(consumer: _Store, handler: str, event_id: str) -> bool:
    """Return whether the event is in the inbox under another name: see `chassis.inbox.inbox_records.beside`."""
    inbox = consumer.tables.inbox.c
    return bool(_column(consumer, inbox.event_id, and_(inbox.handler == handler, inbox.event_id.startswith(f"{event_id}#"))))


def _column(store: _Store, column: Any, where: ColumnElement[bool]) -> set[Any]:
    return {row[0] for row in store.rows(select(column).where(where))}


def _refuse(behind: _Store, unknown: Collection[Any], ahead: _Store) -> None:
    if unknown:
        newest = next(iter(unknown))
        raise StoreDamaged(
            f"{behind.file}: lost {len(unknown)} of its newest events, which {ahead.file} knows, such as {newest.type} about "
            f"{newest.subject}. {WHAT_TO_DO}"
        )


def _queues() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the services and handlers of each exchange and type."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for queue, sources in bound_queues().items():
        service, _, handler = queue.partition(".")
        for exchange, types in sources.items():
            for type_ in types:
                if exchange.partition(".")[0] in SERVICES:
                    found.setdefault((exchange, type_), []).append((service, handler))
    return found


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
