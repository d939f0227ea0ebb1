"""The envelope every event travels in.

The envelope is CloudEvents 1.0. The attributes the four services add are lower-case letters only, as the specification
asks: ``correlationid`` (the ticket or account the whole story belongs to), ``causationid`` (the event that made
this one, or that armed the timer which did) and ``sequence`` (1, 2, 3 … per source and subject).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from typing_extensions import TypeVar

from contracts.payload import EventPayload

P = TypeVar("P", bound=EventPayload, covariant=True, default=EventPayload)

SEQUENCE_DIGITS = 20
"""``sequence`` is zero-padded so that it also sorts as text, as the CloudEvents sequence extension asks."""


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    """One fact that happened, or one command somebody gave. A bare ``Event`` has a payload of any type.

    ``time`` is business time, always with an offset. ``actor`` is not part of the event: it is who the broker says
    published it, and is None for an event that a service read from its own store.
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
        """The type, which follows from the payload."""
        return self.payload.type
