"""The AMQP consumer, which consumes a queue in batches."""

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
    """A consumer of one queue. The messages that have arrived, at most ``batch``, are taken together and acked together.

    ``take`` returns when every message's row is committed. While it raises StoreUnavailable nothing is acked: the connection is
    closed, so that the broker holds the messages for a process that can work, until ``probe`` succeeds.
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
            except Exception as wrong:  # unforeseen; the other queues continue
                log.exception("%s: unforeseen", self.queue)
                self._outage(f"{UNFORESEEN}{type(wrong).__name__}", wrong)
                self._rest(stop)

    def _rest(self, stop: threading.Event) -> None:
        stop.wait(self._failures.failed())

    def _outage(self, what: str, wrong: Exception) -> None:
        log.warning("%s: %s", self.queue, what, extra={"error": str(wrong)[:200]})
        self._on_state(what)

    def _wait_for_store(self, stop: threading.Event) -> None:
        """Wait with growing pauses while the store is unavailable: each attempt counts as a delivery of all prefetched
        messages."""
        while not stop.wait(self._store_failures.failed()):
            try:
                return self._probe()
            except StoreUnavailable:
                continue
            except Exception as wrong:  # unforeseen, for instance a database that is not migrated
                self._outage(f"the store cannot be used: {type(wrong).__name__}", wrong)

    def _consume(self, connection: Connection, stop: threading.Event) -> None:
        self._buffer.clear()
        channel = connection.channel()
        channel.queue_declare(self.queue, passive=True)
        # the body as received: kombu's own Consumer decompresses, and the channel decodes, as a sender's header tells them to
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
                # before the ack: an ack makes room for further messages, which the broker would count as delivered
                channel.basic_cancel(tag)
                stopping = True
            if last is not None:
                channel.basic_ack(last, multiple=True)
            connection.heartbeat_check()

    def _gather(self, connection: Connection) -> None:
        """Wait briefly for a first message, then add the messages that are already here."""
        wait = 0.25
        while len(self._buffer) < self._batch:
            try:
                connection.drain_events(timeout=wait)
            except TimeoutError:
                return
            if self._buffer:
                wait = 0

    def _settle(self) -> int | None:
        """Take one batch. Return the delivery tag up to which all messages may be acked."""
        self._on_state(None)
        batch = [self._buffer.popleft() for _ in range(min(self._batch, len(self._buffer)))]
        if not batch:
            return None
        self.redelivered += sum(1 for message in batch if message.delivery_info.get("redelivered"))
        self._take([message_of(message) for message in batch])
        self._store_failures.succeeded()
        return int(batch[-1].delivery_tag)


def message_of(received: Any) -> Message:
    """Return a message as the broker delivered it, its headers with their native types."""
    properties = received.properties
    headers = properties.get("application_headers") or {}
    return Message(
        headers={native_headers.name_of(name): native_headers.plain(value) for name, value in headers.items()},
        content_type=properties.get("content_type") or JSON,
        body=bytes(received.body or b""),  # the client has "" for an empty body
        user_id=properties.get("user_id"),
    )
