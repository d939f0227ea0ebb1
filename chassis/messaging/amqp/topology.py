"""Declaring exchanges, queues and bindings on RabbitMQ, before any relay starts.

A copy for a missing queue would be lost, so one command declares them first, and services check them passively.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kombu import Connection, Exchange, Queue

DELIVERY_LIMIT = 1000
"""The deliveries of a message before it is dead-lettered; RabbitMQ 4 has 20. A consumer that is killed again and again must not
dead-letter innocent prefetched messages."""
NET_LIMIT = 1_000_000
"""A message beyond the dead letter queue's own limit would be lost, and RabbitMQ 4's limit is 20 there too."""


def dead_queue(queue: str) -> str:
    """Return the name of a queue's dead letter queue, which receives the messages that the broker dead-letters."""
    return f"{queue}.dead"


def arguments_of(queue: str, delivery_limit: int = DELIVERY_LIMIT) -> dict[str, Any]:
    """Return the arguments of a queue with a dead letter queue. A message stays in the queue until the dead letter queue has
    it."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # required by that strategy; without a maximum length nothing overflows
    }


def declare(connection: Connection, exchanges: Iterable[str], queues: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Declare durable topic ``exchanges`` and quorum ``queues`` {name: {exchange: [routing keys]}}.

    Declaring an existing exchange or queue changes nothing. Each queue has a dead letter queue, ``<queue>.dead``.
    """
    with connection.channel() as channel:
        for name in exchanges:
            Exchange(name, "topic", durable=True, channel=channel).declare()
        for name, sources in queues.items():
            net = {"x-queue-type": "quorum", "x-delivery-limit": NET_LIMIT}
            Queue(dead_queue(name), durable=True, channel=channel, queue_arguments=net).declare()
            queue = Queue(name, durable=True, channel=channel, queue_arguments=arguments_of(name))
            queue.declare()
            for exchange, keys in sources.items():
                for key in keys:
                    queue.bind_to(Exchange(exchange, "topic"), routing_key=key)
