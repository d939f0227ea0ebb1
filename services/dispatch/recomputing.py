"""Provisional due times: counted and alerted while the calendar does not know their year, computed anew when it does.

A case's row says for which year it waits. Whoever runs with a calendar that knows this year (a newer library, or the
deployment's own file) takes such cases one at a time: due times, events, timers and the row's mark change in one transaction,
so that a case that was done is not found again, and one that was not, whatever was killed, is. Other processes skip a case
that is held. A process with an older calendar never undoes it, since it finds only years that it knows itself.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chassis.clock import BusinessClock
from chassis.nameko import RUNTIME_KEY
from chassis.runtime import Runtime
from chassis.store import Store, StoreConflict, StoreUnavailable
from chassis.work import UnitOfWork, Work
from contracts.codes import Clock, Urgency
from services.dispatch import store as tables
from services.dispatch.config import Config
from services.dispatch.domain import clocks
from services.dispatch.domain.case import Case
from services.dispatch.domain.due import WorkCalendar
from services.dispatch.domain.world import World
from services.dispatch.metrics import DispatchMetrics

log = logging.getLogger(__name__)
LOOK_EVERY = 10.0
"""Seconds of machine time between two looks when there is nothing to do."""


class Watch(Protocol):
    """What the recomputing reports to the metrics."""

    def provisional(self, deadlines: int) -> None:
        """So many due times are provisional now."""

    def recomputed(self, outcome: str) -> None:
        """A case was taken: ``done`` or ``failed``."""


@dataclass
class Recomputer:
    """`step` looks once, and takes one case."""

    store: Store
    clock: BusinessClock
    source: str
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    watch: Watch
    _warned: set[int] = field(default_factory=set, init=False)
    _failed: set[str] = field(default_factory=set, init=False)
    """Cases that this process could not compute: each is left to the next start, and harms no other."""

    def step(self) -> int:
        """Answers how many cases it took, none or one. Raises StoreUnavailable, StoreConflict."""
        with self.store.transaction() as connection:
            awaited = tables.awaited(connection)
        self._alert(awaited)
        known = [year for year in awaited if self.calendar.knows(year)]
        return self._take_one(known) if known else 0

    def _alert(self, awaited: Mapping[int, int]) -> None:
        """The gauge always; a warning when a year begins to be waited for that this calendar does not know."""
        self.watch.provisional(sum(awaited.values()))
        unknown = {year for year in awaited if not self.calendar.knows(year)}
        for year in sorted(unknown - self._warned):
            ids = {"year": year, "deadlines": awaited[year], "calendar": self.calendar.version}
            log.warning("due times are provisional: the calendar does not know the holidays of their year", extra=ids)
        self._warned = unknown

    def _take_one(self, years: list[int]) -> int:
        taken: list[str] = []
        try:
            with self.store.transaction() as connection:
                unit = UnitOfWork(self.store, connection, self.source)
                id_ = tables.awaiting(connection, years, self._failed)
                if id_ is None:
                    return 0
                taken.append(id_)
                self._recompute(id_, unit)
                unit.flush()
        except (StoreConflict, StoreUnavailable):
            raise
        except Exception:
            log.exception("due times could not be computed anew", extra={"subject": taken[0] if taken else None})
            self._failed.update(taken)
            self.watch.recomputed("failed")
            return 1 if taken else 0
        self.watch.recomputed("done")
        return 1

    def _recompute(self, id_: str, unit: UnitOfWork) -> None:
        case = unit.find(Case, id_)
        if case is None:
            return
        world = World(tables.directory(unit.connection), self.calendar, self.standards, self.clock.now())
        outcome = clocks.recompute(case, world, lambda running: running.provisional)
        Work(unit, world.at, correlation=id_).apply(outcome)


class Recomputing(Config):
    """Runs it beside the runtime's other loops."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        calendar, standards = self.configured.calendar, self.configured.standards
        metrics, source = DispatchMetrics(runtime.registry), runtime.definition.source
        recomputer = Recomputer(runtime.store, runtime.clock, source, calendar, standards, metrics)
        runtime.add_loop("recompute", recomputer.step, LOOK_EVERY)
