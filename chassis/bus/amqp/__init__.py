"""Events over RabbitMQ. No nameko and no eventlet here: plain blocking loops that run in any thread, green or not.

One connection for each publisher and for each consumed queue, so that no two loops ever write to one socket.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chassis.bus import Keep
from chassis.bus.amqp.connection import LOST, connect
from chassis.bus.amqp.consumer import AmqpConsumer
from chassis.bus.amqp.publisher import AmqpPublisher
from chassis.bus.amqp.safety_net import AmqpSafetyNet
from chassis.wire import Message

__all__ = ["LOST", "AmqpBus", "AmqpConsumer", "AmqpPublisher", "AmqpSafetyNet", "connect"]


@dataclass(frozen=True, slots=True)
class AmqpBus:
    """A broker, as one account of it. ``batch`` and ``prefetch`` are messages, for each consumed queue."""

    url: str
    batch: int = 100
    prefetch: int = 200

    def publisher(self, name: str) -> AmqpPublisher:
        """See `chassis.bus.Bus.publisher`."""
        return AmqpPublisher(self.url, f"{name}.relay")

    def consumer(
        self,
        queue: str,
        take: Callable[[Sequence[Message]], None],
        probe: Callable[[], None],
        on_state: Callable[[str | None], None],
    ) -> AmqpConsumer:
        """See `chassis.bus.Bus.consumer`."""
        return AmqpConsumer(self.url, queue, take, probe, on_state, self.batch, self.prefetch)

    def safety_net(self, name: str, keep: Mapping[str, Keep]) -> AmqpSafetyNet:
        """See `chassis.bus.Bus.safety_net`."""
        return AmqpSafetyNet(self.url, f"{name}.dead", keep)
