"""Who may listen to what. Each of these is a promise about private data or about the chain having no loops."""

import pytest

from contracts.payload import all_payloads, payload_for
from contracts.topology import EXCHANGES, PRODUCERS, SERVICES, SUBSCRIPTIONS, queues, source_of

EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)

# Published for whoever watches the ledger from outside; the four services have no use for it.
FOR_OUTSIDERS = {
    "checkpoint.signed.v1",
    "gap.found.v1",
    "gap.filled.v1",
    "fork.found.v1",
    "points.held.v1",
    "points.posted.v1",
    "points.voided.v1",
    "points.corrected.v1",
}


def bound_exchanges(service: str) -> set[str]:
    return {schema.exchange() for schema in SUBSCRIPTIONS[service]}


def test_every_service_has_subscriptions() -> None:
    assert set(SUBSCRIPTIONS) == set(SERVICES)


@EVERY_SERVICE
def test_no_service_listens_to_itself(service: str) -> None:
    assert service not in {schema.producer for schema in SUBSCRIPTIONS[service]}


@EVERY_SERVICE
def test_every_subscribed_type_exists(service: str) -> None:
    assert all(payload_for(schema.type) is schema for schema in SUBSCRIPTIONS[service])
    assert bound_exchanges(service) <= set(EXCHANGES)


@EVERY_SERVICE
def test_no_type_is_subscribed_twice(service: str) -> None:
    types = [schema.type for schema in SUBSCRIPTIONS[service]]
    assert len(set(types)) == len(types)


def test_the_ledger_binds_nothing_private() -> None:
    assert not any(schema.private or schema.producer == "intake" for schema in SUBSCRIPTIONS["ledger"])


def test_the_ledger_records_everything_public_of_the_others() -> None:
    public = {s.type for s in all_payloads() if not s.private and s.producer not in ("intake", "ledger")}
    assert {schema.type for schema in SUBSCRIPTIONS["ledger"]} == public


def test_notify_alone_binds_what_is_private() -> None:
    assert [s for s in SERVICES if any(name.endswith(".private") for name in bound_exchanges(s))] == ["notify"]
    assert [s for s in SERVICES if any(schema.private for schema in SUBSCRIPTIONS[s])] == ["notify"]


def test_tickets_and_dispatch_alone_bind_intake() -> None:
    assert {s for s in SERVICES if "intake.events" in bound_exchanges(s)} == {"tickets", "dispatch"}


def test_private_fields_never_travel_in_public() -> None:
    private = {name for s in all_payloads() if s.private for name in s.schema().fields}
    public = {(s.type, n) for s in all_payloads() if not s.private and s.producer != "intake" for n in s.schema().fields}
    assert not {(type_, name) for type_, name in public if name in private - {"locale"}}


def test_every_event_is_heard() -> None:
    """Publishing is mandatory: the broker returns what no queue is bound for."""
    heard = {schema.type for subscribed in SUBSCRIPTIONS.values() for schema in subscribed}
    assert {schema.type for schema in all_payloads()} - heard <= FOR_OUTSIDERS


def test_every_producer_is_known() -> None:
    assert {schema.producer for schema in all_payloads()} <= set(PRODUCERS)


@EVERY_SERVICE
def test_the_queues_hold_what_is_subscribed_each_from_one_exchange(service: str) -> None:
    by_source = queues(service)
    assert sorted(s.type for bound in by_source.values() for s in bound) == sorted(s.type for s in SUBSCRIPTIONS[service])
    assert all({source_of(schema) for schema in bound} == {source} for source, bound in by_source.items())
    assert all(len({schema.exchange() for schema in bound}) == 1 for bound in by_source.values())
