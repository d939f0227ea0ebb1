"""The bus interface for events between services: RabbitMQ or an embedded bus. The other packages use only `Bus`."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chassis.messaging.cloudevents_codec import Message


class BusUnavailable(Exception):
    """The bus cannot be reached or does not confirm. This is an outage and never counts as a message's failed attempt."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and its exchange. If it is ``mandatory``, a missing queue is an error."""

    event_id: str
    exchange: str
    type: str
    message: Message
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The events of a batch that the broker did not confirm: returned or nacked. It has stored every other event."""

    returned: Mapping[str, str] = field(default_factory=dict)
    """{event id: reason}: no queue is bound for the event. Publishing it again does not help until that is corrected."""
    nacked: frozenset[str] = frozenset()
    """Event ids that the bus could not take, for instance while a queue has no leader. They are published again."""

    def __contains__(self, event_id: str) -> bool:
        return event_id in self.returned or event_id in self.nacked


ALL_CONFIRMED = Unconfirmed()


class Publisher(Protocol):
    """A publisher of letters to the bus."""

    def publish(self, letters: Sequence[Letter]) -> Unconfirmed:
        """Publish letters. Return those not confirmed when the bus has confirmed, returned or nacked each.

        Raises BusUnavailable if the outcome of any letter is unknown; then the bus may have taken any of them.
        """

    def keep_alive(self) -> None:
        """Keep the connection alive. Called a few times a second while there is nothing to publish. Never raises."""

    def close(self) -> None:
        """Close the connection; the next `publish` opens another."""


class Consumer(Protocol):
    """A consumer of one queue."""

    redelivered: int
    """The number of received messages that the bus marked as redelivered."""

    def run(self, stop: threading.Event) -> None:
        """Consume until ``stop`` is set, through every outage; then settle what was delivered and return."""


@dataclass(frozen=True, slots=True)
class DeadLetteredMessage:
    """A message that the bus dead-lettered. ``why`` is a text of this project: no part of it is the sender's."""

    message: Message
    why: str


Keep = Callable[[Sequence[DeadLetteredMessage]], None]
"""Stores messages, and returns when each message's row is committed. Raises StoreUnavailable; then none may be acked."""


class DeadLetterQueue(Protocol):
    """The dead letter queues of the bus."""

    def drain(self) -> int:
        """Hand over the messages in the queues and remove them. Return how many messages.

        Raises BusUnavailable, and what `Keep` raises: then the messages stay in the queues.
        """


class Bus(Protocol):
    """A bus, as seen by one account."""

    def publisher(self, name: str) -> Publisher:
        """Return a publisher for the events of the service ``name``."""

    def consumer(
        self,
        queue: str,
        take: Callable[[Sequence[Message]], None],
        probe: Callable[[], None],
        on_state: Callable[[str | None], None],
    ) -> Consumer:
        """Return a consumer of one queue.

        ``take`` returns when every message's row is committed. While it raises StoreUnavailable nothing is settled, and the
        messages are held, until ``probe`` succeeds. ``on_state`` gets the reason why the consumer cannot work, None if it
        works.
        """

    def dead_letter_queue(self, name: str, keep: Mapping[str, Keep]) -> DeadLetterQueue | None:
        """Return the dead letter queues of the queues in ``keep``, each with the function that stores its messages; None if the
        bus has none."""
