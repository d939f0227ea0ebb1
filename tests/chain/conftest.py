"""One deployment for all stories: each has a ticket of its own."""

from collections.abc import Iterator

import pytest

from tests.kit.chain import Chain
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import stack


@pytest.fixture(scope="module")
def chain(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Chain]:
    """The four services at work, and somebody who hears everything."""
    with stack(postgres_server, rabbit_server) as deployed:
        deployed.start()
        told = Chain(deployed)
        yield told
        told.close()
