"""Draining the broker's dead letter queues, ``<queue>.dead``, into the store, where operators see the messages."""

from collections.abc import Mapping
from typing import Any

import amqp
from kombu import Connection

from chassis.command_line import as_typed
from chassis.messaging.amqp.connection import LOST, connect
from chassis.messaging.amqp.consumer import message_of
from chassis.messaging.amqp.topology import dead_queue
from chassis.messaging.bus import BusUnavailable, DeadLetteredMessage, Keep

BATCH = 100
_REASONS = {"rejected", "expired", "maxlen", "delivery_limit"}
"""The broker's reasons. Only these are copied from ``x-death``: a sender may have written that header, too."""


class AmqpDeadLetterQueue:
    """Reads the dead letter queues with a new connection each time: they are seldom used, so no connection has to be kept
    alive."""

    def __init__(self, url: str, name: str, keep: Mapping[str, Keep]):
        self._url, self._name, self._keep = url, name, keep

    def drain(self) -> int:
        """See `chassis.messaging.bus.DeadLetterQueue.drain`. Takes at most `BATCH` messages of each queue."""
        try:
            connection = connect(self._url, self._name)
            try:
                count = sum(self._drain(connection, queue) for queue in self._keep)
                connection.release()
                return count
            finally:
                # messages taken and not acked return to the queue
                connection.collect()
        except LOST as wrong:
            hint = f"; run `{as_typed('topology')}`" if isinstance(wrong, amqp.NotFound) else ""
            raise BusUnavailable(f"the broker is unavailable: {type(wrong).__name__}{hint}") from wrong

    def _drain(self, connection: Connection, queue: str) -> int:
        channel = connection.channel()
        channel.auto_decode = False
        received: list[Any] = []
        while len(received) < BATCH and (message := channel.basic_get(dead_queue(queue))) is not None:
            received.append(message)
        if received:
            self._keep[queue]([DeadLetteredMessage(message_of(one), _why(queue, one)) for one in received])
            channel.basic_ack(received[-1].delivery_tag, multiple=True)
        channel.close()
        return len(received)


def _why(queue: str, received: Any) -> str:
    deaths = (received.properties.get("application_headers") or {}).get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else {}
    reason, count = latest.get("reason"), latest.get("count")
    told = reason if reason in _REASONS else "reason unknown"
    return f"the broker gave it up: {told}, count {count if isinstance(count, int) else 'unknown'}, queue {queue}"
