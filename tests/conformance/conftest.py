"""Both buses and both stores: every test of a `world` runs over each pair of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conformance.world import Embedded, OverAmqp, Stores, Way, World
from tests.kit.servers import PostgresServer


@pytest.fixture(scope="session")
def on_postgres_server(postgres_server: PostgresServer) -> Iterator[Stores]:
    """Databases on the real server."""
    made: list[str] = []

    def create(name: str) -> str:
        made.append(f"conformance_{name}_{uuid4().hex[:8]}")
        return postgres_server.create_database(made[-1])

    yield Stores(create)
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def in_sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """A file each."""
    directory: Path = tmp_path_factory.mktemp("conformance")
    return Stores(lambda name: f"sqlite:///{directory}/{name}.db")


@pytest.fixture(params=["amqp", "embedded"])
def way(request: pytest.FixtureRequest) -> Way:
    """A bus without a queue."""
    return OverAmqp(request.getfixturevalue("broker")) if request.param == "amqp" else Embedded()


@pytest.fixture(params=["on_postgres_server", "in_sqlite_files"], ids=["postgres", "sqlite"])
def world(request: pytest.FixtureRequest, way: Way) -> Iterator[World]:
    """A bus and stores of one kind each."""
    made = World(way, request.getfixturevalue(request.param))
    yield made
    made.close()
