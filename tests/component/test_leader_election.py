"""Who publishes: of all processes with a store one leads, and what it does ends with its session."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.backoff import Backoff, Failures
from chassis.messaging.amqp import AmqpPublisher
from chassis.persistence.leader_election import LEADER_LOCK
from tests.component.broker import Broker
from tests.component.counting import Counting, on_postgres
from tests.component.relaying import EXCHANGE, KEY, Wrapped, all_published, running, sequences
from tests.kit.processes import wait_until


@pytest.fixture
def publisher(broker: Broker) -> AmqpPublisher:
    """A publisher as services have it."""
    return AmqpPublisher(broker.url, "tests.relay")


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
        first.relay._failures = Failures(Backoff(5.0, 5.0, jitter=0.0))  # long enough for the other to be faster
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
            subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, timeout=360)
            assert sequences(broker.taken(queue, 1, seconds=10)) == [("a", number)]
