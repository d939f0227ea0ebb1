"""Fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.proof import Town, town
from tests.kit.servers import PostgresServer, RabbitServer


@pytest.fixture(scope="module")
def running(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Town]:
    """One running town for a module's tests: each leaves every whistle closed and every service running."""
    with town(postgres_server, rabbit_server) as made:
        yield made
