"""The relay: what the outbox holds is published, in order, by one leader, through every outage."""

from __future__ import annotations

import socket
from typing import Any
from uuid import uuid4

import pytest
from amqp.exceptions import AMQPError

from chassis.effects import DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.messaging.amqp import AmqpPublisher, connect
from chassis.messaging.amqp.topology import declare
from chassis.messaging.bus import ALL_CONFIRMED, BusUnavailable, Letter
from chassis.unit_of_work import UnitOfWork
from contracts.events.dispatch import CaseResumed, CaseWithdrawn
from contracts.topology import EXCHANGES
from tests.component.broker import Broker
from tests.component.counting import SOURCE, START, Counting, metadata, new_store, on_postgres, report, states
from tests.component.relaying import EXCHANGE, KEY, all_published, running, sequences
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer


@pytest.fixture
def publisher(broker: Broker) -> AmqpPublisher:
    """A publisher as services have it."""
    return AmqpPublisher(broker.url, "tests.relay")


def test_a_message_is_persistent_and_carries_only_what_was_said(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    queue = broker.queue(EXCHANGE, [KEY])
    counting.say("a")
    with running(counting.store.url, publisher):
        (message,) = broker.taken(queue, 1)
    (row,) = counting.outbox
    properties = {name: value for name, value in message.properties.items() if name != "application_headers"}
    assert properties == {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": 2,
        "message_id": row["event_id"],
        "user_id": broker.server.user,
    }
    assert message.headers == row["headers"] | {"x-delivery-count": 0}
    assert bytes(message.body.encode()) == row["body"]


@on_postgres
def test_a_transaction_that_commits_late_is_not_skipped(counting: Counting, broker: Broker, publisher: AmqpPublisher) -> None:
    queue = broker.queue(EXCHANGE, [KEY])
    with running(counting.store.url, publisher):
        with counting.store.transaction() as connection:
            unit = UnitOfWork(counting.store, connection, SOURCE)
            said = DomainEvent(CaseResumed(level="counting", generation=1), "late")
            HandlerContext(unit, START, "story").apply(Effects(said))
            unit.flush()
            counting.say("early")
            assert sequences(broker.taken(queue, 1)) == [("early", 1)]
        assert sequences(broker.taken(queue, 1)) == [("late", 1)]
    assert [row["subject"] for row in counting.outbox] == ["late", "early"]


def test_what_a_queue_nacks_is_published_again_until_it_is_confirmed(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    """A full queue nacks as one without a leader does; nothing is parked, and what is for other queues goes on."""
    full = {"x-queue-type": "classic", "x-max-length": 3, "x-overflow": "reject-publish"}
    queue = broker.queue(EXCHANGE, [KEY], full)
    for number in range(5):
        counting.say("a", number)
    other = broker.queue(CaseWithdrawn.exchange(), [CaseWithdrawn.type])
    with running(counting.store.url, publisher, batch=2) as relay:
        wait_until(lambda: relay.watch.nacked > 4, "they are nacked again and again, and counted", 20)
        assert states(counting.outbox) == ["published"] * 3 + ["pending"] * 2
        assert relay.state == "the broker nacked 2 events, which are published again"
        counting.commit(DomainEvent(CaseWithdrawn(cause="cancelled"), "w"))
        assert len(broker.taken(other, 1)) == 1, "the two that are nacked fill the batch, and hold up nobody"
        got = {number for _, number in sequences(broker.taken(queue, 3))}
        wait_until(lambda: set(states(counting.outbox)) == {"published"}, "there is room, and they are confirmed", 20)
        got |= {number for _, number in sequences(broker.taken(queue, 0))}
        assert got == {1, 2, 3, 4, 5}
        wait_until(lambda: relay.state is None, "it is well again", 10)
    assert relay.watch.parked == 0


def test_what_no_queue_is_bound_for_is_parked_and_the_rest_goes_on(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    counting.say("a")
    with running(counting.store.url, publisher) as relay:
        wait_until(lambda: states(counting.outbox) == ["parked"], "it is parked", 10)
        queue = broker.queue(EXCHANGE, [KEY])
        counting.say("b")
        assert sequences(broker.taken(queue, 1)) == [("b", 1)]
    assert [row["reason"] for row in counting.outbox] == ["no queue is bound for it", None]
    assert (relay.watch.parked, relay.watch.nacked) == (1, 0)


def test_a_broker_that_dies_in_the_middle_loses_nothing(killable_rabbit: RabbitServer, postgres_server: PostgresServer) -> None:
    name = f"killed_{uuid4().hex[:8]}"
    killable_rabbit.add_vhost(name)
    broker = Broker(killable_rabbit, name)
    one = Counting(new_store(postgres_server.create_database(name)))
    metadata.create_all(one.store.engine)

    def world() -> str:
        with connect(broker.url, "tests") as connection:
            declare(connection, EXCHANGES, {})
            with connection.channel() as channel:
                channel.queue_declare("kept", durable=True, auto_delete=False)
                channel.queue_bind("kept", EXCHANGE, KEY)
        return "kept"

    class Dying(AmqpPublisher):
        sent = 0

        def _send(self, letter: Letter) -> None:
            super()._send(letter)
            self.sent += 1
            if self.sent == 13:
                killable_rabbit.kill()

    world()
    for number in range(20):
        one.say("a", number)
    try:
        with running(one.store.url, Dying(broker.url, "tests.relay"), batch=10) as relay:
            wait_until(lambda: bool(relay.troubles), "the relay notices", 20)
            wait_until(lambda: not killable_rabbit._own_machine().alive, "the broker is dead", 20)
            assert states(one.outbox) == ["published"] * 10 + ["pending"] * 10
            one.say("a", 20)
            killable_rabbit.restart()
            queue = world()
            wait_until(lambda: all_published(one), "every row is published", 30)
            assert relay.state is None
            got = [number for _, number in sequences(broker.taken(queue, 11))]
        assert "while publishing" in relay.troubles[0]
        # the confirmed ones survived the broker; those that it may or may not have taken are there at least once
        assert sorted(set(got)) == list(range(1, 22))
        assert [row["reason"] for row in one.outbox] == [None] * 21
    finally:
        if not killable_rabbit.ready():
            killable_rabbit.restart()
        killable_rabbit.delete_vhost(name)
        one.store.close()
        postgres_server.drop_database(name)


def test_a_broker_that_freezes_is_an_outage_and_letting_go_of_it_takes_no_answer(killable_rabbit: RabbitServer) -> None:
    publisher = AmqpPublisher(killable_rabbit.url(), "tests.relay", confirm_timeout=1)
    letter = Letter("1", "amq.topic", "x", _message(), mandatory=False)
    assert publisher.publish([letter]) == ALL_CONFIRMED
    killable_rabbit.freeze()
    try:
        with pytest.raises(BusUnavailable, match="while publishing"):
            publisher.publish([letter])
    finally:
        killable_rabbit.thaw()
    assert publisher.publish([letter]) == ALL_CONFIRMED
    publisher.close()


def test_an_idle_publisher_keeps_its_connection(broker: Broker) -> None:
    """The broker ends a connection that is silent for twice its heartbeat, as one beside shows."""
    kept, letter = AmqpPublisher(broker.url, "tests.kept", heartbeat=1), Letter("1", EXCHANGE, "x", _message(), False)
    kept.publish([letter])
    connection = kept._connection
    with connect(broker.url, "tests.silent", heartbeat=1) as silent:

        def silent_is_cut_off() -> bool:
            kept.keep_alive()
            try:
                silent.drain_events(timeout=0.05)
            except TimeoutError:
                return False
            except (OSError, AMQPError):
                return True
            return False

        wait_until(silent_is_cut_off, "the broker ends the silent connection", 15)
    assert kept.publish([letter]) == ALL_CONFIRMED
    assert kept._connection is connection
    kept.close()


def test_a_publisher_that_lost_its_connection_while_idle_opens_another(broker: Broker) -> None:
    publisher, letter = AmqpPublisher(broker.url, "tests.cut"), Letter("1", EXCHANGE, "x", _message(), False)
    publisher.publish([letter])
    held: Any = publisher._connection
    held._connection.transport.sock.shutdown(socket.SHUT_RDWR)
    publisher.keep_alive()
    assert publisher.__dict__["_connection"] is None
    assert publisher.publish([letter]) == ALL_CONFIRMED
    publisher.close()


def _message() -> Any:
    return report("a", "1")
