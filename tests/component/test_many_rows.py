"""What a service asks all the time looks at what is open, never at everything that ever was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from chassis.configuration.identities import Actor
from chassis.effects import TooEarly
from chassis.handler_context import HandlerContext
from chassis.inbox.retries import Retrier, retry_one
from chassis.inbox.wakeups import Wakeups
from chassis.observability.health import Health
from chassis.observability.metrics import ChassisMetrics
from chassis.persistence import Store, machine_now
from chassis.persistence.migrate import upgrade
from chassis.runtime.gauges import read_gauges
from cli.services import definition
from contracts.codes import Truth
from contracts.envelope import Event
from contracts.events.ledger import GapFilled
from services.dispatch import store as dispatch
from services.dispatch.metrics import CaseMetrics
from services.ledger.metrics import LedgerMetrics
from services.notify import store as notify
from services.notify.metrics import NoticeGauges
from services.tickets import store as tickets_store
from services.tickets import ticket_search, ticket_units
from services.tickets.domain.coordinates import Point
from services.tickets.matter import in_order as matter_rows
from services.tickets.metrics import TicketsMetrics
from services.tickets.photographs import rows as photograph_rows
from services.tickets.photographs.provider import named
from tests.component.counting import Counting, do_everything, metadata, new_store, report
from tests.component.ledger_alone import LedgerAlone, announced, closed
from tests.component.plans import reads
from tests.component.relaying import Refusing, running
from tests.component.ringing import timers
from tests.component.test_retention import retention
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer
from tests.unit.tickets.tickets import ticket

FEW = {"areas", "categories", "logs", "checkpoints", "signing_keys", "forks", "gaps", "postings", "marks", "paces"}
"""Tables that do not grow with every event: a few rows for each member, outage, quarter of an hour or year."""

NOW = machine_now()
CLOCK: Any = SimpleNamespace(now=lambda: NOW)


NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=["postgres", "sqlite"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Makes one that nobody else uses, and of which the server knows no statistics; gives its URL."""
    if request.param == "sqlite":
        return lambda: nullcontext(f"sqlite:///{tmp_path}/many.db")
    return partial(_on_the_server, request.getfixturevalue("postgres_server"))


@contextmanager
def _on_the_server(server: PostgresServer) -> Iterator[str]:
    name = f"many_{uuid4().hex[:8]}"
    url = server.create_database(name)
    try:
        yield url
    finally:
        server.drop_database(name)


@contextmanager
def store_of(new_database: NewDatabase, service: str) -> Iterator[Store]:
    """A service's store, as its migrations make it."""
    defined = definition(service)
    with new_database() as url:
        upgrade(f"services.{service}", url)
        with closing(Store(url, defined.tables, defined.mappers)) as store:
            yield store


@pytest.fixture
def newly_counting(new_database: NewDatabase) -> Iterator[Counting]:
    """The counting service over a database of its own."""
    with new_database() as url, closing(new_store(url)) as store:
        metadata.create_all(store.engine)
        yield Counting(store)


def _gauges(metrics: Any) -> Callable[[Store], None]:
    def look(store: Store) -> None:
        read_gauges(store, CLOCK, ChassisMetrics(CollectorRegistry(), Health()))
        with store.transaction() as connection:
            metrics(CollectorRegistry()).read(connection, NOW)

    return look


def _notices_due(store: Store) -> None:
    notify.any_due(store, "sms", NOW)
    with store.transaction() as connection:
        notify.claimable(connection, NOW, 10, "sms")
        notify.claimable(connection, NOW, 10, without=("sms",))


def _what_awaits_a_calendar(store: Store) -> None:
    with store.transaction() as connection:
        dispatch.awaited(connection)
        dispatch.outdated(connection, "v", ["T-1"])


SEARCHES: list[dict[str, Any]] = [
    {},
    {"state": "handling"},
    {"urgency": "E0"},
    {"estate": "yangguang"},
    {"channel": "hotline"},
    {"open": Truth.TRUE, "urgency": "E0", "category": "noise"},
    {"area": "shanqi-1", "open": Truth.TRUE},
    {"opened_from": NOW, "opened_before": NOW, "open": Truth.FALSE},
    {"after": "T1", "open": Truth.TRUE},
]
"""What the desk asks of the list."""


def _what_the_desk_asks(store: Store) -> None:
    placed = replace(ticket(address_key="a", reporter_key="r"), place=Point(34.3, 108.9))
    account = Actor("responders", frozenset({"*"}), frozenset({"responder"}))
    with store.transaction() as connection:
        for search in SEARCHES:
            ticket_search.ticket_page(connection, search, 50)
        ticket_search.related(connection, placed, 50)
        ticket_units.may_read(connection, account, "T1")
        matter_rows(connection, tickets_store.ticket_photographs, "T1")
        photograph_rows.find(connection, "T1", "P1")
        photograph_rows.counts(connection, "T1")
        named(connection, {"a digest", "another"})


@pytest.mark.parametrize(
    ("service", "look"),
    [
        pytest.param("tickets", _gauges(TicketsMetrics), id="tickets' gauges"),
        pytest.param("dispatch", _gauges(CaseMetrics), id="dispatch's gauges"),
        pytest.param("notify", _gauges(NoticeGauges), id="notify's gauges"),
        pytest.param("ledger", _gauges(LedgerMetrics), id="the ledger's gauges"),
        pytest.param("notify", _notices_due, id="which notices are due"),
        pytest.param("dispatch", _what_awaits_a_calendar, id="what awaits a calendar"),
        pytest.param("tickets", _what_the_desk_asks, id="what the desk asks"),
    ],
)
def test_a_look_at_a_service_reads_no_table_that_grows(
    service: str, look: Callable[[Store], None], new_database: NewDatabase
) -> None:
    with store_of(new_database, service) as store:
        with reads(store) as seen:
            look(store)
        assert seen.sent
        assert {table for table, _ in seen.from_end_to_end()} <= FEW


def _too_early_once() -> Callable[[Event, HandlerContext], None]:
    heard = set[str]()

    def handle(event: Event, ctx: HandlerContext) -> None:
        if event.subject == "late" and not heard:
            heard.add(event.id)
            raise TooEarly("no case yet")
        do_everything(event, ctx)

    return handle


def test_the_loops_of_every_service_read_no_table_that_grows(newly_counting: Counting) -> None:
    counting = newly_counting
    wakeups = Wakeups(counting.store)
    inbox = counting.inbox(_too_early_once(), first=60.0, wakeups=wakeups)
    with reads(counting.store) as taking:
        for id_, subject in enumerate(("late", "early", "late")):
            inbox.take([report(subject, f"r-{id_}")])
        Retrier([inbox], lambda: 0).step()
        retry_one(inbox)
        counting.later(hours=2)
        timers(counting).fire_due()
    said = len(counting.outbox)
    with reads(counting.store) as telling:
        with running(counting.store, Refusing()) as relay:
            wait_until(lambda: relay.watch.confirmed == said, "everything published", 20)
        retention(counting, settled=0).step()
        read_gauges(counting.store, counting.clock, ChassisMetrics(CollectorRegistry(), Health()))
    assert counting.outbox == []
    assert taking.from_end_to_end() | telling.from_end_to_end() == set()


def test_the_search_for_gaps_reads_the_new_entries_and_their_neighbours(new_database: NewDatabase) -> None:
    """The log only grows: the search runs all the time, and must not read what it has read."""
    with store_of(new_database, "ledger") as store:
        alone = LedgerAlone(store)
        alone.hear(*closed("T", [1, 2, 5]), announced(1, T=6))
        alone.let_pass(hours=1)
        alone.hear(*closed("T", [3, 4]), announced(2, T=6))
        with reads(store) as seen:
            alone.ring(minutes=2)
        assert alone.said(GapFilled)
        assert {table for table, _ in seen.from_end_to_end()} <= FEW
