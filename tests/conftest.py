"""Fixtures for all tests: the real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.servers import PostgresServer, RabbitServer, Servers, both, postgres, rabbitmq


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A PostgreSQL and a RabbitMQ (those named in the environment, else private ones), started in parallel."""
    with both() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_server(servers: Servers) -> PostgresServer:
    """The PostgreSQL of this run."""
    return servers.postgres


@pytest.fixture(scope="session")
def rabbit_server(servers: Servers) -> RabbitServer:
    """The RabbitMQ of this run."""
    return servers.rabbit


@pytest.fixture(scope="session")
def killable_postgres(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL that may be killed and frozen: the one of this run when it is private, else one more.

    A test that uses it leaves it running.
    """
    if postgres_server.private:
        yield postgres_server
    else:
        with postgres(private=True) as server:
            yield server


@pytest.fixture(scope="session")
def killable_rabbit(rabbit_server: RabbitServer) -> Iterator[RabbitServer]:
    """A RabbitMQ that may be killed and frozen: the one of this run when it is private, else one more.

    A test that uses it leaves it running.
    """
    if rabbit_server.private:
        yield rabbit_server
    else:
        with rabbitmq(private=True) as server:
            yield server
