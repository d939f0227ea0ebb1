"""Declaring exchanges, queues and bindings on RabbitMQ, before any relay starts.

A copy for a queue that is not there yet vanishes, so this runs first, as one command, and services check it passively.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kombu import Connection, Exchange, Queue

DELIVERY_LIMIT = 1000
"""A consumer that is killed again and again must not take innocent prefetched messages with it: RabbitMQ 4 says 20."""
NET_LIMIT = 1_000_000
"""Nothing lies behind the safety net: what is beyond its own limit would be gone, and RabbitMQ 4 says 20 there too."""


def dead_queue(queue: str) -> str:
    """The safety net of a queue: what the broker gives up ends there."""
    return f"{queue}.dead"


def arguments_of(queue: str, delivery_limit: int = DELIVERY_LIMIT) -> dict[str, Any]:
    """How a queue over its safety net is declared. What falls is kept in the queue until it is safe in the net."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # which that strategy asks for; there is no length that could overflow
    }


def declare(connection: Connection, exchanges: Iterable[str], queues: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Declare durable topic ``exchanges`` and quorum ``queues`` {name: {exchange: [routing keys]}}.

    Declaring what is there already changes nothing. Each queue has a safety net, ``<queue>.dead``.
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
