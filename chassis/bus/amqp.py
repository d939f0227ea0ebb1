"""Events over RabbitMQ. No nameko and no eventlet here: plain blocking loops that run in any thread, green or not.

One connection for each publisher and for each consumed queue, so that no two loops ever write to one socket.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import amqp
import amqp.serialization
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import KombuError

from chassis.bus import BusUnavailable, Letter
from chassis.store import StoreUnavailable
from chassis.wire import JSON, Message

log = logging.getLogger(__name__)

LOST = (AMQPError, KombuError, OSError)
"""What a connection that went away, or never was there, raises."""
HEARTBEAT = 20
PAUSE_FIRST, PAUSE_LONGEST = 0.2, 5.0


_load_properties = amqp.serialization.GenericContent._load_properties


def _load_what_can_be(content: Any, class_id: int, buffer: Any, offset: int) -> Any:
    """A sender's content type that is no UTF-8, or a date in the year 60,000, must not end every consumer that reads it.

    Without its properties the message is no event any more and ends as a dead letter.
    """
    try:
        return _load_properties(content, class_id, buffer, offset)
    except Exception:
        content.properties = {}
        return offset


amqp.serialization.GenericContent._load_properties = _load_what_can_be


def connect(url: str, name: str, heartbeat: int = HEARTBEAT) -> Connection:
    """An open connection with a name that the broker's operators can read. Raises one of `LOST`."""
    connection = Connection(
        url,
        heartbeat=heartbeat,
        connect_timeout=5,
        transport_options={"client_properties": {"connection_name": name}},
    )
    connection.connect()
    return connection


class AmqpPublisher:
    """Publishes persistent messages under a window of publisher confirms.

    A nack or a returned message is refused; a lost connection or a confirm that takes longer than ``confirm_timeout``
    seconds is BusUnavailable, and the connection is dropped without waiting for the broker, which may be frozen.
    """

    def __init__(self, url: str, name: str, confirm_timeout: float = 20.0, heartbeat: int = HEARTBEAT):
        self._url, self._heartbeat = url, heartbeat
        self._name = name
        self._timeout = confirm_timeout
        self._connection: Connection | None = None
        self._channel: Any = None
        self._open_tags: dict[int, str] = {}
        self._refused: dict[str, str] = {}
        self._next_tag = 1

    def publish(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """See `Publisher.publish`."""
        try:
            self._open()
            self._refused = {}
            for letter in letters:
                self._send(letter)
            self._await_confirms()
        except LOST as wrong:
            self.drop()
            raise BusUnavailable(f"{type(wrong).__name__} while publishing") from wrong
        return self._refused

    def keep_alive(self) -> None:
        """Send and read heartbeats: the broker ends a connection that is silent, and the next event would find it dead."""
        if self._connection is None:
            return
        try:
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=0)
            self._connection.heartbeat_check()
        except LOST:
            self.drop()

    def close(self) -> None:
        """Close in good order."""
        if self._connection is not None:
            with suppress(*LOST):
                self._connection.release()
        self._connection = None

    def drop(self) -> None:
        """Let go of the connection without a word to the broker."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.collect()
        self._connection = None

    def _open(self) -> None:
        if self._connection is not None:
            return
        self._connection = connect(self._url, self._name, self._heartbeat)
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._open_tags, self._next_tag = {}, 1

    def _send(self, letter: Letter) -> None:
        assert self._connection is not None
        message = amqp.Message(
            letter.message.body,
            application_headers=dict(letter.message.headers),
            content_type=letter.message.content_type,
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=letter.event_id,
            # the broker refuses a name that is not the connection's own: consumers can rely on it
            user_id=self._connection.userid,
        )
        self._open_tags[self._next_tag] = letter.event_id
        self._next_tag += 1
        self._channel.basic_publish(message, letter.exchange, letter.type, mandatory=letter.mandatory, timeout=self._timeout)

    def _await_confirms(self) -> None:
        end = time.monotonic() + self._timeout
        while self._open_tags:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the broker did not confirm in time")
            assert self._connection is not None
            self._connection.drain_events(timeout=left)

    def _settled(self, tag: int, multiple: bool) -> list[str]:
        tags = [open_tag for open_tag in self._open_tags if open_tag <= tag] if multiple else [tag]
        return [self._open_tags.pop(one) for one in tags if one in self._open_tags]

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settled(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for event_id in self._settled(tag, multiple):
            self._refused[event_id] = "the broker refused it"

    def _on_return(self, _error: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        # arrives before the ack of the same message
        self._refused[message.properties["message_id"]] = "no queue is bound for it"


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
        self._batch, self._prefetch, self._pause = batch, prefetch, PAUSE_FIRST
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
                hint = "; run `whistle topology`" if isinstance(wrong, amqp.NotFound) else ""
                self._outage(f"the broker is unavailable: {type(wrong).__name__}{hint}", wrong)
                self._rest(stop)
            except Exception as wrong:  # unforeseen, but the other queues need not stand still for it
                log.exception("%s: unforeseen", self.queue)
                self._outage(f"unforeseen: {type(wrong).__name__}", wrong)
                self._rest(stop)

    def _rest(self, stop: threading.Event) -> None:
        stop.wait(self._pause)
        self._pause = min(self._pause * 2, PAUSE_LONGEST)

    def _outage(self, what: str, wrong: Exception) -> None:
        log.warning("%s: %s", self.queue, what, extra={"error": str(wrong)[:200]})
        self._on_state(what)

    def _wait_for_store(self, stop: threading.Event) -> None:
        while not stop.wait(0.5):
            try:
                return self._probe()
            except StoreUnavailable:
                continue

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
            self._pause = PAUSE_FIRST
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
        self._take([_message(message) for message in batch])
        return int(batch[-1].delivery_tag)


def _message(received: Any) -> Message:
    properties = received.properties
    return Message(
        # headers are the sender's: only text is looked at, and nothing of it is ever sent on
        headers={
            name: value
            for name, value in (properties.get("application_headers") or {}).items()
            if isinstance(name, str) and isinstance(value, str)
        },
        content_type=properties.get("content_type") or JSON,
        body=bytes(received.body or b""),  # the client has "" for an empty body
        user_id=properties.get("user_id"),
    )
