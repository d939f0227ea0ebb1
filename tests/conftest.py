"""Fixtures for all tests: the real servers, and a database and a virtual host for the counting service."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

# before anything imports them: an assertion of a helper says the values that it compared
pytest.register_assert_rewrite("tests.kit", "tests.faults", "tests.chain", "tests.component", "tests.conformance", "tests.unit")

from hypothesis import HealthCheck, settings
from sqlalchemy import delete

from chassis.messaging.amqp import connect
from chassis.messaging.amqp.topology import declare
from contracts.topology import EXCHANGES
from tests.component.broker import Broker
from tests.component.counting import Counting, metadata, new_store
from tests.kit import shared_servers
from tests.kit.servers import PostgresServer, RabbitServer, Servers, both, postgres, rabbitmq

# how long an example takes says something about the machine; what takes how long is measured by the benchmarks
settings.register_profile("whistle", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("whistle")
# It patches the standard library for eventlet, and a pytest-xdist worker whose locks are green waits for ever: a test that
# needs it runs a process of its own.
sys.modules["chassis.launch"] = None  # type: ignore[assignment]
_SHARED = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Where several processes share the tests, offer them one pair of servers, which starts when a test needs it."""
    shared = config.stash[_SHARED] = ExitStack()
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        shared.enter_context(shared_servers.offered())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started for all."""
    config.stash[_SHARED].close()


TOGETHER = ("tests/browser/", "tests/chain/", "tests/component/http/", "tests/component/integrate/", "tests/component/tickets/")
"""Directories whose modules share one deployment: one process of a run takes all of each."""
KILLABLE = {"killable_postgres", "killable_rabbit"}
"""Servers of one process's own, which take long to start: what kills and freezes them shares one pair."""


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in its own hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What belongs together stays in one process: a module, a directory that shares a deployment, who kills a server."""
    killing = {_module(item) for item in items if KILLABLE & set(getattr(item, "fixturenames", ()))}
    for item in items:
        module = _module(item)
        group = next((directory for directory in TOGETHER if module.startswith(directory)), module)
        item.add_marker(pytest.mark.xdist_group("killing" if module in killing else group))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run if pytest-xdist ignores the groups: everything would be set up in every process. Its issue 1386."""
    grouping = hasattr(session.config, "workerinput") and session.config.getvalue("loadgroup")
    if grouping and session.items and "@" not in session.items[0].nodeid:
        raise pytest.UsageError("this pytest-xdist ignores the groups of tests: install requirements/dev.txt")


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A PostgreSQL and a RabbitMQ: those of this run or named in the environment, else private ones, started in parallel."""
    os.environ.update(shared_servers.asked_for())
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


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The counting service's database on the real server."""
    name = f"counting_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The counting service's database as the embedded default has it."""
    return f"sqlite:///{tmp_path_factory.mktemp('counting')}/counting.db"


@pytest.fixture(scope="session", params=["postgres", "sqlite"])
def counting_url(request: pytest.FixtureRequest) -> str:
    """The counting service's database, with its tables: every promise of the chassis holds on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    store = new_store(url)
    metadata.create_all(store.engine)
    store.close()
    return url


@pytest.fixture
def counting(counting_url: str) -> Iterator[Counting]:
    """The counting service over empty tables."""
    store = new_store(counting_url)
    with store.transaction() as connection:
        for table in metadata.sorted_tables:
            connection.execute(delete(table))
    yield Counting(store)
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
        declare(connection, EXCHANGES, {})
    yield made
    rabbit_server.delete_vhost(name)
