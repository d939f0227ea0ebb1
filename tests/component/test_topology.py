"""What `whistle topology` declares, and what each service's account may do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import amqp
import pytest
from click.testing import CliRunner

from chassis.messaging.amqp.topology import DELIVERY_LIMIT
from cli.main import main
from contracts.topology import EXCHANGES, SERVICES, queues
from tests.component.broker import Broker
from tests.kit.servers import RabbitServer
from tests.kit.stack import LISTENER, Stack

QUEUES = sorted(f"{service}.{source}" for service in SERVICES for source in queues(service))


def declare(broker: Broker) -> None:
    done = CliRunner().invoke(main, ["topology", "--url", broker.url])
    assert (done.exit_code, done.output) == (0, f"{len(EXCHANGES)} exchanges, {len(QUEUES)} queues\n")


@pytest.fixture(scope="module")
def declared(rabbit_server: RabbitServer) -> Iterator[Broker]:
    """A virtual host with the whole topology, declared twice."""
    name = f"topology_{uuid4().hex[:8]}"
    rabbit_server.add_vhost(name)
    broker = Broker(rabbit_server, name)
    declare(broker)
    before = definitions(broker)
    declare(broker)
    assert definitions(broker) == before
    yield broker
    rabbit_server.delete_vhost(name)


def definitions(broker: Broker) -> dict[str, list[Any]]:
    """Everything that is declared, as the broker has it."""
    all_: dict[str, Any] = broker.server.api("GET", f"definitions/{broker.vhost}")
    return {kind: sorted(all_[kind], key=str) for kind in ("exchanges", "queues", "bindings")}


def test_exchanges_are_durable_topics(declared: Broker) -> None:
    there = {one["name"]: (one["type"], one["durable"], one["auto_delete"]) for one in definitions(declared)["exchanges"]}
    assert there == dict.fromkeys(EXCHANGES, ("topic", True, False))


def test_queues_are_quorum_queues_with_a_high_delivery_limit_and_a_safety_net(declared: Broker) -> None:
    there = {one["name"]: one for one in definitions(declared)["queues"]}
    assert sorted(there) == sorted([*QUEUES, *(f"{name}.dead" for name in QUEUES)])
    assert all(one["durable"] and not one["auto_delete"] for one in there.values())
    assert DELIVERY_LIMIT == 1000
    for name in QUEUES:
        assert there[name]["arguments"] == {
            "x-queue-type": "quorum",
            "x-delivery-limit": 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{name}.dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        assert there[f"{name}.dead"]["arguments"] == {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def test_bindings_are_exactly_those_of_the_contracts(declared: Broker) -> None:
    there = sorted((one["source"], one["routing_key"], one["destination"]) for one in definitions(declared)["bindings"])
    wanted = sorted(
        (schema.exchange(), schema.type, f"{service}.{source}")
        for service in SERVICES
        for source, schemas in queues(service).items()
        for schema in schemas
    )
    assert there == wanted


def test_a_broker_that_is_not_there_is_said_in_a_sentence() -> None:
    done = CliRunner().invoke(main, ["topology", "--url", "amqp://guest:hidden@127.0.0.1:1//"])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert done.output.startswith("Error: ")
    assert "hidden" not in done.output


# --- accounts, with the permissions that every stack of the tests has


@pytest.fixture(scope="module")
def accounts(declared: Broker) -> Iterator[Stack]:
    """A stack's broker accounts over the topology; nothing else of it is made."""
    stack = Stack(None, declared.server)  # type: ignore[arg-type]
    stack._accounts()
    with_admin = Broker(declared.server, stack.name)
    declare(with_admin)
    yield stack
    declared.server.delete_vhost(stack.name)
    for account in stack.passwords:
        declared.server.delete_user(stack.user(account))


def allowed(stack: Stack, account: str, act: Any) -> bool:
    """Whether the broker lets an account do something on a new channel."""
    server = stack.rabbit
    connection = amqp.Connection(
        f"{server.host}:{server.port}", stack.user(account), stack.passwords[account], virtual_host=stack.name
    )
    connection.connect()
    try:
        channel = connection.channel()
        channel.confirm_select()
        act(channel)
        return True
    except amqp.AccessRefused:
        return False
    finally:
        connection.close()


def may_write(stack: Stack, account: str, exchange: str) -> bool:
    def publish(channel: Any) -> None:
        channel.basic_publish_confirm(amqp.Message(b"{}"), exchange, "nobody.listens", timeout=10)

    return allowed(stack, account, publish)


def may_read(stack: Stack, account: str, queue: str) -> bool:
    return allowed(stack, account, lambda channel: channel.basic_get(queue))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_its_own_exchanges_and_no_others(service: str, accounts: Stack) -> None:
    written = {exchange for exchange in EXCHANGES if may_write(accounts, service, exchange)}
    assert written == {exchange for exchange in EXCHANGES if exchange.startswith(f"{service}.")}
    assert not may_write(accounts, service, "")  # past every exchange, straight into a queue


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_own_queues_and_no_others(service: str, accounts: Stack) -> None:
    read = {queue for queue in QUEUES if may_read(accounts, service, queue)}
    assert read == {queue for queue in QUEUES if queue.startswith(f"{service}.")}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_declare_and_bind_nothing(service: str, accounts: Stack) -> None:
    own = f"{service}.{next(iter(queues(service)))}"
    foreign = next(exchange for exchange in EXCHANGES if exchange.endswith(".private"))
    assert not allowed(accounts, service, lambda channel: channel.queue_declare(f"{service}.mine", durable=True))
    assert not allowed(accounts, service, lambda channel: channel.queue_bind(own, foreign, "#"))
    assert not allowed(accounts, service, lambda channel: channel.queue_delete(own))


@pytest.mark.parametrize("account", ["hotline", "responders", "grid", "desk"])
def test_an_account_outside_writes_intake_alone_and_reads_nothing(account: str, accounts: Stack) -> None:
    assert {exchange for exchange in EXCHANGES if may_write(accounts, account, exchange)} == {"intake.events"}
    assert not any(may_read(accounts, account, queue) for queue in QUEUES)


def test_a_listener_hears_what_is_public_in_queues_of_its_own(accounts: Stack) -> None:
    def hears(exchange: str, queue: str = f"evt-any--{LISTENER}.take") -> bool:
        def bind(channel: Any) -> None:
            channel.queue_declare(queue, durable=True, auto_delete=False)
            channel.queue_bind(queue, exchange, "#")

        return allowed(accounts, LISTENER, bind)

    assert {exchange for exchange in EXCHANGES if hears(exchange)} == {f"{service}.events" for service in SERVICES}
    assert not hears("tickets.events", "evt-any--another.take")
    assert not hears("tickets.events", QUEUES[0])
    assert not any(may_write(accounts, LISTENER, exchange) for exchange in (*EXCHANGES, ""))
    assert not any(may_read(accounts, LISTENER, queue) for queue in QUEUES)


def test_nobody_publishes_under_another_name(accounts: Stack) -> None:
    """Consumers rely on the user that the broker vouches for."""
    message = amqp.Message(b"{}", user_id=accounts.user("responders"))
    with pytest.raises(amqp.PreconditionFailed):
        allowed(accounts, "hotline", lambda channel: channel.basic_publish_confirm(message, "intake.events", "x", timeout=10))
