"""What the services declare to take is what the topology binds."""

import pytest

from cli import subscriptions
from cli.services import LISTENED
from cli.subscriptions import declared
from contracts.topology import SERVICES, SUBSCRIPTIONS, SUBSCRIPTIONS_FILE


def test_the_file_of_subscriptions_is_fresh() -> None:
    """Else: run `make contracts` and commit what it writes."""
    assert (subscriptions.ROOT / SUBSCRIPTIONS_FILE).read_text("utf-8") == subscriptions.render()


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_takes_is_what_its_queues_are_bound_for(service: str) -> None:
    assert declared(service) == sorted(schema.type for schema in SUBSCRIPTIONS[service])


def test_what_somebody_takes_is_what_the_relay_minds() -> None:
    assert sorted(LISTENED) == sorted({type_ for service in SERVICES for type_ in declared(service)})
