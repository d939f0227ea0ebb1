"""Events over RabbitMQ: plain blocking loops without nameko or eventlet, which run in any thread, green or not.

Each publisher and each consumed queue has its own connection, so that no two loops ever write to one socket.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chassis.messaging.amqp.connection import LOST, connect
from chassis.messaging.amqp.consumer import AmqpConsumer
from chassis.messaging.amqp.dead_letter_drain import AmqpDeadLetterQueue
from chassis.messaging.amqp.publisher import AmqpPublisher
from chassis.messaging.bus import Keep
from chassis.messaging.cloudevents_codec import Message

__all__ = ["LOST", "AmqpBus", "AmqpConsumer", "AmqpDeadLetterQueue", "AmqpPublisher", "connect"]


@dataclass(frozen=True, slots=True)
class AmqpBus:
    """A broker, as seen by one account. ``batch`` and ``prefetch`` count messages, for each consumed queue."""

    url: str
    batch: int = 100
    prefetch: int = 200

    def publisher(self, name: str) -> AmqpPublisher:
        """See `chassis.messaging.bus.Bus.publisher`."""
        return AmqpPublisher(self.url, f"{name}.relay")

    def consumer(
        self,
        queue: str,
        take: Callable[[Sequence[Message]], None],
        probe: Callable[[], None],
        on_state: Callable[[str | None], None],
    ) -> AmqpConsumer:
        """See `chassis.messaging.bus.Bus.consumer`."""
        return AmqpConsumer(self.url, queue, take, probe, on_state, self.batch, self.prefetch)

    def dead_letter_queue(self, name: str, keep: Mapping[str, Keep]) -> AmqpDeadLetterQueue:
        """See `chassis.messaging.bus.Bus.dead_letter_queue`."""
        return AmqpDeadLetterQueue(self.url, f"{name}.dead", keep)
