"""One deployment for all tests of this directory, brought up once and taken down at the end, with a look at what is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compose.deployed import Compose, left_of, require_engine
from tests.compose.people import People


@pytest.fixture(scope="session")
def deployed() -> Iterator[Compose]:
    """All of docker-compose.yml, healthy, with the demonstration's directory loaded."""
    require_engine()
    made = Compose()
    try:
        made.up("--build")
        made.have_somebody_on_duty()
        made.whistle("dispatch", "directory", "load", "/etc/whistle/demo/directory.yaml")
        yield made
    finally:
        made.remove()
        assert left_of(made.project) == []


@pytest.fixture(scope="session")
def people(deployed: Compose) -> Iterator[People]:
    """The people around it."""
    made = People(deployed)
    made.start()
    yield made
    made.go_home()
