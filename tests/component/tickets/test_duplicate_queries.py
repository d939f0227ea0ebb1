"""The queries for the tickets to compare: they find all that the rule would find in the store, and few of one key alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, insert

from chassis.persistence import migrate
from chassis.persistence.engine import driver_url
from services.tickets import store
from services.tickets.domain import duplicates
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.coordinates import Point
from services.tickets.domain.ticket import Ticket
from tests.kit.servers import PostgresServer
from tests.unit.tickets.tickets import DAY, RULES, T0, ticket

(MAPPER,) = store.DEFINITION.mappers


@pytest.fixture(params=["postgresql", "sqlite"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection to a tickets database of its own, in a transaction."""
    if request.param == "sqlite":
        yield from _connected(f"sqlite:///{tmp_path}/tickets.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"alike_{uuid4().hex[:8]}"
    yield from _connected(server.create_database(name))
    server.drop_database(name)


def _connected(url: str) -> Iterator[Connection]:
    migrate.upgrade("services.tickets", url)
    engine = create_engine(driver_url(url))
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def keep(connection: Connection, tickets: list[Ticket]) -> None:
    """Write the rows as the unit of work does."""
    rows = [{"id": one.id, "document": MAPPER.document(one), **MAPPER.columns(one)} for one in tickets]
    connection.execute(insert(store.tickets), rows)


def some(number: int, random: Random) -> Ticket:
    """A ticket of few places, addresses, reporters and days, so that many are alike."""
    opened_at = T0 + timedelta(hours=random.randrange(72))
    one = ticket(
        id=f"T{number}",
        category=random.choice(["noise", "leak"]),
        opened_at=opened_at,
        occurred_at=random.choice([None, opened_at - timedelta(hours=random.randrange(48))]),
        place=random.choice([None, Point(34.3 + random.randrange(4) * 0.0003, 108.9)]),
        address_key=random.choice([None, "a", "b"]),
        reporter_key=random.choice([None, "r", "s"]),
    )
    one.state = random.choice([State.OPEN, State.HANDLING, State.CLOSED, State.MERGED])
    one.closed_at = opened_at + timedelta(hours=random.randrange(24)) if one.state is State.CLOSED else None
    return one


def test_it_finds_what_the_rule_would_find_among_everything(connection: Connection) -> None:
    random = Random("alike")
    everything = [some(number, random) for number in range(120)]
    keep(connection, everything)
    proposed = doubted = 0
    for one in everything:
        found = store.open_alike(connection, one, RULES.duplicates)
        pairs = duplicates.find_duplicates(one, found, RULES.duplicates)
        assert pairs == duplicates.find_duplicates(one, everything, RULES.duplicates)
        closed = store.closed_alike(connection, one, RULES.doubts)
        doubtful = duplicates.find_doubted_closure(one, closed, RULES.doubts)
        assert doubtful == duplicates.find_doubted_closure(
            one, [other for other in everything if other.id != one.id], RULES.doubts
        )
        proposed, doubted = proposed + bool(pairs), doubted + bool(doubtful)
    assert min(proposed, doubted) > 10


def test_of_a_reporter_without_end_a_few_are_compared_and_no_other_evidence_is_lost(connection: Connection) -> None:
    calls = [ticket(id=f"T{n:03}", opened_at=T0 + timedelta(minutes=n), reporter_key="r") for n in range(store.MAX_KEYED + 50)]
    late = T0 + timedelta(minutes=len(calls))
    neighbour = ticket(id="TN", opened_at=late, address_key="a")
    last = ticket(id="TX", opened_at=late + timedelta(minutes=1), reporter_key="r", address_key="a")
    keep(connection, [*calls, neighbour, last])
    found = store.open_alike(connection, last, RULES.duplicates)
    assert len(found) == store.MAX_KEYED + 1
    assert duplicates.find_duplicates(last, found, RULES.duplicates)[0].older == "TN"
    found = store.open_alike(connection, calls[-1], RULES.duplicates)
    assert duplicates.find_duplicates(calls[-1], found, RULES.duplicates)[0].older == "T000"


def test_old_tickets_are_like_none_by_a_key(connection: Connection) -> None:
    old, new = ticket(id="T1"), ticket(id="T2", opened_at=T0 + DAY / 2, address_key="a", reporter_key="r")
    keep(connection, [old, new])
    assert store.open_alike(connection, new, RULES.duplicates) == store.open_alike(connection, old, RULES.duplicates) == []
