"""Consuming a queue: what is taken is settled, what cannot be taken stays with the broker, and no message ends a consumer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import amqp
import pytest
from amqp.serialization import GenericContent

from chassis.command_line import as_typed
from chassis.messaging.amqp import AmqpConsumer, connect
from chassis.messaging.cloudevents_codec import Message
from chassis.persistence import StoreUnavailable
from tests.component.broker import Broker, Road
from tests.component.counting import Counting, report, states
from tests.kit.processes import PATIENCE, wait_until


class Running:
    """A consumer in a thread."""

    def __init__(self, url: str, queue: str, take: Callable[[Sequence[Message]], None], **options: Any):
        self.states: list[str | None] = []
        self._halt = threading.Event()
        probe = options.pop("probe", lambda: None)
        self.consumer = AmqpConsumer(url, queue, take, probe, self.states.append, **options)
        self._thread = threading.Thread(target=self.consumer.run, args=(self._halt,), daemon=True)
        self._thread.start()

    @property
    def troubles(self) -> list[str]:
        """Every outage it told of."""
        return [state for state in self.states if state]

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Tell it to stop and wait for its end."""
        self._halt.set()
        self._thread.join(20)
        assert not self.alive


@contextmanager
def running(url: str, queue: str, take: Callable[[Sequence[Message]], None], **options: Any) -> Iterator[Running]:
    """A consumer that is stopped at the end."""
    consumer = Running(url, queue, take, **options)
    try:
        yield consumer
    finally:
        consumer.stop()


def test_a_stop_settles_what_was_delivered_and_nothing_is_redelivered(broker: Broker) -> None:
    queue, taken, go = broker.queue(), list[str](), threading.Event()
    broker.publish(queue, *(report("a", str(number)) for number in range(100)))

    def take(messages: Sequence[Message]) -> None:
        go.wait(PATIENCE)
        taken.extend(message.headers["ce-id"] for message in messages)

    consumer = Running(broker.url, queue, take, batch=5, prefetch=40)
    wait_until(lambda: broker.ready(queue) <= 60, "the prefetch is delivered", 10)
    consumer._halt.set()
    go.set()
    consumer.stop()
    left = broker.ready(queue)
    with running(broker.url, queue, take, batch=50) as other:
        wait_until(lambda: len(taken) >= 100, "the rest is taken", 10)
    assert len(taken) == len(set(taken)) == 100
    assert left == 100 - 40
    assert other.consumer.redelivered == 0


def test_while_the_store_is_away_the_broker_keeps_everything(broker: Broker, counting: Counting) -> None:
    queue, away, probed = broker.queue(), threading.Event(), list[int]()
    inbox = counting.inbox()
    away.set()

    def take(messages: Sequence[Message]) -> None:
        if away.is_set():
            raise StoreUnavailable("connection refused")
        inbox.take(messages)

    def probe() -> None:
        probed.append(1)
        if away.is_set():
            raise StoreUnavailable("connection refused")

    broker.publish(queue, *(report("a", str(number)) for number in range(10)))
    with running(broker.url, queue, take, probe=probe) as consumer:
        wait_until(lambda: len(probed) >= 2, "it asks for the store", 10)
        assert consumer.states[-1] == "the store is unavailable"
        assert broker.ready(queue) == 10  # nothing is held: another process could take it
        assert counting.letters == []
        away.clear()
        wait_until(lambda: counting.counts == {"a": 10}, "all are taken", 10)
        wait_until(lambda: consumer.states[-1] is None, "it says so", 10)
    assert broker.ready(queue) == 0
    assert consumer.consumer.redelivered == 10
    assert all(row["attempts"] == 1 for row in counting.letters)


def test_a_connection_that_is_cut_is_made_again_and_nothing_is_lost(broker: Broker, counting: Counting) -> None:
    queue, inbox, cut = broker.queue(), counting.inbox(), list[int]()
    road = Road(broker.url)
    road.open()

    def take(messages: Sequence[Message]) -> None:
        """Committed; but the connection goes away before the ack."""
        inbox.take(messages)
        if not cut:
            cut.append(len(messages))
            road.cut()

    broker.publish(queue, *(report("a", str(number)) for number in range(5)))
    with running(road.url, queue, take) as consumer:
        wait_until(lambda: consumer.consumer.redelivered == 5, "all come again", 20)
        wait_until(lambda: counting.counts == {"a": 5}, "all are counted", 10)
        assert "the broker is unavailable" in consumer.troubles[0]
    road.close()
    assert counting.watch.count("duplicate") == cut[0]
    assert states(counting.letters) == ["applied"] * 5
    assert broker.ready(queue) == 0


def test_a_queue_that_is_not_there_is_said_with_what_to_do(broker: Broker) -> None:
    with running(broker.url, "nowhere", lambda _: None) as consumer:
        wait_until(lambda: bool(consumer.troubles), "it says so", 10)
        assert consumer.troubles[0] == f"the broker is unavailable: NotFound; run `{as_typed('topology')}`"
        assert consumer.alive


def test_a_wrong_password_and_a_broker_that_is_not_there_are_said(broker: Broker) -> None:
    wrong = broker.server.url(broker.server.user, "wrong", broker.vhost)
    with running(wrong, "any", lambda _: None) as refused:
        wait_until(lambda: bool(refused.troubles), "it says so", 10)
        assert refused.troubles[0] == "the broker is unavailable: AccessRefused"
    with running("amqp://guest:guest@127.0.0.1:1//", "any", lambda _: None) as nobody:
        wait_until(lambda: bool(nobody.troubles), "it says so", 10)
        assert nobody.troubles[0].startswith("the broker is unavailable: ")
        assert nobody.alive


def far_future(content: Any) -> None:
    """A date that Python has no year for: the client refuses to write it, so the bytes are made by hand."""
    header = b"\x04whenT" + (2**60).to_bytes(8, "big")
    flags = (0x2000 | 0x1000).to_bytes(2, "big")
    content._serialize_properties = lambda: flags + len(header).to_bytes(4, "big") + header + b"\x02"


POISON: dict[str, dict[str, Any]] = {
    "a content type that is no UTF-8": {"content_type": b"\xff"},
    "an id that is no UTF-8": {"message_id": b"\xff"},
    "a header's name that is no UTF-8": {"application_headers": {b"\xff": "x"}},
    "a header's value that is no UTF-8": {"application_headers": {"ce-id": b"\xff"}},
    "half a character": {"application_headers": {"ce-id": "\ud800", "x\ud800": "y"}, "content_type": "\ud800"},
    "NUL": {"application_headers": {"ce-id": "\0", "x\0": "y"}, "content_type": "\0"},
    "headers that are no text": {"application_headers": {"ce-id": 1, "a": None, "b": {"x": 1}, "c": [1], "d": True, "e": 1.5}},
    "a huge header": {"application_headers": {"ce-id": "x" * 100_000}},
    "an unknown content type": {"content_type": "application/x-nothing", "content_encoding": "klingon"},
    "a structured event in name only": {"content_type": "application/cloudevents+json"},
    "half a character in the body": {"content_encoding": "utf-7"},
    "compressed, it says": {"application_headers": {"compression": "application/x-gzip"}},
}


@pytest.mark.parametrize("properties", [*POISON.values(), None], ids=[*POISON, "a date beyond all dates"])
def test_a_poisonous_message_becomes_a_dead_letter_and_the_next_is_taken(
    properties: dict[str, Any] | None, broker: Broker, counting: Counting
) -> None:
    queue = broker.queue()
    with connect(broker.url, "tests") as connection, connection.channel() as channel:
        channel.confirm_select()
        poison = amqp.Message(b"\xff{", **(properties or {}))
        if properties is None:
            far_future(poison)
        channel.basic_publish_confirm(poison, "", queue, mandatory=True, timeout=10)
    broker.publish(queue, report("a", "next"))
    with running(broker.url, queue, counting.inbox().take) as consumer:
        wait_until(lambda: len(counting.letters) == 2, "both are settled", 10)
        assert consumer.troubles == []
    assert sorted(states(counting.letters)) == ["applied", "dead"]
    assert counting.counts == {"a": 1}
    assert next(row["body"] for row in counting.letters if row["state"] == "dead") == b"\xff{"
    assert broker.ready(queue) == 0


def test_reading_properties_is_still_the_clients_own() -> None:
    """The guard above stands in a method of the client library: a new version may have renamed it."""
    assert GenericContent._load_properties.__module__ == "chassis.messaging.amqp.connection"
