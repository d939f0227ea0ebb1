"""The relay: what the outbox holds is published, in order, by one leader, through every outage."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from amqp.exceptions import AMQPError
from sqlalchemy import text

from chassis.bus import BusUnavailable, Letter, Publisher
from chassis.bus.amqp import AmqpPublisher, connect
from chassis.bus.amqp.topology import declare
from chassis.outcome import Happened, Outcome
from chassis.relay import Relay
from chassis.store import Store
from chassis.store.leader import LEADER_LOCK
from chassis.work import UnitOfWork, Work
from contracts.events.dispatch import CaseResumed
from contracts.topology import EXCHANGES
from tests.component.broker import Broker
from tests.component.counting import SOURCE, START, Counting, Watched, metadata, new_store, on_postgres, states
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer

EXCHANGE, KEY = CaseResumed.exchange(), CaseResumed.type
ROOT = Path(__file__).parents[2]


class Running:
    """A relay in a thread of its own, as another process would have one."""

    def __init__(self, url: str, publisher: Publisher, listened: bool, batch: int, poll: float):
        self.store: Store = new_store(url)
        self.watch = Watched()
        self.state: str | None = "starting"
        self.troubles: list[str] = []
        self._halt = threading.Event()
        self.relay = Relay(self.store, publisher, lambda _: listened, self.watch, self._on_state, batch, poll)
        self._thread = threading.Thread(target=self.relay.run, args=(self._halt,), daemon=True)
        self._thread.start()

    def _on_state(self, trouble: str | None) -> None:
        self.state = trouble
        if trouble:
            self.troubles.append(trouble)

    @property
    def leads(self) -> bool:
        """Whether it is the leader now."""
        return self.watch.leads[-1:] == [True]

    def stop(self) -> None:
        """Tell it to stop and wait for its end."""
        self._halt.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.store.close()


@contextmanager
def running(url: str, publisher: Publisher, listened: bool = True, batch: int = 500, poll: float = 0.1) -> Iterator[Running]:
    """A relay that is stopped at the end."""
    relay = Running(url, publisher, listened, batch, poll)
    try:
        yield relay
    finally:
        relay.stop()


class Wrapped:
    """A publisher with something happening before or after it."""

    def __init__(self, inner: Publisher, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None):
        self._inner, self._before, self._after = inner, before, after

    def publish(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        self._before()
        refused = self._inner.publish(letters)
        self._after()
        return refused

    def keep_alive(self) -> None:
        self._inner.keep_alive()

    def close(self) -> None:
        self._inner.close()


def all_published(one: Counting) -> bool:
    """Whether nothing is pending."""
    return set(states(one.outbox)) == {"published"}


def sequences(messages: Sequence[Any]) -> list[tuple[str, int]]:
    """What each message is about, and its number."""
    return [(message.headers["ce-subject"], int(message.headers["ce-sequence"])) for message in messages]


@pytest.fixture
def publisher(broker: Broker) -> AmqpPublisher:
    """A publisher as services have it."""
    return AmqpPublisher(broker.url, "tests.relay")


def test_what_is_said_is_published_in_order(counting: Counting, broker: Broker, publisher: AmqpPublisher) -> None:
    queue = broker.queue(EXCHANGE, [KEY])
    for number in range(60):
        counting.say(f"s{number % 3}", number)
    with running(counting.store.url, publisher, batch=7) as relay:
        messages = broker.taken(queue, 60)
        wait_until(lambda: all_published(counting), "every row is marked", 10)
    assert sequences(messages) == [(f"s{number % 3}", number // 3 + 1) for number in range(60)]
    assert [message.properties["message_id"] for message in messages] == [row["event_id"] for row in counting.outbox]
    assert all(row["published_at"] for row in counting.outbox)
    assert (relay.watch.confirmed, relay.watch.parked) == (60, 0)


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
            said = Happened(CaseResumed, "late", {"level": "counting", "generation": 1})
            Work(unit, START, "story").apply(Outcome(said))
            unit.flush()
            counting.say("early")
            assert sequences(broker.taken(queue, 1)) == [("early", 1)]
        assert sequences(broker.taken(queue, 1)) == [("late", 1)]
    assert [row["subject"] for row in counting.outbox] == ["late", "early"]


# --- what the broker refuses


def test_what_has_to_be_heard_and_has_no_queue_is_parked_with_the_reason(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    counting.say("a")
    with running(counting.store.url, publisher, listened=True) as relay:
        wait_until(lambda: states(counting.outbox) == ["parked"], "the row is parked", 10)
        wait_until(lambda: relay.watch.parked == 1, "it is counted", 10)
        queue = broker.queue(EXCHANGE, [KEY])
        counting.say("a")
        assert sequences(broker.taken(queue, 1)) == [("a", 2)]
    assert counting.outbox[0]["reason"] == "no queue is bound for it"
    assert counting.outbox[0]["published_at"] is None
    assert relay.troubles == []


def test_what_nobody_has_to_hear_is_published_to_nobody(counting: Counting, broker: Broker, publisher: AmqpPublisher) -> None:
    counting.say("a")
    with running(counting.store.url, publisher, listened=False):
        wait_until(lambda: all_published(counting), "the row is marked", 10)


def test_what_a_full_queue_refuses_is_parked_and_the_rest_goes_on(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    full = {"x-queue-type": "classic", "x-max-length": 3, "x-overflow": "reject-publish"}
    queue = broker.queue(EXCHANGE, [KEY], full)
    for number in range(5):
        counting.say("a", number)
    with running(counting.store.url, publisher, batch=2) as relay:
        wait_until(lambda: "pending" not in states(counting.outbox), "every row is settled", 10)
        wait_until(lambda: relay.watch.parked > 0, "they are counted", 10)
        assert len(broker.taken(queue, 3)) == 3
        counting.say("a", 5)
        assert sequences(broker.taken(queue, 1)) == [("a", 6)]
    assert states(counting.outbox)[:5] == ["published"] * 3 + ["parked"] * 2
    assert [row["reason"] for row in counting.outbox[3:5]] == ["the broker refused it"] * 2


# --- outages


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
    assert publisher.publish([letter]) == {}
    killable_rabbit.freeze()
    try:
        with pytest.raises(BusUnavailable, match="while publishing"):
            publisher.publish([letter])
    finally:
        killable_rabbit.thaw()
    assert publisher.publish([letter]) == {}
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
    assert kept.publish([letter]) == {}
    assert kept._connection is connection
    kept.close()


def test_a_publisher_that_lost_its_connection_while_idle_opens_another(broker: Broker) -> None:
    publisher, letter = AmqpPublisher(broker.url, "tests.cut"), Letter("1", EXCHANGE, "x", _message(), False)
    publisher.publish([letter])
    held: Any = publisher._connection
    held._connection.transport.sock.shutdown(socket.SHUT_RDWR)
    publisher.keep_alive()
    assert publisher.__dict__["_connection"] is None
    assert publisher.publish([letter]) == {}
    publisher.close()


# --- who leads


def lock_holders(one: Counting) -> list[int]:
    """The sessions that hold the leader's lock."""
    with one.store.transaction() as connection:
        held = text(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :key"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return list(connection.execute(held, {"key": LEADER_LOCK}).scalars())


def end_session(one: Counting) -> None:
    """Take the leader's session away."""
    with one.store.transaction() as connection:
        for pid in lock_holders(one):
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


@on_postgres
def test_of_two_relays_one_leads_and_the_other_follows_when_it_ends(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    queue, url = broker.queue(EXCHANGE, [KEY]), counting.store.url
    with running(url, AmqpPublisher(broker.url, "tests.second"), poll=0.05) as second:
        wait_until(lambda: second.leads, "the first to come leads", 10)
        with running(url, publisher, poll=0.05) as late:
            wait_until(lambda: late.state is None, "the other waits", 10)
            for number in range(20):
                counting.say("a", number)
            assert [number for _, number in sequences(broker.taken(queue, 20))] == list(range(1, 21))
            assert late.watch.leads == []
            assert len(lock_holders(counting)) == 1
            second.stop()
            wait_until(lambda: late.leads, "the other leads now", 10)
            counting.say("a", 20)
            assert sequences(broker.taken(queue, 1)) == [("a", 21)]
    assert late.watch.confirmed == 1


@on_postgres
def test_leadership_moves_when_the_leaders_session_ends(counting: Counting, broker: Broker, publisher: AmqpPublisher) -> None:
    queue, url = broker.queue(EXCHANGE, [KEY]), counting.store.url
    with running(url, publisher, poll=0.05) as first:
        wait_until(lambda: first.leads, "one leads", 10)
        first.relay._pause = 5.0  # long enough for the other to be faster
        with running(url, AmqpPublisher(broker.url, "tests.second"), poll=0.05) as second:
            wait_until(lambda: second.state is None, "the other waits", 10)
            (before,) = lock_holders(counting)
            end_session(counting)
            wait_until(lambda: second.leads, "the other leads", 10)
            wait_until(lambda: not first.leads, "the first knows", 10)
            (after,) = lock_holders(counting)
            assert after != before
            counting.say("a")
            assert sequences(broker.taken(queue, 1)) == [("a", 1)]
            wait_until(lambda: second.watch.confirmed == 1, "the other published it", 10)


@on_postgres
def test_a_leader_whose_session_ended_marks_nothing_and_the_next_publishes_again(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    queue, left = broker.queue(EXCHANGE, [KEY]), [1]

    def once() -> None:
        if left[0]:
            left[0] -= 1
            end_session(counting)

    counting.say("a")
    with running(counting.store.url, Wrapped(publisher, after=once)) as relay:
        messages = broker.taken(queue, 2)
        wait_until(lambda: all_published(counting), "the row is marked", 10)
    assert len({message.properties["message_id"] for message in messages}) == 1
    assert len(relay.troubles) == 1
    assert relay.watch.confirmed == 1


@on_postgres
def test_a_commit_of_another_process_wakes_the_relay_at_once(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    """Its poll is half a minute; the message is there long before."""
    queue = broker.queue(EXCHANGE, [KEY])
    with running(counting.store.url, publisher, poll=30) as relay:
        wait_until(lambda: relay.leads and relay.state is None, "it waits", 10)
        for number in (1, 2):
            code = f"from tests.component.counting import *; Counting(new_store({counting.store.url!r})).say('a', {number})"
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)
            assert sequences(broker.taken(queue, 1, seconds=10)) == [("a", number)]


def test_what_is_pending_is_published_before_the_relay_ends(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    queue = broker.queue(EXCHANGE, [KEY])
    with running(counting.store.url, publisher, batch=3, poll=30) as relay:
        wait_until(lambda: relay.leads and relay.state is None, "it waits", 10)
        for number in range(10):
            counting.say("a", number)
    assert all_published(counting)
    assert len(broker.taken(queue, 10)) == 10


@on_postgres
def test_what_is_committed_just_before_the_stop_is_published_too(
    counting: Counting, broker: Broker, publisher: AmqpPublisher
) -> None:
    """While the relay was publishing it looked at the outbox for the last time, and then was told to stop."""
    queue, once = broker.queue(EXCHANGE, [KEY]), [1]

    def meanwhile() -> None:
        if once:
            once.clear()
            counting.say("last")
            relay._halt.set()

    with running(counting.store.url, Wrapped(publisher, after=meanwhile), poll=30) as relay:
        wait_until(lambda: relay.leads and relay.state is None, "it waits", 10)
        counting.say("first")
        assert sequences(broker.taken(queue, 2)) == [("first", 1), ("last", 1)]
    assert all_published(counting)


def _message() -> Any:
    from tests.component.counting import report

    return report("a", "1")
