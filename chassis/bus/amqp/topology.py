"""Declaring exchanges, queues and bindings on RabbitMQ, before any relay starts.

A copy for a queue that is not there yet vanishes, so this runs first, as one command, and services check it passively.
"""

from collections.abc import Iterable, Mapping

from kombu import Connection, Exchange, Queue

DELIVERY_LIMIT = 1000
"""A consumer that is killed again and again must not take innocent prefetched messages with it: RabbitMQ 4 says 20."""


def declare(connection: Connection, exchanges: Iterable[str], queues: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Declare durable topic ``exchanges`` and quorum ``queues`` {name: {exchange: [routing keys]}}.

    Declaring what is there already changes nothing. Each queue has a safety net, ``<queue>.dead``.
    """
    with connection.channel() as channel:
        for name in exchanges:
            Exchange(name, "topic", durable=True, channel=channel).declare()
        for name, sources in queues.items():
            dead = Queue(f"{name}.dead", durable=True, channel=channel, queue_arguments={"x-queue-type": "quorum"})
            dead.declare()
            queue = Queue(
                name,
                durable=True,
                channel=channel,
                queue_arguments={
                    "x-queue-type": "quorum",
                    "x-delivery-limit": DELIVERY_LIMIT,
                    "x-dead-letter-exchange": "",
                    "x-dead-letter-routing-key": dead.name,
                },
            )
            queue.declare()
            for exchange, keys in sources.items():
                for key in keys:
                    queue.bind_to(Exchange(exchange, "topic"), routing_key=key)
