"""A ledger of its own, for what is tested of the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import delete

from chassis.persistence import Store
from chassis.persistence.migrate import upgrade
from services.ledger.store import DEFINITION
from tests.component.ledger_alone import LedgerAlone
from tests.kit.servers import PostgresServer


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
            connection.execute(delete(table))
    yield LedgerAlone(store)
    store.close()
