"""The inbox: each event takes effect once per handler group, and is in the store before it is settled with the bus.

`Inbox.take` is the entry point of the AMQP consumer and of the embedded bus. It returns when every message has a committed row,
so that its caller may settle them all; it raises StoreUnavailable when none may be settled.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection, select

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.effects import Refused, TooEarly
from chassis.failpoints import failpoint
from chassis.handler_context import HandlerContext
from chassis.inbox.inbox_records import derived_id, inbox_record, reason, unreadable_record
from chassis.inbox.retry_policy import RetryPolicy
from chassis.inbox.wakeups import Wakeups
from chassis.messaging import cloudevents_codec
from chassis.messaging.cloudevents_codec import Message
from chassis.messaging.external_events import ExternalEvents, is_external
from chassis.observability import logs
from chassis.persistence import Store, StoreUnavailable, machine_now
from chassis.persistence.conflicts import CONFLICT_RETRIES, DUPLICATE_OR_CONFLICT, retry_conflicts
from chassis.persistence.statements import dialect_insert, keeping_new
from chassis.persistence.tables import APPLIED, DEAD, WAITING
from chassis.service_definition import Prefetch
from chassis.unit_of_work import UnitOfWork
from contracts.envelope import Event
from contracts.payload import UnknownEvent

log = logging.getLogger(__name__)

Handle = Callable[[Event, HandlerContext], None]
"""Calls the service's method for an event, within the unit of work."""

MAX_SPOILERS = 5
"""The most events that may leave a batch one after the other; with more of them, one transaction for each event costs less."""


class Watch(Protocol):
    """The metrics that the inbox reports to."""

    def handled(self, handler: str, type_: str, outcome: str) -> None:
        """Count a settled event; ``outcome`` is applied, duplicate, waiting or dead."""

    def batch(self, handler: str, size: int) -> None:
        """Count a batch: ``size`` events shared a transaction."""

    def dead_lettered(self, handler: str, outcome: str) -> None:
        """Count a message that the bus dead-lettered; ``outcome`` is kept, known or applied."""


@dataclass(frozen=True, slots=True)
class _Arrived:
    message: Message
    event: Event


class _Spoilt(Exception):
    """A handler refused one event of a batch, so nothing of the batch may be committed."""

    def __init__(self, one: _Arrived, why: Exception):
        super().__init__(reason(why))
        self.one, self.why = one, why


@dataclass
class Inbox:
    """The inbox of one handler group: the events of one queue and their handlers."""

    handler: str
    store: Store
    clock: BusinessClock
    source: str
    handle: Mapping[str, Handle]
    watch: Watch
    retries: RetryPolicy
    actor_of: Callable[[str | None], Actor | None] = lambda _: None
    prefetch: Prefetch = field(default_factory=dict)
    wakeups: Wakeups | None = None
    """Wakes the loops that wait for applied events; without it a waiting event is retried only when its pause is over."""
    external_events: ExternalEvents | None = None
    """Checks events from outside; without it they are handled like any other."""

    def take(self, messages: Sequence[Message]) -> None:
        """Settle messages in the store. Raises StoreUnavailable; then none may be settled with the broker."""
        arrived: list[_Arrived] = []
        unreadable: list[dict[str, Any]] = []
        for message in messages:
            try:
                arrived.append(_Arrived(message, self.read(message)))
            except Exception as wrong:  # reading does no I/O: any exception is caused by this message
                unreadable.append(unreadable_record(self.handler, message, reason(wrong)))
        arrived.sort(key=lambda one: one.event.subject)
        if arrived:
            for one in self._apply_but_the_spoilers(arrived):
                self._take_alone(one)
        if unreadable:
            self._bury(unreadable)

    def read(self, message: Message) -> Event:
        """Return the event in a message. Raises Undecodable, UnknownEvent, InvalidEvent, and Refused for the source of another
        account."""
        event = cloudevents_codec.decode(message)
        if event.type not in self.handle:
            raise UnknownEvent(f"{self.handler} has no handler for {event.type!r}")
        return self.external_events.admit(event) if self.external_events else event

    def _apply_but_the_spoilers(self, arrived: Sequence[_Arrived]) -> list[_Arrived]:
        """Apply the batch without the events that fail. Return the events that are to be tried one by one afterwards.

        An event that came too early is common, because its cause travels on another queue: it must not cost the others their
        batch.
        """
        rest: list[_Arrived] = list(arrived)
        spoilers: list[_Arrived] = []
        conflicts = 0
        for _ in range(MAX_SPOILERS):
            if not rest:
                break
            try:
                self._apply(rest)
                return spoilers
            except StoreUnavailable:
                raise
            except _Spoilt as spoilt:
                rest.remove(spoilt.one)
                if isinstance(spoilt.why, Refused):  # permanent: a later event of the batch must not change the verdict
                    self._keep(spoilt.one, spoilt.why)
                else:
                    spoilers.append(spoilt.one)
            except DUPLICATE_OR_CONFLICT:
                conflicts += 1
                if conflicts > CONFLICT_RETRIES:
                    break
            except Exception:  # the failing event is not known
                break
        return rest + spoilers

    def _take_alone(self, one: _Arrived) -> None:
        try:
            retry_conflicts(partial(self._apply, [one]), DUPLICATE_OR_CONFLICT)
        except StoreUnavailable:
            raise
        except _Spoilt as spoilt:
            self._keep(one, spoilt.why)
        except Exception as wrong:
            self._keep(one, wrong)

    def _apply(self, arrived: Sequence[_Arrived]) -> None:
        """Apply events in one transaction: rows, effects, outbox and timers."""
        with self.store.transaction() as connection:
            fresh = self._insert(connection, arrived)
            failpoint("inbox.inserted")
            unit = UnitOfWork(self.store, connection, self.source)
            self._lock([one.event for one in fresh], unit)
            for one in fresh:
                self._run(one, unit)
                failpoint("batch.middle")
            unit.flush()
            unit.after_commit(partial(self._report, arrived, fresh))
            self.register_wakeup(unit, {one.event.subject for one in fresh})
        failpoint("work.committed")

    def register_wakeup(self, unit: UnitOfWork, subjects: Collection[str]) -> None:
        """Register a wake-up, within the unit of work that applies events of these subjects, to be sent after its commit."""
        if self.wakeups is not None:
            unit.after_commit(partial(self.wakeups.applied, subjects))

    def _lock(self, events: Sequence[Event], unit: UnitOfWork) -> None:
        """Lock the aggregates that the handlers will load: one statement for each class, however many events there are."""
        for cls, keys_of in self.prefetch.items():
            unit.lock(cls, {key for event in events for key in keys_of(event)})

    def _run(self, one: _Arrived, unit: UnitOfWork) -> None:
        try:
            self.run(one.event, unit)
        except (Refused, TooEarly) as why:
            raise _Spoilt(one, why) from why

    def run(self, event: Event, unit: UnitOfWork) -> None:
        """Call the event's handler."""
        ctx = HandlerContext(
            unit=unit,
            now=self.clock.now(),
            correlation=event.correlationid or event.subject,
            causation=self._cause(event),
            actor=self.actor_of(event.actor),
        )
        told = self.told(event.type, event.source, event.id, ctx.correlation)
        with logs.bound(correlation=told["subject"], causation=event.causationid, event=told["event"]):
            self.handle[event.type](event, ctx)

    def _cause(self, event: Event) -> str:
        external = self.external_events if is_external(event.type) else None
        return external.digests.cause(event.source, event.id) if external else event.id

    def told(self, type_: str, source: str, id_: str, subject: str) -> dict[str, str]:
        """Return the ids that logs carry for an event. Ids and subjects of external events may be private and are replaced by
        digests."""
        external = self.external_events if is_external(type_) else None
        if external:
            id_, subject = external.digests.of(source, id_), external.digests.subject(subject)
        return {"event": id_, "type": type_, "subject": subject}

    def _insert(self, connection: Connection, arrived: Sequence[_Arrived]) -> list[_Arrived]:
        """Insert the rows. Return the events that are new. Never catches a duplicate-key error."""
        by_key = {(one.event.source, one.event.id): one for one in reversed(arrived)}
        rows = [self._row(one.message, one.event, APPLIED, 1) for _, one in sorted(by_key.items(), key=lambda item: item[0])]
        returned = connection.execute(keeping_new(self.store.tables.inbox, connection.dialect.name), rows)
        inserted = {(source, id_) for source, id_ in returned}
        keys = [(one.event.source, one.event.id) for one in arrived]
        fresh = [key in inserted and by_key[key] is one for key, one in zip(keys, arrived, strict=True)]
        self._compare_repeated(connection, [one for one, new in zip(arrived, fresh, strict=True) if not new])
        return [one for one, new in zip(arrived, fresh, strict=True) if new]

    def _compare_repeated(self, connection: Connection, repeated: Sequence[_Arrived]) -> None:
        """Store an event whose id was used before with another body as dead, next to the first: it is no redelivery."""
        table = self.store.tables.inbox
        for one in repeated:
            digest = one.message.digest()
            first = connection.execute(
                select(table.c.digest).where(
                    table.c.handler == self.handler,
                    table.c.source == one.event.source,
                    table.c.event_id == one.event.id,
                )
            ).scalar_one()
            if first != digest:
                row = self._row(one.message, one.event, DEAD, 1, reason="the id was used before with another body")
                row["event_id"] = derived_id(one.event.id, digest)
                connection.execute(dialect_insert(connection)(table).on_conflict_do_nothing(), [row])
                self.store.after_commit(connection, partial(self.watch.handled, self.handler, one.event.type, DEAD))

    def _report(self, arrived: Sequence[_Arrived], fresh: Sequence[_Arrived]) -> None:
        self.watch.batch(self.handler, len(arrived))
        for one in fresh:
            self.watch.handled(self.handler, one.event.type, APPLIED)
        for _ in range(len(arrived) - len(fresh)):
            self.watch.handled(self.handler, "", "duplicate")

    def _keep(self, one: _Arrived, wrong: Exception) -> None:
        """Store a failed event: waiting for a retry, or dead if no retry can help."""
        state = self.retries.state_after(wrong, attempts=1)
        row = self._row(one.message, one.event, state, 1, reason=reason(wrong))
        if state == WAITING:
            row["due_at"] = machine_now() + self.retries.after(1)
        self._save(row)
        if self.wakeups is not None and state == WAITING:
            self.wakeups.waits()
        self._log(state, one.event, wrong)

    def _bury(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store the unreadable messages, last and in one transaction. If the store went away in between, the batch would be
        delivered again, and each message without a readable id would get a second row."""
        self._save(*rows)
        for row in rows:
            log.error("dead letter: %s", row["reason"], extra={"handler": self.handler, "digest": row["digest"]})

    def _save(self, *rows: dict[str, Any]) -> None:
        with self.store.transaction() as connection:
            connection.execute(dialect_insert(connection)(self.store.tables.inbox).on_conflict_do_nothing(), list(rows))
            for row in rows:
                # the type of an unreadable message is the sender's text and must not become a label
                type_ = row["type"] if row["type"] in self.handle else "unreadable"
                self.store.after_commit(connection, partial(self.watch.handled, self.handler, type_, row["state"]))

    def _row(self, message: Message, event: Event, state: str, attempts: int, reason: str | None = None) -> dict[str, Any]:
        return inbox_record(self.handler, message, event, state, attempts, reason)

    def _log(self, state: str, event: Event, wrong: Exception) -> None:
        expected = isinstance(wrong, Refused | TooEarly)
        log.log(
            logging.WARNING if expected else logging.ERROR,
            "%s: %s",
            state,
            reason(wrong),
            exc_info=None if expected else wrong,
            extra={"handler": self.handler, **self.told(event.type, event.source, event.id, event.subject)},
        )
