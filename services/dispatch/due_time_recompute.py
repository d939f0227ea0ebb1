"""Recomputation of due times: when the calendar's version changes, running clocks are computed anew and moves are announced.

Each case's row says by which calendar its due times were computed. Whoever runs with the calendar that counts (see
`calendars`) takes the cases of another one, one at a time: due times, events, timers and the row's version change in one
transaction, so that a case that was done is not found again, and one that was not, whatever was killed, is. Other processes
skip a case that is held.

While the calendar does not know a year, due times in it are provisional, counted and alerted; knowing the year is a change of
the calendar like any other.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.handler_context import HandlerContext
from chassis.persistence import Store, StoreConflict, StoreUnavailable
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.providers import ConfigProvider
from chassis.runtime.runtime import Runtime
from chassis.unit_of_work import UnitOfWork
from contracts.codes import Clock, Urgency
from services.dispatch import adopted_calendar
from services.dispatch import store as tables
from services.dispatch.config import DispatchConfig
from services.dispatch.domain import clocks
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.work_calendar import WorkCalendar
from services.dispatch.metrics import DispatchMetrics

log = logging.getLogger(__name__)
LOOK_EVERY = 10.0
"""Seconds of machine time between two looks when there is nothing to do."""


class Watch(Protocol):
    """The metrics that the recomputation reports to."""

    def provisional(self, deadlines: int) -> None:
        """Record how many due times are provisional now."""

    def recomputed(self, outcome: str) -> None:
        """Count a case that was taken; ``outcome`` is ``done`` or ``failed``."""


@dataclass
class Recomputer:
    """Recomputes the due times of one case in each `step`."""

    store: Store
    clock: BusinessClock
    source: str
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    watch: Watch
    _warned: set[int] = field(default_factory=set, init=False)
    _failed: set[str] = field(default_factory=set, init=False)
    """Cases that this process could not compute: each is left to the next start, and harms no other."""
    _adopted: bool = field(default=False, init=False)
    _stands_down: bool = field(default=False, init=False)

    def step(self) -> int:
        """Recompute one outdated case, if any; return the number of cases taken. Raises StoreUnavailable, StoreConflict."""
        with self.store.transaction() as connection:
            awaited = tables.awaited(connection)
            mine = self._counts(connection)
        self._adopted = True
        self._alert(awaited)
        self._warn(mine)
        return self._take_one() if mine else 0

    def _counts(self, connection: Connection) -> bool:
        """Return whether due times are computed by this process's calendar, which is adopted at its first look."""
        if self._adopted:
            return adopted_calendar.counts(connection, self.calendar.version)
        return adopted_calendar.adopt(connection, self.calendar, self.clock.now())

    def _warn(self, mine: bool) -> None:
        if not mine and not self._stands_down:
            log.warning(
                "due times are computed by another calendar, which was started later or knows more years: "
                "start this process again with the same clocks.yaml and the same version",
                extra={"calendar": self.calendar.version},
            )
        self._stands_down = not mine

    def _alert(self, awaited: Mapping[int, int]) -> None:
        """Set the gauge, and warn once of each awaited year that this calendar does not know."""
        self.watch.provisional(sum(awaited.values()))
        unknown = {year for year in awaited if not self.calendar.knows(year)}
        for year in sorted(unknown - self._warned):
            ids = {"year": year, "deadlines": awaited[year], "calendar": self.calendar.version}
            log.warning("due times are provisional: the calendar does not know the holidays of their year", extra=ids)
        self._warned = unknown

    def _take_one(self) -> int:
        taken: list[str] = []
        try:
            with self.store.transaction() as connection:
                unit = UnitOfWork(self.store, connection, self.source)
                id_ = tables.outdated(connection, self.calendar.version, self._failed)
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
        context = CaseContext(tables.directory(unit.connection), self.calendar, self.standards, self.clock.now())
        HandlerContext(unit, context.at, correlation=id_).apply(clocks.recompute(case, context))
        tables.set_calendar(unit.connection, id_, case.calendar)


class DueTimeRecompute(ConfigProvider[DispatchConfig]):
    """Run the recomputation beside the runtime's other loops."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        calendar, standards = self.configured.calendar, self.configured.standards
        metrics, source = DispatchMetrics(runtime.registry), runtime.definition.source
        recomputer = Recomputer(runtime.store, runtime.clock, source, calendar, standards, metrics)
        runtime.add_loop("recompute", recomputer.step, LOOK_EVERY)
