"""The broker as the component tests use it: queues of their own, what was published, and what is left."""

from __future__ import annotations

import queue as queues
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import amqp

from chassis.messaging.amqp import connect
from chassis.messaging.amqp.topology import arguments_of, dead_queue
from chassis.messaging.cloudevents_codec import Message
from tests.kit.processes import free_port, wait_until
from tests.kit.servers import RabbitServer


class Broker:
    """One virtual host, as its administrator."""

    def __init__(self, server: RabbitServer, vhost: str):
        self.server, self.vhost = server, vhost
        self.url = server.url(vhost=vhost)
        self._queues: list[str] = []

    def queue(self, exchange: str = "", keys: Sequence[str] = (), arguments: Mapping[str, Any] | None = None) -> str:
        """A new quorum queue that gets these keys of an exchange; answers its name."""
        return self.queue_of([(exchange, key) for key in keys], arguments)

    def queue_of(self, bound: Sequence[tuple[str, str]], arguments: Mapping[str, Any] | None = None) -> str:
        """A new quorum queue with these bindings, each an exchange and a key; answers its name."""
        name = f"q-{uuid4().hex[:8]}"
        self._queues.append(name)
        with connect(self.url, "tests") as connection, connection.channel() as channel:
            channel.queue_declare(
                name, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum", **(arguments or {})}
            )
            for exchange, key in bound:
                channel.queue_bind(name, exchange, key)
        return name

    def queue_over_net(self, delivery_limit: int = 1000) -> str:
        """A new quorum queue with a safety net; answers its name."""
        name = self.queue()
        self._queues.append(dead_queue(name))
        with connect(self.url, "tests") as connection, connection.channel() as channel:
            channel.queue_delete(name)
            for one, wanted in ((name, arguments_of(name, delivery_limit)), (dead_queue(name), {"x-queue-type": "quorum"})):
                channel.queue_declare(one, durable=True, auto_delete=False, arguments=wanted)
        return name

    def remove_queues(self) -> None:
        """Delete every queue that `queue` made."""
        with connect(self.url, "tests") as connection, connection.channel() as channel:
            while self._queues:
                channel.queue_delete(self._queues.pop())

    def publish(self, queue: str, *messages: Message, exchange: str = "", **properties: Any) -> None:
        """Publish messages and wait for the confirms, by default straight to a queue."""
        with connect(self.url, "tests") as connection, connection.channel() as channel:
            channel.confirm_select()
            for message in messages:
                headers = {**message.headers, **properties.get("more_headers", {})}
                content_type = properties.get("content_type", message.content_type)
                sent = amqp.Message(message.body, application_headers=headers, content_type=content_type, delivery_mode=2)
                channel.basic_publish_confirm(sent, exchange, queue, mandatory=True, timeout=10)

    def taken(self, queue: str, count: int, seconds: float = 10) -> list[Any]:
        """Take so many messages off a queue, in order; waits until they are there."""
        got: queues.SimpleQueue[Any] = queues.SimpleQueue()
        with connect(self.url, "tests") as connection, connection.channel() as channel:

            def fetch() -> bool:
                while (message := channel.basic_get(queue, no_ack=True)) is not None:
                    got.put(message)
                return got.qsize() >= count

            wait_until(fetch, f"{count} messages on {queue}", seconds)
        return [got.get() for _ in range(got.qsize())]

    def ready(self, queue: str) -> int:
        """How many messages wait on a queue, not counting those that a consumer holds."""
        with connect(self.url, "tests") as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)


class Road:
    """A way to the broker that can be closed: while it is, nobody listens at its end."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)
        self.port = free_port()
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self.port}").geturl()
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []

    def open(self) -> None:
        """Let them through from now on."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        if self._listener is not None:
            self._listener.close()

    def cut(self) -> None:
        """Break every connection that there is; who comes after is let through."""
        while self._ends:
            _break(self._ends.pop())

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            _break(end)


def _break(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
