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


def measured(
    town: Town, services: Iterable[str], run: Callable[[], float], by_amqp: bool = True, seconds: float = 120
) -> Measured:
    """``run`` starts the load and answers when, by the machine's clock; the services' own rows say when they were done."""
    names = tuple(services)
    before = {name: (counts(town.databases[name]), taken(town.databases[name])) for name in names}
    began = run()
    ended = town.rest(*names, seconds=seconds)
    tasks = []
    for name in names:
        rows, events = before[name]
        written = difference(rows, counts(town.databases[name]))
        tasks.append(Task(name, taken(town.databases[name]) - events, written, by_amqp))
    return Measured(ended - began, tuple(tasks))
