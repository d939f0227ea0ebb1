"""The effects that a domain method returns: events to publish and timers to set. The unit of work applies them.

Effects are pure data. This is the only chassis module that a domain may import.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.payload import EventPayload

_FIELD = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): ")


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """An event to publish. Its type follows from its payload; ``subject`` is the id of the entity that the event is about."""

    payload: EventPayload
    subject: str


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Arm the timer ``name`` of ``subject`` for ``due`` (business time). The domain compares ``generation`` when it fires.

    Arming a timer that is armed already moves it.
    """

    subject: str
    name: str
    due: datetime
    generation: int = 0


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Cancel a timer. This is only an optimisation: a timer that fires nevertheless does nothing, because its generation is
    old."""

    subject: str
    name: str


Effect = DomainEvent | ArmTimer | CancelTimer


class Effects(tuple[Effect, ...]):
    """Effects in the order in which they happened. Empty effects are the explicit no-op of a late fact."""

    __slots__ = ()

    def __new__(cls, *effects: Effect) -> "Effects":
        return super().__new__(cls, effects)

    def __add__(self, other: tuple[Effect, ...]) -> "Effects":  # type: ignore[override]
        return Effects(*self, *other)

    @property
    def events(self) -> list[DomainEvent]:
        """Return only the events."""
        return [effect for effect in self if isinstance(effect, DomainEvent)]


NO_EFFECTS = Effects()


class _Reasoned(Exception):
    """The base of refusals. ``errors`` maps the path of each wrong field to the reason; a reason never repeats a value.

    It is raised with such a mapping, or with one sentence. A sentence that begins with a field's path and a colon (``unit: does
    not mediate``) names that one field.
    """

    def __init__(self, reason: str | Mapping[str, str] = ""):
        if isinstance(reason, str):
            found = _FIELD.match(reason)
            self.errors: dict[str, str] = {found[1]: reason[found.end() :]} if found else {}
            super().__init__(reason)
        else:
            self.errors = dict(reason)
            super().__init__("; ".join(f"{field}: {why}" for field, why in reason.items()))


class Refused(_Reasoned):
    """A command that can never succeed. Its sender gets the reason, and it is not retried."""


class Conflict(Refused):
    """A command that lost to another command or to the chain. The message names the one that came first, and when. HTTP answers
    409."""


class TooEarly(_Reasoned):
    """A fact whose cause has not arrived yet. It is stored and retried."""
