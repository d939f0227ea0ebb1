"""The ways events travel between services: over RabbitMQ, or within one process. What is built on top knows only `Bus`."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chassis.messaging.cloudevents_codec import Message


class BusUnavailable(Exception):
    """The bus cannot be reached or does not confirm. An outage, never a message's failed attempt."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and where it goes. ``mandatory``: that nobody listens is an error."""

    event_id: str
    exchange: str
    type: str
    message: Message
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The events of a batch that the broker did not confirm: returned or nacked. It has stored every other event."""

    returned: Mapping[str, str] = field(default_factory=dict)
    """{event id: why}: no queue is bound for it. Publishing it again cannot help before somebody has mended that."""
    nacked: frozenset[str] = frozenset()
    """Event ids that the bus could not take just now, as while a queue has no leader: to be published again."""

    def __contains__(self, event_id: str) -> bool:
        return event_id in self.returned or event_id in self.nacked


ALL_CONFIRMED = Unconfirmed()


class Publisher(Protocol):
    """Hands letters to the bus."""

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """Return when the bus has confirmed, returned or nacked each letter; answers those that it did not confirm.

        Raises BusUnavailable when that cannot be said of all; then any of them may have been taken.
        """

    def keep_alive(self) -> None:
        """Called a few times a second while there is nothing to publish. Never raises."""

    def close(self) -> None:
        """Let go of the connection; the next `publish` opens another."""


class Consumer(Protocol):
    """Takes what arrives on one queue."""

    redelivered: int
    """So many messages came that the bus says it has delivered before."""

    def run(self, stop: threading.Event) -> None:
        """Consume until ``stop`` is set, through every outage; then settle what was delivered and return."""


@dataclass(frozen=True, slots=True)
class DeadLetteredMessage:
    """A message that the bus could not get rid of, and why, in words of ours: nothing of it is the sender's."""

    message: Message
    why: str


Keep = Callable[[Sequence[DeadLetteredMessage]], None]
"""Returns when each message's row is committed. Raises StoreUnavailable; then none may be let go of."""


class DeadLetterQueue(Protocol):
    """Where messages end that the bus gave up."""

    def drain(self) -> int:
        """Hand over what lies there and let go of it; answers how many messages.

        Raises BusUnavailable, and what `Keep` raises: then the messages stay where they are.
        """


class Bus(Protocol):
    """A way for events to travel, as one account of it."""

    def publisher(self, name: str) -> Publisher:
        """A publisher for what the service ``name`` says."""

    def consumer(
        self,
        queue: str,
        take: Callable[[Sequence[Message]], None],
        probe: Callable[[], None],
        on_state: Callable[[str | None], None],
    ) -> Consumer:
        """A consumer of one queue.

        ``take`` returns when every message's row is committed. While it raises StoreUnavailable nothing is settled, and the
        messages are kept, until ``probe`` succeeds. ``on_state`` is told what keeps the consumer from working, None if nothing.
        """

    def dead_letter_queue(self, name: str, keep: Mapping[str, Keep]) -> DeadLetterQueue | None:
        """The safety net of queues, each with who keeps what fell off it. None where the bus never gives up."""
