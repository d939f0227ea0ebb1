"""The announcements of a source's numbers: the subjects that grew, once a period, and nothing where nothing was published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from chassis import announcement_timer
from chassis.clock import ManualClock
from chassis.effects import DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.messaging import cloudevents_codec
from chassis.outbox.sequence_announcements import announce
from chassis.persistence import Store
from chassis.timers import Timers
from chassis.unit_of_work import UnitOfWork
from contracts.events.sequences import MOST, TicketsSequencesAnnounced
from contracts.events.tickets import MatterDescribed, TicketResumed
from services.tickets.store import DEFINITION, metadata
from tests.component.counting import Watched, in_threads
from tests.component.ledger_alone import START
from tests.kit.servers import PostgresServer

TABLES = DEFINITION.tables


class Source:
    """Something that speaks as tickets does."""

    def __init__(self, store: Store):
        self.store = store
        self.begin()

    def begin(self) -> None:
        """The clock stands at the beginning."""
        self.clock = ManualClock(START)
        self._timers = Timers(self.store, self.clock, DEFINITION.source, {announcement_timer.KIND: announce}, Watched())

    def say(self, *subjects: str, private: bool = False) -> None:
        """One event about each subject, in one transaction."""
        with self.store.transaction() as connection:
            unit = UnitOfWork(self.store, connection, DEFINITION.source)
            payload = MatterDescribed(text="x") if private else TicketResumed()
            said = [DomainEvent(payload, subject) for subject in subjects]
            HandlerContext(unit, self.clock.now(), "story").apply(Effects(*said))
            unit.flush()

    def let_pass(self, **spans: float) -> None:
        """Time jumps from one due timer to the next."""
        end = self.clock.now() + timedelta(**spans)
        while (due := self._due()) is not None and due <= end:
            self.clock.move_to(due)
            assert self._timers.fire_due()
        self.clock.move_to(end)

    def _due(self) -> datetime | None:
        with self.store.transaction() as connection:
            return connection.execute(select(func.min(TABLES.timers.c.due_at))).scalar_one()

    def timers(self) -> int:
        """Return the number of armed timers."""
        with self.store.transaction() as connection:
            return connection.execute(select(func.count()).select_from(TABLES.timers)).scalar_one()

    def announced(self) -> list[dict[str, int]]:
        """Return the content of each announcement."""
        return [{one.subject: one.last for one in event.payload.reached} for event in self.announcements()]

    def announcements(self) -> list[Any]:
        """The announcements as events."""
        outbox = TABLES.outbox.c
        ours = outbox.type == TicketsSequencesAnnounced.type
        rows = select(outbox.headers, outbox.body).where(ours).order_by(outbox.position)
        with self.store.transaction() as connection:
            return [
                cloudevents_codec.decode(cloudevents_codec.Message(r.headers, cloudevents_codec.JSON, bytes(r.body)))
                for r in connection.execute(rows)
            ]

    def forget(self) -> None:
        """Delete all rows."""
        with self.store.transaction() as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
        self.begin()


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with the tables of tickets."""
    name = f"source_{uuid4().hex[:8]}"
    made = postgres_server.create_database(name)
    store = Store(made, TABLES, DEFINITION.mappers)
    metadata.create_all(store.engine)
    store.close()
    yield made
    postgres_server.drop_database(name)


@pytest.fixture
def source(url: str) -> Iterator[Source]:
    """A source that has said nothing yet."""
    store = Store(url, TABLES, DEFINITION.mappers)
    made = Source(store)
    made.forget()
    yield made
    store.close()


def test_each_announcement_names_what_grew_since_the_one_before(source: Source) -> None:
    source.say("a", "b", "a")
    source.say("c")
    assert source.timers() == 1
    source.let_pass(hours=1)
    assert source.announced() == [{"a": 2, "b": 1, "c": 1}]
    source.say("b")
    source.let_pass(minutes=1)
    source.say("b", "d")
    source.let_pass(hours=1)
    assert source.announced()[1:] == [{"b": 3, "d": 1}]
    assert [(one.subject, one.sequence) for one in source.announcements()] == [("tickets", 1), ("tickets", 2)]


def test_who_says_nothing_announces_nothing_and_waits_for_nothing(source: Source) -> None:
    source.let_pass(days=1)
    source.say("a")
    source.let_pass(days=7)
    assert (len(source.announced()), source.timers()) == (1, 0)


def test_what_is_private_is_not_announced(source: Source) -> None:
    source.say("a", private=True)
    assert source.timers() == 0
    source.say("b")
    source.say("b", private=True)
    source.let_pass(hours=1)
    assert source.announced() == [{"b": 1}]


def test_many_subjects_are_announced_in_parts(source: Source) -> None:
    names = [f"s{number:04}" for number in range(2 * MOST + 1)]
    source.say(*names)
    source.let_pass(hours=1)
    parts = source.announced()
    assert [len(part) for part in parts] == [MOST, MOST, 1]
    assert [name for part in parts for name in part] == names
    assert source.timers() == 0


def test_two_who_begin_a_period_at_once_have_it_announced_once(source: Source, url: str) -> None:
    others = [Source(Store(url, TABLES, DEFINITION.mappers)) for _ in range(4)]
    in_threads(*(_saying(one, f"s{number}") for number, one in enumerate(others)))
    source.let_pass(hours=1)
    assert source.announced() == [{"s0": 1, "s1": 1, "s2": 1, "s3": 1}]
    for one in others:
        one.store.close()


def _saying(one: Source, subject: str) -> Callable[[], None]:
    return lambda: one.say(subject)


def test_the_same_story_has_the_same_announcements(source: Source) -> None:
    def tell(*, at_once: bool) -> list[Any]:
        source.forget()
        for period in range(3):
            subjects = [f"s{number}" for number in range(period, period + 4)]
            for group in [subjects] if at_once else [[one] for one in reversed(subjects)]:
                source.say(*group)
            source.let_pass(minutes=7)
        source.let_pass(hours=1)
        return source.announcements()

    assert tell(at_once=True) == tell(at_once=False)


def test_a_period_ends_later_than_what_is_said_in_it() -> None:
    for seconds in range(0, 1300, 7):
        said = START + timedelta(seconds=seconds)
        waits = announcement_timer.due_after(said) - said
        assert announcement_timer.SETTLE <= waits <= announcement_timer.PERIOD + announcement_timer.SETTLE
