"""One replay of the whole night for all tests that look at it: some seconds."""

import pytest

from tests.unit.demo.chain import Chain


@pytest.fixture(scope="session")
def replayed() -> Chain:
    """All 1,000 requests through the domains of tickets and dispatch, with the street as it is shipped."""
    return Chain().run()
