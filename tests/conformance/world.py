"""What a promise is held against: a bus and stores of one kind each, and services as small as can be that speak and listen.

The tests know neither the kind of bus nor that of the store; what differs, and may differ, has a name here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Protocol

from sqlalchemy import delete

from chassis.inbox.inbox import Handle
from chassis.messaging.amqp import AmqpBus
from chassis.messaging.bus import ALL_CONFIRMED, Bus, Letter
from chassis.messaging.cloudevents_codec import Message
from chassis.messaging.embedded import EmbeddedBus
from chassis.persistence import StoreUnavailable
from contracts.events.intake import ReportFiled
from tests.component.broker import Broker
from tests.component.counting import Counting, count_up, counters, metadata, new_store
from tests.component.relaying import EXCHANGE, KEY, Running, running

Binding = tuple[str, str]
SAID: Binding = (EXCHANGE, KEY)
"""What the counting service says of itself."""
TOLD: Binding = (ReportFiled.exchange(), ReportFiled.type)
"""What it is told."""
_names = count(1)


class Way(Protocol):
    """A bus as the tests use it."""

    bus: Bus
    held: str
    """What an outbox row says while no consumer takes its event: the broker keeps it, or the outbox must."""

    def account(self, name: str) -> str:
        """What consumers know the publisher ``name`` by."""

    def queue(self, *bound: Binding) -> str:
        """A new queue that gets these; answers its name."""


class OverAmqp:
    """Over RabbitMQ."""

    held = "published"

    def __init__(self, broker: Broker):
        self._broker = broker
        self.bus = AmqpBus(broker.url, batch=10, prefetch=40)

    def account(self, name: str) -> str:
        return self._broker.server.user

    def queue(self, *bound: Binding) -> str:
        return self._broker.queue_of(bound)


class Embedded:
    """Within the process."""

    held = "pending"

    def __init__(self) -> None:
        self._bus = EmbeddedBus({}, batch=10)
        self.bus: Bus = self._bus

    def account(self, name: str) -> str:
        return name

    def queue(self, *bound: Binding) -> str:
        name = f"q-{next(_names)}"
        for exchange, key in bound:
            self._bus.bind(name, {exchange: [key]})
        return name


class Stores:
    """Databases of the counting service, all of one kind. Each is made once, and empty whenever it is asked for."""

    def __init__(self, create: Callable[[str], str]):
        self._create = create
        self._urls: dict[str, str] = {}

    def open(self, name: str) -> Counting:
        """The service over its empty database. It is closed by whoever asked."""
        if name not in self._urls:
            self._urls[name] = self._create(name)
            store = new_store(self._urls[name])
            metadata.create_all(store.engine)
            store.close()
        one = Counting(new_store(self._urls[name]))
        with one.store.transaction() as connection:
            for table in metadata.sorted_tables:
                connection.execute(delete(table))
        return one


class Listener:
    """A service that takes one queue into a store of its own. It can be stopped and started again."""

    def __init__(self, way: Way, queue: str, one: Counting, handle: Handle):
        self.counting, self.queue = one, queue
        self.inbox = one.inbox(handle, handler=queue, takes=(KEY, ReportFiled.type))
        self.states: list[str | None] = []
        self.away = threading.Event()
        """Set: its store cannot be reached."""
        self.received: list[str] = []
        """The ids of all that it was given, as often as it was."""
        self._way = way
        self._halt, self._thread = threading.Event(), threading.Thread()

    def start(self) -> Listener:
        """Take from now on."""
        self._halt = threading.Event()
        self._consumer = self._way.bus.consumer(self.queue, self.take, self.probe, self.states.append)
        self._thread = threading.Thread(target=self._consumer.run, args=(self._halt,), daemon=True)
        self._thread.start()
        return self

    def take(self, messages: Sequence[Message]) -> None:
        """What the consumer is given."""
        self.received += [message.headers.get("ce-id", "") for message in messages]
        self.probe()
        self.inbox.take(messages)

    def probe(self) -> None:
        """A sign of life of its store."""
        if self.away.is_set():
            raise StoreUnavailable("connection refused")

    def begin_stop(self) -> None:
        """Tell it to stop."""
        self._halt.set()

    def stop(self) -> None:
        """Tell it to stop, and wait for its end."""
        self._halt.set()
        if self._thread.is_alive():
            self._thread.join(20)
            assert not self._thread.is_alive()

    def order(self, subject: str) -> list[str]:
        """The ids of the events about a subject, in the order in which they had their effect."""
        by: dict[str, list[str]] = {row["id"]: row["document"]["by"] for row in self.counting.rows(counters)}
        return by.get(subject, [])

    @property
    def total(self) -> int:
        """How many events it has counted."""
        return sum(self.counting.counts.values())


class World:
    """One way for events to travel, one kind of store, and the services of one test."""

    def __init__(self, way: Way, stores: Stores):
        self.way, self._stores = way, stores
        self._opened: list[Counting] = []
        self._listeners: list[Listener] = []

    def service(self, name: str) -> Counting:
        """A service that nothing was said to yet."""
        one = self._stores.open(name)
        self._opened.append(one)
        return one

    def listener(self, name: str, *bound: Binding, handle: Handle = count_up, queue: str | None = None) -> Listener:
        """A service with a queue that gets these; it waits to be started."""
        made = Listener(self.way, queue or self.way.queue(*bound), self.service(name), handle)
        self._listeners.append(made)
        return made

    @contextmanager
    def relaying(self, one: Counting, listened: bool = True, batch: int = 500, name: str = "speaker") -> Iterator[Running]:
        """Within the block what a service says is published."""
        with running(one.store, self.way.bus.publisher(name), listened, batch) as relay:
            yield relay

    def tell(self, *messages: Message, account: str = "units") -> None:
        """Publish messages as the world outside does; returns when they are safe. Raises BusUnavailable."""
        publisher = self.way.bus.publisher(account)
        ids = [f"{number}-{message.headers.get('ce-id')}" for number, message in enumerate(messages)]
        letters = [Letter(id_, *TOLD, message, True) for id_, message in zip(ids, messages, strict=True)]
        try:
            assert publisher.publish(letters) == ALL_CONFIRMED
        finally:
            publisher.close()

    def close(self) -> None:
        """Stop and let go of everything."""
        for listener in self._listeners:
            listener.stop()
        for one in self._opened:
            one.store.close()
