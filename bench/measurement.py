"""One measured run of some services: its duration, and the rows that it wrote.

Each benchmark runs its own warm-up before, with `timed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.database_counts import counts, taken
from bench.deployment import BenchDeployment
from bench.floor_runner import Task
from bench.row_allocation import difference


@dataclass(frozen=True)
class Measured:
    """A measured run. ``seconds`` from the first event to the last effect; ``tasks`` are each service's rows."""

    seconds: float
    tasks: tuple[Task, ...]


Load = Callable[[], float]
"""Starts a load, and returns the start by the machine's clock."""


def timed(town: BenchDeployment, services: Iterable[str], load: Load, seconds: float = 120) -> float:
    """Return the seconds from the load's start to its last effect, by the services' own rows."""
    began = load()
    return town.rest(*services, seconds=seconds) - began


def measured(town: BenchDeployment, services: Iterable[str], load: Load, by_amqp: bool = True) -> Measured:
    """Return the duration and the written rows, for whose counts PostgreSQL needs some ten seconds."""
    names = tuple(services)
    before = {name: (counts(town.databases[name]), taken(town.databases[name])) for name in names}
    seconds = timed(town, names, load)
    tasks = []
    for name in names:
        rows, events = before[name]
        written = difference(rows, counts(town.databases[name]))
        tasks.append(Task(name, taken(town.databases[name]) - events, written, by_amqp))
    return Measured(seconds, tuple(tasks))
