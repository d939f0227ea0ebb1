"""The topology: the data from which exchanges, queues and bindings are declared.

Each producer has a durable topic exchange, and one for its private events. Each service has one quorum queue per source; its
name is ``<service>.<source>``, and the source is an exchange's name without ``.events`` (so ``notify.tickets.private``).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import contracts.events  # noqa: F401  publishes every contract
from contracts.payload import EventPayload, all_payloads, payload_for

SERVICES = ("tickets", "dispatch", "notify", "ledger")
PRODUCERS = ("intake", *SERVICES)
EXCHANGES = tuple(sorted({schema.exchange() for schema in all_payloads()} | {f"{name}.events" for name in PRODUCERS}))

_PUBLIC = [schema for schema in all_payloads() if not schema.private and schema.producer != "intake"]

SUBSCRIPTIONS_FILE = "subscriptions.json"
"""The file that `make contracts` writes from the services' handlers."""


def _subscribed(listed: Mapping[str, Sequence[str]]) -> dict[str, tuple[type[EventPayload], ...]]:
    named = {service: tuple(payload_for(type_) for type_ in types) for service, types in listed.items()}
    return {**named, "ledger": tuple(schema for schema in _PUBLIC if schema.producer != "ledger")}


SUBSCRIPTIONS = _subscribed(json.loads((Path(__file__).parent / SUBSCRIPTIONS_FILE).read_text("utf-8")))
"""The event types that each service handles. No service subscribes to itself; the ledger binds nothing private."""


def source_of(schema: type[EventPayload]) -> str:
    """Return a service's name for an exchange: ``tickets`` for `tickets.events`, ``tickets.private`` for `tickets.private`."""
    return schema.exchange().removesuffix(".events")


def queues(service: str) -> dict[str, tuple[type[EventPayload], ...]]:
    """Return the service's queues: for each source, the bound types."""
    grouped: dict[str, tuple[type[EventPayload], ...]] = {}
    for schema in SUBSCRIPTIONS[service]:
        grouped[source_of(schema)] = (*grouped.get(source_of(schema), ()), schema)
    return grouped
