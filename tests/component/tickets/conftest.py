"""One town for all that is asked of tickets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.tickets.town import Town
from tests.kit.broker_actors import BrokerActors
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import stack as deployed


@pytest.fixture(scope="package")
def running(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Town]:
    with deployed(postgres_server, rabbit_server) as stack:
        stack.start()
        wait_until(lambda: stack.rows("tickets", "SELECT count(*) FROM areas")[0][0] >= 7, "areas at tickets")
        wait_until(lambda: stack.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        street = BrokerActors(stack)
        street.start()
        try:
            yield Town(stack, street)
        finally:
            street.stop()


@pytest.fixture
def town(running: Town) -> Town:
    """The street works and answers, unless a test says otherwise."""
    running.street.at_work = running.street.answers = True
    return running
