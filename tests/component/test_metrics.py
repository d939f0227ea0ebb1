"""What the services' own gauges say, on both kinds of store; and what is counted of what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert

from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import JSON, Message
from chassis.messaging.publish_observer import ObservedPublisher, PublishedCounter
from chassis.observability.health import Health
from chassis.observability.metrics import ChassisMetrics
from chassis.persistence import Store
from chassis.runtime.gauges import read_gauges
from cli.services import definition
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch import store as dispatch
from services.dispatch.metrics import CaseMetrics
from services.ledger import store as ledger
from services.ledger.domain.double_entry import balances
from services.ledger.metrics import LedgerMetrics
from services.notify import store as notify
from services.notify.metrics import NoticeGauges
from services.tickets import store as tickets
from services.tickets.metrics import TicketsMetrics
from tests.component.relaying import Refusing
from tests.kit.payloads import some
from tests.kit.servers import PostgresServer

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


class Office:
    """One service's empty store, and a registry."""

    def __init__(self, service: str, url: str):
        self.tables = definition(service).tables
        self.store = Store(url, self.tables)
        self.tables.outbox.metadata.create_all(self.store.engine)
        self.registry = CollectorRegistry()

    def put(self, table: Any, *rows: dict[str, Any]) -> None:
        """Rows, as the service would have left them."""
        with self.store.transaction() as connection:
            connection.execute(insert(table), list(rows))

    def read(self, metrics: Any) -> None:
        """Look once."""
        with self.store.transaction() as connection:
            metrics.read(connection, NOW)

    def says(self, name: str, **labels: str) -> float | None:
        """A sample; None where there is none."""
        return self.registry.get_sample_value(name, labels)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"metrics_{uuid4().hex[:8]}"
    yield server.create_database(name)
    server.drop_database(name)


def _ticket(id_: str, state: str, urgency: str, level: str | None, waiting: timedelta | None = None) -> dict[str, Any]:
    since = (NOW - waiting).isoformat() if waiting else None
    return {
        "id": id_,
        "state": state,
        "category": "noise",
        "area": "shanqi-1",
        "opened_at": NOW,
        "document": {"urgency": urgency, "level": level, "waiting_since": since},
    }


def test_open_tickets_by_level_and_urgency(url: str) -> None:
    office = Office("tickets", url)
    metrics = TicketsMetrics(office.registry)
    office.put(
        tickets.tickets,
        _ticket("T-1", "handling", "E2", "property"),
        _ticket("T-2", "parked", "E2", "property"),
        _ticket("T-3", "open", "E0", None, timedelta(seconds=90)),
        _ticket("T-4", "open", "E1", None, timedelta(seconds=5, microseconds=3)),
        _ticket("T-5", "closed", "E0", "property", timedelta(days=3)),
    )
    office.read(metrics)
    assert office.says("whistle_tickets_open", level="property", urgency="E2") == 2
    assert office.says("whistle_tickets_open", level="none", urgency="E0") == 1
    assert office.says("whistle_tickets_open", level="none", urgency="E3") == 0
    assert office.says("whistle_tickets_unattended_seconds") == 90
    with office.store.transaction() as connection:
        connection.execute(tickets.tickets.delete())
    office.read(metrics)
    assert office.says("whistle_tickets_open", level="property", urgency="E2") is None
    assert office.says("whistle_tickets_open", level="none", urgency="E0") == 0
    assert office.says("whistle_tickets_unattended_seconds") == 0


def test_cases_by_where_they_stand(url: str) -> None:
    office = Office("dispatch", url)
    rows = ({"id": f"T-{n}", "state": state, "document": {}} for n, state in enumerate(("working", "working", "verified")))
    office.put(dispatch.cases, *rows)
    office.read(CaseMetrics(office.registry))
    assert office.says("whistle_cases", state="working") == 2
    assert office.says("whistle_cases", state="exhausted") == 0


def test_notices_that_wait(url: str) -> None:
    office = Office("notify", url)
    rows = [
        {"id": f"n-{n}", "ticket": "T-1", "state": "due", "document": {}, "channel": channel, "next_at": due}
        for n, (channel, due) in enumerate((("sms", NOW), ("sms", NOW), ("mail", None)))
    ]
    office.put(notify.notices, *rows)
    office.read(NoticeGauges(office.registry))
    assert office.says("whistle_notices_waiting", channel="sms") == 2
    assert office.says("whistle_notices_waiting", channel="mail") is None


def _posting(transfer: str, state: str, member: str, amount: int, settles: str | None = None, back: bool = False) -> Any:
    sides = {".issued": "credit" if back else "debit", member: "debit" if back else "credit"}
    about = {
        "transfer": transfer,
        "amount": amount,
        "state": state,
        "cause": "x",
        "settles": settles,
        "event_id": "e",
        "time": NOW,
    }
    return [{**about, "account": account, "side": side} for account, side in sides.items()]


def test_the_ledgers_log_and_points(url: str) -> None:
    office = Office("ledger", url)
    metrics = LedgerMetrics(office.registry)
    office.read(metrics)
    assert [office.says(name) for name in ("whistle_ledger_entries", "whistle_ledger_forks")] == [0, 0]
    office.put(
        ledger.postings,
        *_posting("opening:a", "posted", "a", 10),
        *_posting("hold:1", "held", "a", 2),
        *_posting("hold:2", "held", "b", 2),
        *_posting("post:1", "posted", "a", 2, settles="hold:1"),
        *_posting("correction:1", "posted", "a", 3, back=True),
    )
    gap = {"source": "/tickets", "subject": "T-1", "missing_to": 9, "noted_at": NOW}
    office.put(ledger.gaps, {**gap, "missing_from": 2, "state": "found"}, {**gap, "missing_from": 7, "state": "filled"})
    office.put(ledger.forks, {"source": "/tickets", "subject": "T-1", "sequence": 1, "noted_at": NOW})
    office.read(metrics)
    with office.store.transaction() as connection:
        members = [one for account, one in balances(ledger.postings_of(connection)).items() if account != ".issued"]
    assert office.says("whistle_points", state="posted") == sum(one.posted for one in members) == 9
    assert office.says("whistle_points", state="held") == sum(one.held for one in members) == 2
    assert office.says("whistle_ledger_gaps", state="found") == 1
    assert office.says("whistle_ledger_gaps", state="noted") == 0
    assert office.says("whistle_ledger_forks") == 1


def test_how_late_the_latest_timer_is(url: str) -> None:
    office = Office("dispatch", url)
    metrics = ChassisMetrics(office.registry, Health())
    clock: Any = SimpleNamespace(now=lambda: NOW)
    read_gauges(office.store, clock, metrics)
    assert office.says("whistle_timers_oldest_overdue_seconds") == 0
    timer = {"subject": "T-1", "name": "sign", "generation": 1}
    due = [NOW + timedelta(seconds=seconds) for seconds in (-70, -3, 3)]
    office.put(office.tables.timers, *({**timer, "due_at": at} for at in due))
    read_gauges(office.store, clock, metrics)
    assert office.says("whistle_timers_oldest_overdue_seconds") == 70
    assert office.says("whistle_timers_overdue") == 2


def _letter(id_: str, payload: type[EventPayload], **data: Any) -> Letter:
    said = some(payload, **data)
    return Letter(id_, said.exchange(), said.type, Message({}, JSON, json.dumps(said.to_wire()).encode()), False)


def test_what_was_said_is_counted_once_the_bus_has_it() -> None:
    registry = CollectorRegistry()
    metrics = CaseMetrics(registry)
    tallies: dict[str, PublishedCounter[Any]] = {
        events.CaseEscalated.type: PublishedCounter(events.CaseEscalated, metrics.escalated),
        events.DeadlineBreached.type: PublishedCounter(events.DeadlineBreached, metrics.breached),
        events.MediationPerformanceAsked.type: PublishedCounter(events.MediationPerformanceAsked, metrics.performance_asked),
    }
    letters = [
        _letter("1", events.CaseEscalated, cause="breached"),
        _letter("2", events.CaseEscalated, cause="breached"),
        _letter("3", events.DeadlineBreached, clock="sign"),
        _letter("4", events.CasePaused),
        *(_letter(f"asked {number}", events.MediationPerformanceAsked, number=number) for number in range(1, 6)),
    ]
    ObservedPublisher(Refusing("2"), tallies).publish(letters)
    assert registry.get_sample_value("whistle_case_escalations_total", {"cause": "breached"}) == 1
    assert registry.get_sample_value("whistle_case_escalations_total", {"cause": "returned"}) == 0
    assert registry.get_sample_value("whistle_deadline_breaches_total", {"clock": "sign"}) == 1
    assert registry.get_sample_value("whistle_performances_overdue_total") == 1, "on its day, and not at each later mark"
