"""What a service tells the chassis about itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.persistence import ChassisTables, Mapper
from contracts.envelope import Event

Prefetch = Mapping[type, Callable[[Event], Collection[str]]]
"""By class of aggregate: which of them an event's handler will ask for. A batch locks them in few statements before its first
handler, class by class in this order. It is a hint: what it leaves out is locked when it is asked for, one by one.
"""


@dataclass(frozen=True)
class ServiceDefinition:
    """``name`` is also its broker user, its exchanges' prefix and, with a slash before it, its events' source."""

    name: str
    tables: ChassisTables
    mappers: tuple[Mapper[Any], ...] = ()
    prefetch: Prefetch = field(default_factory=dict)
    timer_aggregates: tuple[type, ...] = ()
    """The classes that timers ring for, each under the timer's subject: the same hint for a batch of timers."""
    external_events: bool = False
    """It takes events from outside: those are checked against the identities file, and their ids stay in its store."""

    @property
    def source(self) -> str:
        """The CloudEvents source of its events."""
        return f"/{self.name}"
