"""The replay: the night's whistles and all that people do about them, moment by moment, until the story is over."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chassis.clock import ManualClock
from cli.demo.acts import Act, Kind
from cli.demo.config import DemoConfig
from cli.demo.observations import Observations
from cli.demo.requests import source
from cli.demo.statistics import Statistics
from contracts.envelope import Event

Progress = Callable[["Replay"], None]
QUIET_BEFORE = timedelta(minutes=10)
"""The time between the registration of the town and the first whistle."""


class Chain(Protocol):
    """The interface of the stack: it takes commands, and passes published events to `Replay.hear` while settling."""

    def settle(self) -> None:
        """Process everything that can be processed at this instant."""

    def next_due(self) -> datetime | None:
        """Return the due time of the next timer; None where none is armed."""

    def file(self, acts: Sequence[Act], now: datetime) -> list[tuple[Act, str]]:
        """Submit commands in this order. Return those that were refused at once, with the reasons."""


@dataclass
class Replay:
    """One replay. ``refused`` are the commands refused to the desk, ``stale`` counts the acts that made no sense any more."""

    demo_config: DemoConfig
    observations: Observations = field(default_factory=Observations)
    statistics: Statistics = field(default_factory=Statistics)
    sent: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[Act, str]] = field(default_factory=list)
    filed: int = 0
    stale: int = 0
    moments: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.began = self.demo_config.whistles[0].at - QUIET_BEFORE
        self.clock = ManualClock(self.began)
        self._acts: list[tuple[datetime, str, Act]] = []

    def hear(self, event: Event) -> None:
        """Pass an event to the observations, the statistics and the people, and plan their actions."""
        self.events += 1
        self.observations.hear(event)
        self.statistics.hear(event)
        self._plan(self.demo_config.people.hear(event))

    def run(self, chain: Chain, progress: Progress = lambda _: None) -> None:
        """Run until nothing is left to wait for, or the time of the replay is over."""
        self._plan(self.demo_config.people.whistles(self.demo_config.whistles))
        end = self.began + self.demo_config.rules.until
        while (moment := self._next(chain)) is not None and moment <= end:
            self.clock.move_to(moment)
            self.moments += 1
            chain.settle()
            while acts := self._due():
                self.refused += chain.file(acts, self.clock.now())
                chain.settle()
            progress(self)

    def _plan(self, acts: list[Act]) -> None:
        for act in acts:
            heapq.heappush(self._acts, (*act.order, act))

    def _next(self, chain: Chain) -> datetime | None:
        """Return the next moment of the grid by which a timer or an act is due."""
        due = [self._acts[0][0]] if self._acts else []
        if (timer := chain.next_due()) is not None:
            due.append(timer)
        return self.demo_config.people.on_grid(min(due)) if due else None

    def _due(self) -> list[Act]:
        """Return the acts to be submitted now that still make sense."""
        due = []
        while self._acts and self._acts[0][0] <= self.clock.now():
            planned = heapq.heappop(self._acts)[2]
            act = self.observations.revalidated(planned)
            if act is None:
                self.stale += 1
                continue
            due.append(act)
            if act.kind is Kind.WHISTLE:
                self.sent.append((source(act.account), act.id))
        self.filed += len(due)
        return due
