"""The envelope of every event: CloudEvents 1.0 and the extension attributes of the four services.

The names of the extension attributes are lower-case letters only, as the specification requires: ``correlationid`` (the ticket
or account to which the whole story belongs), ``causationid`` (the event that caused this one, or that armed the timer which
caused it) and ``sequence`` (1, 2, 3 … per source and subject).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from typing_extensions import TypeVar

from contracts.payload import EventPayload

P = TypeVar("P", bound=EventPayload, covariant=True, default=EventPayload)

SEQUENCE_DIGITS = 20
"""The digits to which ``sequence`` is zero-padded, so that it also sorts as text, as the CloudEvents sequence extension
requires."""


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    """An event: one fact that happened, or one command that somebody gave. A bare ``Event`` has a payload of any type.

    ``time`` is business time, always with an offset. ``actor`` is not part of the event: it is the publisher that the broker
    validated, and None for an event that a service read from its own store.
    """

    payload: P
    source: str
    subject: str
    id: str
    time: datetime
    correlationid: str | None = None
    causationid: str | None = None
    sequence: int | None = None
    actor: str | None = None

    @property
    def type(self) -> str:
        """Return the event type, which follows from the payload."""
        return self.payload.type
