"""The handler context: the aggregates, effects, time and sender that a handler, a timer or an HTTP command works with."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

from chassis.configuration.identities import Actor
from chassis.effects import DomainEvent, Effect, Refused, TooEarly
from chassis.observability import logs
from chassis.persistence import Hook
from chassis.unit_of_work import UnitOfWork

T = TypeVar("T")


class Missing(TooEarly):
    """The aggregate does not exist. An event that needs it came too early and is retried; an HTTP request gets 404."""


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """A handler's view of the unit of work while it handles one event, one timer or one request.

    ``now`` is business time. ``actor`` is the account that gave the command; None if the chain itself acts or the sender is
    unknown.
    """

    unit: UnitOfWork
    now: datetime
    correlation: str
    causation: str | None = None
    actor: Actor | None = None

    def commander(self) -> Actor:
        """Return the account that gave this command. Raises Refused where the sender is unknown."""
        if self.actor is None:
            raise Refused("sender: no account of that name in the identities file")
        return self.actor

    def for_subject(self, subject: str) -> "HandlerContext":
        """Return a context for effects that belong to another subject and are correlated with it."""
        logs.correlate(subject)
        return replace(self, correlation=subject)

    @property
    def connection(self) -> Connection:
        """Return the transaction's connection, for tables that are not aggregates."""
        return self.unit.connection

    def load(self, cls: type[T], key: str) -> T:
        """Return the aggregate, locked. Raises Missing where there is none."""
        found = self.unit.find(cls, key, self.now)
        if found is None:
            raise Missing(f"no {cls.__name__.lower()} of that id here")
        return found

    def find(self, cls: type[T], key: str) -> T | None:
        """Return the aggregate, locked, or None."""
        return self.unit.find(cls, key, self.now)

    def add(self, aggregate: Any) -> None:
        """Store a new aggregate."""
        self.unit.add(aggregate, self.now)

    def memoize(self, question: Hashable, ask: Callable[[], T]) -> T:
        """Return ``ask()``, called once per transaction for each ``question``."""
        return self.unit.memoize(question, ask)

    def insert(self, table: Table, row: dict[str, Any]) -> None:
        """Insert a row into a table that is not an aggregate's."""
        self.unit.insert(table, row)

    def after_commit(self, hook: Hook) -> None:
        """Call ``hook`` once after the transaction committed. See `UnitOfWork.after_commit`."""
        self.unit.after_commit(hook)

    def apply(self, effects: tuple[Effect, ...]) -> None:
        """Publish the events and set the timers that a domain method returned."""
        for effect in effects:
            if isinstance(effect, DomainEvent):
                self.unit.emit(effect, self.now, self.correlation, self.causation)
            else:
                self.unit.set_timer(effect, self.causation)
