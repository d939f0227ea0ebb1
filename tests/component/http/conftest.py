"""One deployment of each kind for all that is asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.deployment import Deployment
from tests.kit.embedded import embedded_stack
from tests.kit.processes import wait_until
from tests.kit.stack import stack as over_servers


@pytest.fixture(scope="package", params=["servers", "embedded"])
def stack(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """The four services at work: four processes over the servers, or one over four files."""
    if request.param == "embedded":
        making = embedded_stack()
    else:
        making = over_servers(request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbit_server"))
    with making as running:
        running.start()
        # what may be whistled about travels from dispatch to tickets
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM areas")[0][0] == 7, "areas at tickets")
        wait_until(lambda: running.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        yield running
