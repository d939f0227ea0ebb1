"""The unit of work: the aggregates that handlers read and change, and the one transaction that commits all effects.

State, inbox rows, outbox rows and timers commit together or not at all. Handlers change aggregates in memory; `flush` writes
them in a few statements, however many events share the transaction.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Table

from chassis import announcement_timer
from chassis.effects import ArmTimer, CancelTimer, DomainEvent
from chassis.event_ids import event_id
from chassis.failpoints import failpoint
from chassis.messaging import cloudevents_codec
from chassis.persistence import Hook, Mapper, Store, machine_now
from chassis.persistence.statements import adding, counting_up, disarming, locking, overwriting, removing
from chassis.persistence.tables import PENDING
from contracts.envelope import Event
from contracts.events.sequences import ANNOUNCEMENTS

T = TypeVar("T")
DerivedRows = list[Mapping[str, Mapping[str, Any]]]
"""The rows that follow from an aggregate, by their id: one mapping for each `Derived` of its mapper."""


@dataclass(slots=True)
class _Loaded:
    aggregate: Any
    before: dict[str, Any] | None
    """The document as it was read; None for a new aggregate."""
    derived: DerivedRows
    """The derived rows as they follow from that document; of a new aggregate there are none."""
    at: datetime | None = None
    """Business time of the handler that loaded the aggregate last, and so may have changed it."""


@dataclass(slots=True)
class _Changes:
    """The changes of the rows of one derived table."""

    gone: list[str] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)

    def note(self, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> None:
        """Note the rows of an aggregate that are gone, and those that are new or different."""
        self.gone += [id_ for id_ in before if id_ not in after]
        self.written += [{"id": id_, **row} for id_, row in after.items() if before.get(id_) != row]


@dataclass(frozen=True, slots=True)
class _Emitted:
    happened: DomainEvent
    at: datetime
    correlation: str
    causation: str | None

    @property
    def announces(self) -> bool:
        """Return whether the event is an announcement, which itself is not announced."""
        return self.happened.payload.type in ANNOUNCEMENTS


class UnitOfWork:
    """The identity map and the effects of one transaction. Workers do not share it."""

    def __init__(self, store: Store, connection: Connection, source: str):
        self.store = store
        self.connection = connection
        self.source = source
        self._loaded: dict[tuple[type, str], _Loaded] = {}
        self._absent: set[tuple[type, str]] = set()
        self._answers: dict[Hashable, Any] = {}
        self._emitted: list[_Emitted] = []
        self._timers: dict[tuple[str, str], tuple[ArmTimer | CancelTimer, str | None]] = {}
        self._rows: dict[Table, list[dict[str, Any]]] = {}

    def lock(self, cls: type[T], keys: Collection[str]) -> None:
        """Read and lock many aggregates in one statement, in sorted order so that two batches cannot deadlock.

        A missing aggregate is remembered too, so that `find` does not query again. A caller that locks several classes locks
        them in the order of the definition's ``prefetch``.
        """
        mapper = self._mapper(cls)
        wanted = sorted({key for key in keys if (cls, key) not in self._loaded and (cls, key) not in self._absent})
        if not wanted:
            return
        for key, document in self.connection.execute(locking(mapper.table), {"keys": wanted}):
            aggregate = mapper.aggregate(document)
            self._loaded[cls, key] = _Loaded(aggregate, document, _derived(mapper, aggregate))
        self._absent |= {(cls, key) for key in wanted if (cls, key) not in self._loaded}

    def find(self, cls: type[T], key: str, at: datetime | None = None) -> T | None:
        """Return the aggregate, locked until the transaction ends, or None. ``at`` is the business time of the caller."""
        self.lock(cls, [key])
        kept = self._loaded.get((cls, key))
        if kept is None:
            return None
        kept.at = at or kept.at
        return cast(T, kept.aggregate)

    def add(self, aggregate: Any, at: datetime | None = None) -> None:
        """Store a new aggregate."""
        kept = type(aggregate), self._mapper(type(aggregate)).key(aggregate)
        self._absent.discard(kept)
        self._loaded[kept] = _Loaded(aggregate, None, [{} for _ in self._mapper(type(aggregate)).derived], at)

    def memoize(self, question: Hashable, ask: Callable[[], T]) -> T:
        """Return ``ask()``, called once per transaction for each ``question``: for small records that many events read and none
        locks."""
        if question not in self._answers:
            self._answers[question] = ask()
        return cast(T, self._answers[question])

    def emit(self, happened: DomainEvent, at: datetime, correlation: str, causation: str | None) -> None:
        """Publish an event when the transaction commits."""
        self._emitted.append(_Emitted(happened, at, correlation, causation))

    def set_timer(self, change: ArmTimer | CancelTimer, causation: str | None) -> None:
        """Arm or cancel a timer when the transaction commits; the last change of a name applies."""
        self._timers[change.subject, change.name] = (change, causation)

    def insert(self, table: Table, row: dict[str, Any]) -> None:
        """Insert a row into a table that is not an aggregate's; all rows of a table must have the same columns."""
        self._rows.setdefault(table, []).append(row)

    def after_commit(self, hook: Hook) -> None:
        """Call ``hook`` once after the transaction committed, and never if it is rolled back. See `Store.after_commit`.

        Every metric, alert and wake-up belongs here, because the transaction may be rolled back and run again.
        """
        self.store.after_commit(self.connection, hook)

    def flush(self) -> None:
        """Send every statement. The transaction is then ready to commit."""
        self._write_aggregates()
        for table, rows in self._rows.items():
            self.connection.execute(adding(table), rows)
        self._write_outbox()
        self._write_timers()
        if self._emitted or self._timers:  # publishing arms the announcement timer, too
            self.after_commit(self.store.note_armed)
        failpoint("work.before_commit")

    def _mapper(self, cls: type[T]) -> Mapper[T]:
        return self.store.mappers[cls]

    def _write_aggregates(self) -> None:
        added: dict[type, list[dict[str, Any]]] = {}
        changed: dict[type, list[dict[str, Any]]] = {}
        derived: dict[Table, _Changes] = {}
        for (cls, key), kept in sorted(self._loaded.items(), key=lambda item: (item[0][0].__name__, item[0][1])):
            mapper: Mapper[Any] = self.store.mappers[cls]
            document = mapper.document(kept.aggregate)
            if document == kept.before:
                continue
            row = {"id": key, "document": document, **mapper.columns(kept.aggregate)}
            if mapper.changed_at:
                row[mapper.changed_at] = kept.at or machine_now()
            (added if kept.before is None else changed).setdefault(cls, []).append(row)
            for part, before, after in zip(mapper.derived, kept.derived, _derived(mapper, kept.aggregate), strict=True):
                derived.setdefault(part.table, _Changes()).note(before, after)
        for cls, rows in added.items():
            self.connection.execute(adding(self._mapper(cls).table), rows)
        for cls, rows in changed.items():
            overwrite = overwriting(self._mapper(cls).table, self.connection.dialect.name, tuple(rows[0]))
            self.connection.execute(overwrite, rows)
        for table, changes in derived.items():
            self._write_derived(table, changes)

    def _write_derived(self, table: Table, changes: "_Changes") -> None:
        if changes.gone:
            self.connection.execute(removing(table), {"ids": changes.gone})
        if changes.written:
            names = tuple(column.name for column in table.columns)
            self.connection.execute(overwriting(table, self.connection.dialect.name, names), changes.written)

    def _write_outbox(self) -> None:
        if not self._emitted:
            return
        streams = [(self._source_of(said), said.happened.subject) for said in self._emitted]
        last = self._next_sequences(Counter(streams))
        now = machine_now()
        rows = []
        for said, stream in zip(reversed(self._emitted), reversed(streams), strict=True):
            rows.append(self._outbox_row(said, *stream, last[stream], now))
            last[stream] -= 1
        self.connection.execute(adding(self.store.tables.outbox), rows[::-1])
        public = [said.at for said in self._emitted if self._source_of(said) == self.source and not said.announces]
        if public:
            announcement_timer.arm(self.connection, self.store.tables, self.source, max(public))
        self.store.wake_relay(self.connection)

    def _source_of(self, said: _Emitted) -> str:
        """Return the source under which an event is numbered. Private events have their own, so that public consumers see every
        gap."""
        return f"{self.source}/private" if said.happened.payload.private else self.source

    def _next_sequences(self, wanted: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return the highest number of each source and subject after this transaction. Locks the counters in sorted order."""
        statement = counting_up(self.store.tables.sequences, self.connection.dialect.name)
        counters = [{"source": source, "subject": subject, "last": n} for (source, subject), n in sorted(wanted.items())]
        return {(row.source, row.subject): row.last for row in self.connection.execute(statement, counters)}

    def _outbox_row(self, said: _Emitted, source: str, subject: str, sequence: int, now: datetime) -> dict[str, Any]:
        payload = said.happened.payload
        event = Event(
            payload=payload,
            source=source,
            subject=subject,
            id=event_id(source, subject, sequence, said.at),
            time=said.at,
            correlationid=said.correlation,
            causationid=said.causation,
            sequence=sequence,
        )
        message = cloudevents_codec.encode(event)
        return {
            "event_id": event.id,
            "exchange": payload.exchange(),
            "type": payload.type,
            "subject": subject,
            "sequence": sequence,
            "headers": dict(message.headers),
            "body": message.body,
            "state": PENDING,
            "created_at": now,
        }

    def _write_timers(self) -> None:
        if not self._timers:
            return
        table = self.store.tables.timers
        self.connection.execute(disarming(table), {"names": sorted(self._timers)})
        armed = [
            {
                "subject": change.subject,
                "name": change.name,
                "generation": change.generation,
                "due_at": change.due,
                "causation": causation,
            }
            for change, causation in self._timers.values()
            if isinstance(change, ArmTimer)
        ]
        if armed:
            self.connection.execute(adding(table), armed)


def _derived(mapper: Mapper[Any], aggregate: Any) -> DerivedRows:
    return [part.rows(aggregate) for part in mapper.derived]
