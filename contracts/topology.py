"""Who listens to what: the data from which exchanges, queues and bindings are declared.

One durable topic exchange per producer, and one for its private events. One quorum queue per service and source; its
name is ``<service>.<source>``, where the source is an exchange's name without ``.events`` (so ``notify.tickets.private``).
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
"""Written by `make contracts` from the services' handlers."""


def _subscribed(listed: Mapping[str, Sequence[str]]) -> dict[str, tuple[type[EventPayload], ...]]:
    named = {service: tuple(payload_for(type_) for type_ in types) for service, types in listed.items()}
    return {**named, "ledger": tuple(schema for schema in _PUBLIC if schema.producer != "ledger")}


SUBSCRIPTIONS = _subscribed(json.loads((Path(__file__).parent / SUBSCRIPTIONS_FILE).read_text("utf-8")))
"""Every event type a service reacts to. No service listens to itself; the ledger binds nothing private."""


def source_of(schema: type[EventPayload]) -> str:
    """The name a service knows an exchange by: ``tickets`` for `tickets.events`, ``tickets.private`` for the other."""
    return schema.exchange().removesuffix(".events")


def queues(service: str) -> dict[str, tuple[type[EventPayload], ...]]:
    """The service's queues: for each source, the types that are bound."""
    grouped: dict[str, tuple[type[EventPayload], ...]] = {}
    for schema in SUBSCRIPTIONS[service]:
        grouped[source_of(schema)] = (*grouped.get(source_of(schema), ()), schema)
    return grouped
