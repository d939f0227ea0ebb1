"""A database and a virtual host for the counting service; emptied, not made, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.bus.amqp import connect
from chassis.bus.topology import declare
from chassis.store import Store
from chassis.store.migrate import upgrade
from contracts.topology import EXCHANGES
from services.ledger.store import DEFINITION
from tests.component.broker import Broker
from tests.component.counting import Counting, metadata, new_store
from tests.component.ledger_alone import LedgerAlone
from tests.kit.servers import PostgresServer, RabbitServer


@pytest.fixture(scope="session")
def counting_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The counting service's database."""
    name = f"counting_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name)
    store = new_store(url)
    metadata.create_all(store.engine)
    store.close()
    yield url
    postgres_server.drop_database(name)


@pytest.fixture
def counting(counting_url: str) -> Iterator[Counting]:
    """The counting service over empty tables."""
    store = new_store(counting_url)
    with store.transaction() as connection:
        connection.execute(text("TRUNCATE " + ", ".join(table.name for table in metadata.sorted_tables) + " RESTART IDENTITY"))
    yield Counting(store)
    store.close()


@pytest.fixture(scope="session")
def ledger_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A ledger's database, as its migrations make it."""
    name = f"ledger_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name)
    upgrade("services.ledger", url)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[LedgerAlone]:
    """A ledger over empty tables."""
    store = Store(ledger_url, DEFINITION.tables, DEFINITION.mappers)
    with store.transaction() as connection:
        for table in DEFINITION.tables.inbox.metadata.sorted_tables:
            connection.execute(table.delete())
    yield LedgerAlone(store)
    store.close()


@pytest.fixture
def broker(virtual_host: Broker) -> Iterator[Broker]:
    """A virtual host with the real exchanges; the queues that a test makes end with it."""
    yield virtual_host
    virtual_host.remove_queues()


@pytest.fixture(scope="session")
def virtual_host(rabbit_server: RabbitServer) -> Iterator[Broker]:
    """A virtual host with the real exchanges and no queue."""
    name = f"counting_{uuid4().hex[:8]}"
    rabbit_server.add_vhost(name)
    made = Broker(rabbit_server, name)
    with connect(made.url, "tests") as connection:
        declare(connection, dict.fromkeys(EXCHANGES, ""), {})
    yield made
    rabbit_server.delete_vhost(name)
