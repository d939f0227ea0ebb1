"""The AMQP publisher, which publishes under a window of publisher confirms."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import amqp
from kombu import Connection

from chassis.messaging.amqp.connection import HEARTBEAT, LOST, connect
from chassis.messaging.bus import BusUnavailable, Letter, Unconfirmed

LOOK_SECONDS = 1.0
"""The longest single wait for frames. Heartbeats would extend a longer wait without end."""
BLOCKED = "the broker takes nothing in: it is short of memory or disk"


class _Blocked(Exception):
    """The broker has stopped reading from this connection, and will resume."""


class AmqpPublisher:
    """Publishes persistent messages under a window of publisher confirms.

    A lost connection or a confirm that takes longer than ``confirm_timeout`` seconds raises BusUnavailable, and the connection
    is dropped without waiting for the broker, which may be frozen.

    After a nack the next letters use a new connection.

    A broker that is short of memory or disk reports that it is blocked. That raises BusUnavailable too, but the connection
    stays open until the broker resumes: a blocked broker does not read a close, so it would hold its end of every dropped
    connection.
    """

    def __init__(self, url: str, name: str, confirm_timeout: float = 20.0, heartbeat: int = HEARTBEAT):
        self._url, self._heartbeat = url, heartbeat
        self._name = name
        self._timeout = confirm_timeout
        self._connection: Connection | None = None
        self._channel: Any = None
        self._open_tags: dict[int, str] = {}
        self._returned: dict[str, str] = {}
        self._nacked: set[str] = set()
        self._next_tag = 1
        self._blocked = False

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """See `Publisher.publish`."""
        try:
            self._open()
            self._returned, self._nacked = {}, set()
            self._hear(0)
            for letter in letters:
                self._send(letter)
            self._await_confirms()
        except _Blocked:
            raise BusUnavailable(BLOCKED) from None
        except LOST as wrong:
            self.drop()
            raise BusUnavailable(f"{type(wrong).__name__} while publishing") from wrong
        if self._nacked:
            # the broker's end of a channel may go on nacking after its queues have leaders again (seen for minutes in 3.10)
            self.close()
        return Unconfirmed(self._returned, frozenset(self._nacked - self._returned.keys()))

    def keep_alive(self) -> None:
        """Send and read heartbeats: the broker closes a silent connection, and the next event would find it closed."""
        if self._connection is None:
            return
        try:
            self._hear(0)
        except _Blocked:
            pass
        except LOST:
            self.drop()

    def close(self) -> None:
        """Close the connection in good order."""
        if self._blocked:  # it does not answer
            self.drop()
        if self._connection is not None:
            with suppress(*LOST):
                self._connection.release()
        self._connection = None

    def drop(self) -> None:
        """Drop the connection without notifying the broker."""
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
        self._open_tags, self._next_tag, self._blocked = {}, 1, False
        link: Any = self._connection.connection
        link.on_blocked, link.on_unblocked = self._on_blocked, self._on_unblocked

    def _hear(self, seconds: float) -> None:
        """Read all frames of the broker, waiting ``seconds`` for the first. Raises _Blocked while the broker is blocked."""
        assert self._connection is not None
        with suppress(TimeoutError):
            self._connection.drain_events(timeout=seconds)
            while True:
                self._connection.drain_events(timeout=0)
        self._connection.heartbeat_check()
        if self._blocked:
            raise _Blocked

    def _send(self, letter: Letter) -> None:
        assert self._connection is not None
        if self._blocked:  # the broker may report it while messages are sent
            raise _Blocked
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
            self._hear(min(left, LOOK_SECONDS))

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False

    def _settled(self, tag: int, multiple: bool) -> list[str]:
        tags = [open_tag for open_tag in self._open_tags if open_tag <= tag] if multiple else [tag]
        return [self._open_tags.pop(one) for one in tags if one in self._open_tags]

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settled(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._nacked.update(self._settled(tag, multiple))

    def _on_return(self, _error: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        # arrives before the ack of the same message
        self._returned[message.properties["message_id"]] = "no queue is bound for it"
