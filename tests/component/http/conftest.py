"""One deployment of each kind for all that is asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.deployment import Deployment
from tests.kit.embedded import embedded_stack
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import stack as over_servers


@pytest.fixture(params=["servers", "embedded"])
def stack(request: pytest.FixtureRequest) -> Deployment:
    """The four services at work: four processes over the servers, or one over four files."""
    running: Deployment = request.getfixturevalue(f"{request.param}_at_work")
    return running


# each lives as long as the package: a parameter of the package's would be made anew from file to file


@pytest.fixture(scope="package")
def servers_at_work(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Deployment]:
    """Four processes over PostgreSQL and RabbitMQ."""
    with over_servers(postgres_server, rabbit_server) as made:
        yield _at_work(made)


@pytest.fixture(scope="package")
def embedded_at_work() -> Iterator[Deployment]:
    """One process over four files."""
    with embedded_stack() as made:
        yield _at_work(made)


def _at_work(deployed: Deployment) -> Deployment:
    deployed.start()
    # what may be whistled about travels from dispatch to tickets
    wait_until(lambda: deployed.rows("tickets", "SELECT count(*) FROM areas")[0][0] == 7, "areas at tickets")
    wait_until(lambda: deployed.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
    return deployed
