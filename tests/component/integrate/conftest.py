"""One deployment for all who come from outside, and a place with the files of docs/integrate.md to come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.external_developer import ExternalDeveloper
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack, stack


@pytest.fixture(scope="package")
def deployed(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Stack]:
    """Tickets at work, and dispatch, which tells it what may be whistled about."""
    with stack(postgres_server, rabbit_server) as made:
        made.start("dispatch", "tickets")
        wait_until(lambda: made.rows("tickets", "SELECT count(*) FROM areas")[0][0] == 7, "areas at tickets")
        wait_until(lambda: made.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        yield made


@pytest.fixture(scope="package")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> ExternalDeveloper:
    """A directory somewhere else."""
    return ExternalDeveloper(Path(tmp_path_factory.mktemp("elsewhere")))
