"""Consuming a queue in batches."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import amqp
from kombu import Connection

from chassis.backoff import Backoff, Failures
from chassis.command_line import as_typed
from chassis.messaging import native_headers
from chassis.messaging.amqp.connection import LOST, connect
from chassis.messaging.cloudevents_codec import JSON, Message
from chassis.observability.health import UNFORESEEN
from chassis.persistence import StoreUnavailable

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.2, longest=5.0)


class AmqpConsumer:
    """Consumes one queue in batches: whatever has arrived, at most ``batch``, is taken together and acked together.

    ``take`` returns when every message's row is committed. While it raises StoreUnavailable nothing is acked: the
    connection is closed, so that the broker keeps the messages for whoever can work, until ``probe`` succeeds.
    """

    def __init__(
        self,
        url: str,
        queue: str,
        take: Callable[[Sequence[Message]], None],
        probe: Callable[[], None],
        on_state: Callable[[str | None], None],
        batch: int = 100,
        prefetch: int = 200,
    ):
        self._url, self.queue = url, queue
        self._take, self._probe, self._on_state = take, probe, on_state
        self._batch, self._prefetch = batch, prefetch
        self._failures, self._store_failures = Failures(BACKOFF), Failures(BACKOFF)
        self._buffer: deque[Any] = deque()
        self.redelivered = 0

    def run(self, stop: threading.Event) -> None:
        """Consume until ``stop`` is set, through every outage; then settle what was delivered and return."""
        while not stop.is_set():
            try:
                connection = connect(self._url, self.queue)
                try:
                    self._consume(connection, stop)
                    connection.release()
                finally:
                    connection.collect()
            except StoreUnavailable as wrong:
                self._outage("the store is unavailable", wrong)
                self._wait_for_store(stop)
            except LOST as wrong:
                hint = f"; run `{as_typed('topology')}`" if isinstance(wrong, amqp.NotFound) else ""
                self._outage(f"the broker is unavailable: {type(wrong).__name__}{hint}", wrong)
                self._rest(stop)
            except Exception as wrong:  # unforeseen, but the other queues need not stand still for it
                log.exception("%s: unforeseen", self.queue)
                self._outage(f"{UNFORESEEN}{type(wrong).__name__}", wrong)
                self._rest(stop)

    def _rest(self, stop: threading.Event) -> None:
        stop.wait(self._failures.failed())

    def _outage(self, what: str, wrong: Exception) -> None:
        log.warning("%s: %s", self.queue, what, extra={"error": str(wrong)[:200]})
        self._on_state(what)

    def _wait_for_store(self, stop: threading.Event) -> None:
        """Ever more patiently while nothing can be taken: each time counts as a delivery of all that was in hand."""
        while not stop.wait(self._store_failures.failed()):
            try:
                return self._probe()
            except StoreUnavailable:
                continue
            except Exception as wrong:  # unforeseen: not migrated, say
                self._outage(f"the store cannot be used: {type(wrong).__name__}", wrong)

    def _consume(self, connection: Connection, stop: threading.Event) -> None:
        self._buffer.clear()
        channel = connection.channel()
        channel.queue_declare(self.queue, passive=True)
        # the body as it came: kombu's own Consumer decompresses, and the channel decodes, as a sender's header tells them to
        channel.auto_decode = False
        channel.basic_qos(0, self._prefetch, False)
        tag = channel.basic_consume(self.queue, callback=self._buffer.append)
        self._on_state(None)
        stopping = False
        while self._buffer or not stopping:
            if not stopping:
                self._gather(connection)
            last = self._settle()
            self._failures.succeeded()
            if stop.is_set() and not stopping:
                # before the ack: for what an ack makes room for, the broker sets messages aside that count as delivered
                channel.basic_cancel(tag)
                stopping = True
            if last is not None:
                channel.basic_ack(last, multiple=True)
            connection.heartbeat_check()

    def _gather(self, connection: Connection) -> None:
        """Wait a little for a first message, then take along what is already here."""
        wait = 0.25
        while len(self._buffer) < self._batch:
            try:
                connection.drain_events(timeout=wait)
            except TimeoutError:
                return
            if self._buffer:
                wait = 0

    def _settle(self) -> int | None:
        """Take one batch; answers the delivery tag up to which all may be acked."""
        self._on_state(None)
        batch = [self._buffer.popleft() for _ in range(min(self._batch, len(self._buffer)))]
        if not batch:
            return None
        self.redelivered += sum(1 for message in batch if message.delivery_info.get("redelivered"))
        self._take([message_of(message) for message in batch])
        self._store_failures.succeeded()
        return int(batch[-1].delivery_tag)


def message_of(received: Any) -> Message:
    """A message as the broker delivered it, its headers with their native types."""
    properties = received.properties
    headers = properties.get("application_headers") or {}
    return Message(
        headers={native_headers.name_of(name): native_headers.plain(value) for name, value in headers.items()},
        content_type=properties.get("content_type") or JSON,
        body=bytes(received.body or b""),  # the client has "" for an empty body
        user_id=properties.get("user_id"),
    )
