"""What the broker gave up ends as a dead letter in the store, once, and not where it had its effect already."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from chassis.command_line import as_typed
from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.inbox import dead_letter_storage
from chassis.inbox.inbox import Inbox
from chassis.inbox.retries import retry_one
from chassis.messaging.amqp import AmqpDeadLetterQueue, connect
from chassis.messaging.amqp.topology import dead_queue
from chassis.messaging.bus import BusUnavailable
from chassis.persistence import StoreUnavailable
from chassis.quarantine import DEAD_LETTERS, Quarantine
from contracts.envelope import Event
from tests.component.broker import Broker
from tests.component.counting import Counting, on_postgres, report, states
from tests.kit.processes import wait_until

pytestmark = on_postgres
"""The broker is what is tried here."""


def net(broker: Broker, queue: str, inbox: Inbox) -> AmqpDeadLetterQueue:
    """A queue's safety net."""
    return AmqpDeadLetterQueue(broker.url, "tests", {queue: partial(dead_letter_storage.keep, inbox)})


def rejected(broker: Broker, queue: str, count: int = 1) -> None:
    """Have so many messages rejected, and wait until they lie in the net."""

    def fallen() -> bool:
        with connect(broker.url, "tests") as connection, connection.channel() as channel:
            while (got := channel.basic_get(queue)) is not None:
                channel.basic_reject(got.delivery_tag, requeue=False)
        return broker.ready(dead_queue(queue)) == count

    wait_until(fallen, "they lie in the net", 10)


def test_a_rejected_message_is_a_dead_letter_that_can_be_replayed(broker: Broker, counting: Counting) -> None:
    queue, inbox = broker.queue_over_net(), counting.inbox()
    broker.publish(queue, report("a", "1"))
    rejected(broker, queue)
    assert net(broker, queue, inbox).drain() == 1
    assert broker.ready(dead_queue(queue)) == 0
    (row,) = counting.letters
    assert (row["state"], row["event_id"], row["attempts"]) == ("dead", "1", 0)
    assert row["reason"] == f"the broker gave it up: rejected, count 1, queue {queue}"
    assert counting.watch.fallen == ["kept"]
    assert Quarantine(DEAD_LETTERS, counting.store, "tests").all_again() == 1
    assert retry_one(inbox)
    assert counting.counts == {"a": 1}


def test_a_message_that_is_delivered_too_often_is_a_dead_letter(broker: Broker, counting: Counting) -> None:
    queue = broker.queue_over_net(delivery_limit=2)
    broker.publish(queue, report("a", "1"))

    def fell() -> bool:
        with connect(broker.url, "tests") as connection, connection.channel() as channel:
            if (got := channel.basic_get(queue)) is not None:
                channel.basic_reject(got.delivery_tag, requeue=True)
        return broker.ready(dead_queue(queue)) == 1

    wait_until(fell, "it is given up", 20)
    assert net(broker, queue, counting.inbox()).drain() == 1
    assert counting.letters[0]["reason"] == f"the broker gave it up: delivery_limit, count 1, queue {queue}"


def test_what_is_in_the_inbox_already_is_let_go_and_counted(broker: Broker, counting: Counting) -> None:
    queue, inbox = broker.queue_over_net(), counting.inbox(refuse_b)
    messages = [report("a", "applied"), report("b", "dead"), report("a", "applied")]
    inbox.take(messages[:2])
    before = counting.letters
    broker.publish(queue, *messages)
    rejected(broker, queue, 3)
    assert net(broker, queue, inbox).drain() == 3
    assert counting.watch.fallen == ["applied", "known", "applied"]
    assert counting.letters == before
    assert broker.ready(dead_queue(queue)) == 0


def refuse_b(event: Event, ctx: HandlerContext) -> None:
    """Refuse what is about b."""
    if event.subject == "b":
        raise Refused("unit: not on this case")


def test_the_id_of_another_event_and_what_cannot_be_read_are_kept_once_each(broker: Broker, counting: Counting) -> None:
    queue, inbox = broker.queue_over_net(), counting.inbox()
    inbox.take([report("a", "1")])
    broker.publish(queue, *[report("a", "1", note="another"), report("a", "2", time="029-00001111")] * 2)
    rejected(broker, queue, 4)
    assert net(broker, queue, inbox).drain() == 4
    assert sorted(counting.watch.fallen) == ["kept", "kept", "known", "known"]
    assert sorted(states(counting.letters)) == ["applied", "dead", "dead"]
    reasons = [row["reason"] for row in counting.letters if row["state"] == "dead"]
    assert any(one.startswith("Undecodable: ce-time: not an instant; the broker gave it up: rejected") for one in reasons)
    assert not any("029" in one for one in reasons)


def test_while_the_store_is_away_it_stays_in_the_net(broker: Broker, counting: Counting) -> None:
    queue, inbox = broker.queue_over_net(), counting.inbox()
    broker.publish(queue, report("a", "1"))
    rejected(broker, queue)

    def away(_messages: Any) -> None:
        raise StoreUnavailable("connection refused")

    with pytest.raises(StoreUnavailable):
        AmqpDeadLetterQueue(broker.url, "tests", {queue: away}).drain()
    wait_until(lambda: net(broker, queue, inbox).drain() == 1, "it is kept when the store is back", 10)
    assert states(counting.letters) == ["dead"]


def test_a_net_that_is_not_there_is_said_with_what_to_do(broker: Broker, counting: Counting) -> None:
    with pytest.raises(BusUnavailable, match=re.escape(f"run `{as_typed('topology')}`")):
        net(broker, "nowhere", counting.inbox()).drain()


def test_a_header_that_a_sender_made_up_is_not_told(broker: Broker, counting: Counting) -> None:
    queue = broker.queue_over_net()
    for death in ("029-00001111", [{"reason": "029-00001111", "count": "029-00001111"}]):
        broker.publish(dead_queue(queue), report("a", str(death)[:3]), more_headers={"x-death": death})
    assert net(broker, queue, counting.inbox()).drain() == 2
    told = {row["reason"] for row in counting.letters}
    assert told == {f"the broker gave it up: reason unknown, count unknown, queue {queue}"}
