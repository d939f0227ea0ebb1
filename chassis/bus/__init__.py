"""The ways events travel between services. What is built on top knows `Publisher` and nothing of a broker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.wire import Message


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


class Publisher(Protocol):
    """Hands letters to the bus."""

    def publish(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Return when each letter is safe on the bus or refused; answers {event id: why} of the refused.

        Raises BusUnavailable when that cannot be said of all; then any of them may have been taken.
        """

    def keep_alive(self) -> None:
        """Called a few times a second while there is nothing to publish. Never raises."""

    def close(self) -> None:
        """Let go of the connection; the next `publish` opens another."""
