"""The four services by name, as the command line needs them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contracts.topology import SERVICES, SUBSCRIPTIONS, queues

if TYPE_CHECKING:
    from chassis.service_definition import ServiceDefinition

CLASSES = {
    "tickets": "TicketsService",
    "dispatch": "DispatchService",
    "notify": "NotifyService",
    "ledger": "LedgerService",
}
LISTENED = frozenset(schema.type for schemas in SUBSCRIPTIONS.values() for schema in schemas)


def service_class(name: str) -> Any:
    """Return the nameko class."""
    return getattr(import_module(f"services.{name}.service"), CLASSES[name])


def definition(name: str) -> "ServiceDefinition":
    """Return the service's definition for the chassis."""
    defined: ServiceDefinition = import_module(f"services.{name}.store").DEFINITION
    return defined


def bound_queues() -> dict[str, dict[str, list[str]]]:
    """Return every queue with its bindings: {queue: {exchange: [routing keys]}}."""
    bound: dict[str, dict[str, list[str]]] = {}
    for service in SERVICES:
        for source, schemas in queues(service).items():
            keys = bound.setdefault(f"{service}.{source}", {})
            for schema in schemas:
                keys.setdefault(schema.exchange(), []).append(schema.type)
    return bound


def hosted(name: str) -> Any:
    """Return the service as a process runs it, by its settings. Raises BadSettings."""
    from chassis.configuration.settings import read
    from chassis.launch import Hosted  # patches the standard library: only where a service runs

    return Hosted(service_class(name), definition(name), read(name))
