"""A property company gives the estate up: who counted on it is handed to the next one, and nobody names it any more."""

from collections.abc import Iterator

import pytest

from tests.chain.steps import PROPERTY, SECOND, close, handle
from tests.kit.chain import Chain
from tests.kit.deployment import ROOT

DIRECTORY = str(ROOT / "deploy/demo/directory.yaml")


@pytest.fixture
def leaving(chain: Chain) -> Iterator[Chain]:
    """The others' stories find everybody there again."""
    yield chain
    chain.stack.whistle("directory", "load", DIRECTORY)


def test_what_it_had_in_hand_goes_to_the_next_at_once(leaving: Chain) -> None:
    chain = leaving
    before = chain.whistle("parking")
    chain.expect(before, "assignment.made", to=PROPERTY, purpose="handle")
    chain.act(before, PROPERTY, "sign")
    chain.expect(before, "assignment.signed", by=PROPERTY)
    assert f"{PROPERTY}: retired" in chain.stack.whistle("directory", "retire", PROPERTY)
    chain.expect(PROPERTY, "responder.retired", role="property")
    chain.expect(before, "assignment.relieved", by=PROPERTY)
    handle(chain, before, SECOND)
    after = chain.whistle("parking")
    chain.expect(after, "assignment.made", to=SECOND, purpose="handle")
    chain.never(after, "assignment.made", to=PROPERTY)
    close(chain, before)
    handle(chain, after, SECOND)
