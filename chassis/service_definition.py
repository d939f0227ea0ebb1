"""The definition of a service: its name, tables, mappers and locking hints."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.persistence import ChassisTables, Mapper
from contracts.envelope import Event

Prefetch = Mapping[type, Callable[[Event], Collection[str]]]
"""For each aggregate class, a function that returns the keys an event's handler will load. A batch locks them in few statements
before its first handler, class by class in this order. It is only a hint: any other aggregate is locked when it is loaded."""


@dataclass(frozen=True)
class ServiceDefinition:
    """A service. ``name`` is also its broker user, its exchanges' prefix and, with a slash before it, its events' source."""

    name: str
    tables: ChassisTables
    mappers: tuple[Mapper[Any], ...] = ()
    prefetch: Prefetch = field(default_factory=dict)
    timer_aggregates: tuple[type, ...] = ()
    """The aggregate classes that timers fire for, with the timer's subject as key: the same hint for a batch of timers."""
    external_events: bool = False
    """True if it takes external events. They are checked against the identities file, and their ids stay in its store."""

    @property
    def source(self) -> str:
        """Return the CloudEvents source of its events."""
        return f"/{self.name}"
