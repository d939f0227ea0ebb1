"""Ledgers of their own for the tests of the ledger alone: an empty one, and one that published checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete

from chassis.persistence import Store
from chassis.persistence.migrate import upgrade
from services.ledger.store import DEFINITION
from tests.component.forged_log import Town, emptied
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


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def ledger_of_either_kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A ledger's store on either kind of database. A test rolls back what it writes."""
    if request.param == "postgres":
        url = request.getfixturevalue("ledger_url")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db"
        upgrade("services.ledger", url)
    store = Store(url, DEFINITION.tables, DEFINITION.mappers)
    yield store
    store.close()


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def forged_url(request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: Any) -> Iterator[str]:
    """A ledger's database of either kind, as its migrations make it."""
    name = f"forged_{uuid4().hex[:8]}"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('forged')}/ledger.db"
        upgrade("services.ledger", url)
        yield url
        return
    url = postgres_server.create_database(name)
    upgrade("services.ledger", url)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture
def town(forged_url: str, tmp_path: Path) -> Iterator[Town]:
    """A ledger that published its checkpoints."""
    store = Store(forged_url, DEFINITION.tables, DEFINITION.mappers)
    emptied(store)
    yield Town(forged_url, store, tmp_path / "published")
    store.close()
