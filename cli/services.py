"""The four services, by name: what the command line needs to know of each."""

from importlib import import_module
from typing import Any

from chassis.definition import Definition
from contracts.topology import SUBSCRIPTIONS

CLASSES = {
    "tickets": "TicketsService",
    "dispatch": "DispatchService",
    "notify": "NotifyService",
    "ledger": "LedgerService",
}
LISTENED = frozenset(schema.type for schemas in SUBSCRIPTIONS.values() for schema in schemas)


def service_class(name: str) -> Any:
    """The nameko class."""
    return getattr(import_module(f"services.{name}.service"), CLASSES[name])


def definition(name: str) -> Definition:
    """What it tells the chassis."""
    defined: Definition = import_module(f"services.{name}.store").DEFINITION
    return defined
