"""A service as small as can be: it counts reports and says each new number. What the component tests run the chassis with.

The events are borrowed from the contracts, since every contract that exists is published: a `report.filed.v1` is counted,
and the number is told as the ``generation`` of a `case.resumed.v1`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, select

from chassis.clock import ManualClock
from chassis.effects import ArmTimer, DomainEvent, Effect, Effects
from chassis.handler_context import HandlerContext
from chassis.inbox.inbox import Inbox
from chassis.inbox.retry_policy import RetryPolicy
from chassis.inbox.wakeups import Wakeups
from chassis.messaging.cloudevents_codec import JSON, Message
from chassis.persistence import Document, Instant, Mapper, Store, chassis_tables
from chassis.service_definition import ServiceDefinition
from chassis.unit_of_work import UnitOfWork
from contracts.envelope import Event
from contracts.events.dispatch import CaseResumed
from contracts.events.intake import ReportFiled

on_postgres = pytest.mark.parametrize("counting_url", ["postgres"], indirect=True)
"""For what only a server does: locks that two sessions wait for, sessions that end, errors of its own."""
START = datetime(2026, 3, 3, 8, tzinfo=UTC)
SOURCE = "/counting"

metadata = MetaData()
counters = Table(
    "counters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Document, nullable=False),
    Column("count", Integer, nullable=False),
    Column("changed_at", Instant),
)
notes = Table("notes", metadata, Column("position", Integer, primary_key=True), Column("text", Text))


@dataclass
class Counter:
    """Counts to a number, and remembers by what."""

    id: str
    count: int = 0
    by: list[str] = field(default_factory=list)

    def up(self, by: str) -> Effects:
        """One more."""
        self.count += 1
        self.by.append(by)
        return Effects(DomainEvent(CaseResumed(level="counting", generation=self.count), self.id))


MAPPER: Mapper[Counter] = Mapper(Counter, counters, lambda one: {"count": one.count}, changed_at="changed_at")
DEFINITION = ServiceDefinition("counting", chassis_tables(metadata), (MAPPER,))


def new_store(url: str, pool_size: int = 10) -> Store:
    """A store of this service. Its tables are there already."""
    return Store(url, DEFINITION.tables, DEFINITION.mappers, pool_size)


def report(subject: str, id_: str, /, note: str = "", **changes: str | None) -> Message:
    """A report as it comes over the wire; the changes are to its attributes, and None leaves one out."""
    attributes: dict[str, str | None] = {
        "specversion": "1.0",
        "type": ReportFiled.type,
        "source": "/units",
        "id": id_,
        "subject": subject,
        "time": START.isoformat(),
        **changes,
    }
    body = {"command": "sign", "unit": "unit-1", "note": note}
    headers = {f"ce-{name}": value for name, value in attributes.items() if value is not None}
    return Message(headers, JSON, json.dumps(body).encode(), user_id="units-user")


def count_up(event: Event, ctx: HandlerContext) -> None:
    """Count the report; a note says what is to go wrong."""
    counter = ctx.find(Counter, event.subject)
    if counter is None:
        counter = Counter(event.subject)
        ctx.add(counter)
    ctx.apply(counter.up(event.id))


def do_everything(event: Event, ctx: HandlerContext) -> None:
    """State, an event, a row, a timer."""
    count_up(event, ctx)
    ctx.insert(notes, {"text": event.id})
    ctx.apply(Effects(ArmTimer(event.subject, "sign", ctx.now + timedelta(hours=1))))


class Watched:
    """Keeps what inbox, relay and timers report; safe for threads."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str, str]] = []
        self.batches: list[int] = []
        self.leads: list[bool] = []
        self.confirmed = self.parked = self.nacked = 0
        self.fired_timers: list[tuple[str, str]] = []
        self.fallen: list[str] = []
        self._lock = threading.Lock()

    def handled(self, handler: str, type_: str, outcome: str) -> None:
        with self._lock:
            self.outcomes.append((handler, type_, outcome))

    def batch(self, handler: str, size: int) -> None:
        with self._lock:
            self.batches.append(size)

    def dead_lettered(self, handler: str, outcome: str) -> None:
        with self._lock:
            self.fallen.append(outcome)

    def leading(self, leads: bool) -> None:
        with self._lock:
            self.leads.append(leads)

    def published(self, confirmed: int, returned: int, nacked: int) -> None:
        with self._lock:
            self.confirmed += confirmed
            self.parked += returned
            self.nacked += nacked

    def fired(self, kind: str, outcome: str, lateness: float) -> None:
        with self._lock:
            self.fired_timers.append((kind, outcome))

    def count(self, outcome: str) -> int:
        """So many events had this outcome."""
        return [got for _, _, got in self.outcomes].count(outcome)


class Counting:
    """One process's worth of the service, with a clock that the test moves."""

    def __init__(self, store: Store):
        self.store = store
        self.clock = ManualClock(START)
        self.watch = Watched()

    def inbox(
        self,
        handle: Callable[[Event, HandlerContext], None] = count_up,
        handler: str = "intake",
        attempts: int = 3,
        first: float = 0.0,
        takes: Sequence[str] = (ReportFiled.type,),
        wakeups: Wakeups | None = None,
    ) -> Inbox:
        """An inbox whose retries are due at once."""
        return Inbox(
            handler=handler,
            store=self.store,
            clock=self.clock,
            source=SOURCE,
            handle=dict.fromkeys(takes, handle),
            watch=self.watch,
            retries=RetryPolicy(attempts=attempts, first=first),
            wakeups=wakeups,
        )

    def commit(self, *effects: Effect, causation: str | None = None) -> None:
        """Carry out effects in a transaction of their own."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, SOURCE)
            HandlerContext(unit, self.clock.now(), "story", causation).apply(Effects(*effects))
            unit.flush()

    def say(self, subject: str, number: int = 1) -> None:
        """Commit one event about a subject."""
        self.commit(DomainEvent(CaseResumed(level="counting", generation=number), subject))

    def rows(self, table: Table, *order: str) -> list[Mapping[str, Any]]:
        """Every row of a table."""
        columns = [table.c[name] for name in order] or list(table.primary_key.columns)
        with self.store.transaction() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(*columns)).mappings()]

    @property
    def letters(self) -> list[Mapping[str, Any]]:
        """The inbox, in the order of arrival."""
        return self.rows(DEFINITION.tables.inbox, "received_at", "event_id")

    @property
    def outbox(self) -> list[Mapping[str, Any]]:
        """The outbox, in the order of its positions."""
        return self.rows(DEFINITION.tables.outbox)

    @property
    def timers(self) -> list[Mapping[str, Any]]:
        """The timers."""
        return self.rows(DEFINITION.tables.timers)

    @property
    def counts(self) -> dict[str, int]:
        """How far each subject was counted."""
        return {row["id"]: row["count"] for row in self.rows(counters)}

    def sizes(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.store.transaction() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }

    def later(self, **passed: float) -> datetime:
        """Let business time pass; answers what it is then."""
        self.clock.move_to(self.clock.now() + timedelta(**passed))
        return self.clock.now()


def states(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each row's state."""
    return [row["state"] for row in rows]


def in_threads(*works: Callable[[], object], seconds: float = 30) -> None:
    """Run them all at once and wait for all; raises what the first of them raised."""
    wrong: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(seconds)
            work()
        except BaseException as failed:
            wrong.append(failed)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        if thread.is_alive():
            raise TimeoutError("a thread did not end: deadlock?")
    if wrong:
        raise wrong[0]
