"""One run of some services: what it took and what it wrote, for the figure and for the floor beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.floors import Task
from bench.sharing import difference
from bench.town import Town
from bench.written import counts, taken


@dataclass(frozen=True)
class Measured:
    """``seconds`` from the first event to the last thing that followed from it; ``tasks`` what each service wrote."""

    seconds: float
    tasks: tuple[Task, ...]


Load = Callable[[], float]
"""Starts a load, and answers when by the machine's clock."""


def timed(town: Town, services: Iterable[str], load: Load, seconds: float = 120) -> float:
    """Seconds from the load's start to the last thing that followed from it, by the services' own rows."""
    began = load()
    return town.rest(*services, seconds=seconds) - began


def measured(town: Town, services: Iterable[str], load: Load, by_amqp: bool = True) -> Measured:
    """The same, with what the services wrote: PostgreSQL takes some ten seconds to tell that."""
    names = tuple(services)
    before = {name: (counts(town.databases[name]), taken(town.databases[name])) for name in names}
    seconds = timed(town, names, load)
    tasks = []
    for name in names:
        rows, events = before[name]
        written = difference(rows, counts(town.databases[name]))
        tasks.append(Task(name, taken(town.databases[name]) - events, written, by_amqp))
    return Measured(seconds, tuple(tasks))
