"""What the services declare to take is what the topology binds."""

from importlib import import_module
from typing import Any

import pytest

from chassis.nameko import On
from cli.services import CLASSES, LISTENED
from contracts.topology import SERVICES, SUBSCRIPTIONS


def declared(service: str) -> list[str]:
    """The event types of every `@on` in a service's class."""
    cls: Any = getattr(import_module(f"services.{service}.service"), CLASSES[service])
    methods = [getattr(cls, name) for name in dir(cls)]
    entrypoints = {id(e): e for method in methods for e in getattr(method, "nameko_entrypoints", ())}
    return sorted(e.payload.type for e in entrypoints.values() if isinstance(e, On))


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_takes_is_what_its_queues_are_bound_for(service: str) -> None:
    assert declared(service) == sorted(schema.type for schema in SUBSCRIPTIONS[service])


def test_what_somebody_takes_is_what_the_relay_minds() -> None:
    assert sorted(LISTENED) == sorted({type_ for service in SERVICES for type_ in declared(service)})
