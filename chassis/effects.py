"""What a domain method answers: what happened, and what to wait for. Pure data; the unit of work carries it out.

This is the only chassis module that a domain may import.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.payload import EventPayload

_FIELD = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): ")


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """An event to publish: its payload, from which its type follows. ``subject`` is what it is about."""

    payload: EventPayload
    subject: str


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Wake ``subject`` at ``due`` (business time) under ``name``; the domain compares ``generation`` when it rings.

    Arming a name that is armed already moves it.
    """

    subject: str
    name: str
    due: datetime
    generation: int = 0


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer. An optimisation only: one that rings all the same does nothing, by its generation."""

    subject: str
    name: str


Effect = DomainEvent | ArmTimer | CancelTimer


class Effects(tuple[Effect, ...]):
    """Effects in the order they happened. An empty outcome is the explicit no-op of a late fact."""

    __slots__ = ()

    def __new__(cls, *effects: Effect) -> "Effects":
        return super().__new__(cls, effects)

    def __add__(self, other: tuple[Effect, ...]) -> "Effects":  # type: ignore[override]
        return Effects(*self, *other)

    @property
    def events(self) -> list[DomainEvent]:
        """Only what happened."""
        return [effect for effect in self if isinstance(effect, DomainEvent)]


NO_EFFECTS = Effects()


class _Reasoned(Exception):
    """Base of refusals. ``errors`` maps the path of each wrong field to the reason; a reason never repeats a value.

    It is raised with such a mapping, or with one sentence; a sentence that begins with a field's path and a colon
    (``unit: does not mediate``) names that one field.
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
    """A command that can never be right: who sent it is told why, and it is not tried again."""


class Conflict(Refused):
    """A command that another one, or the chain, was faster than: what came first, and when, is told. HTTP answers 409."""


class TooEarly(_Reasoned):
    """A fact whose cause has not arrived yet: it is kept and tried again."""
