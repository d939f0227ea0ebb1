"""The replay: the night's whistles and all that people do about them, moment by moment, until the story is over."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chassis.clock import ManualClock
from cli.demo.acts import Act, Kind
from cli.demo.known import Known
from cli.demo.requests import source
from cli.demo.scene import Scene
from cli.demo.tally import Tally
from contracts.envelope import Event

Progress = Callable[["Replay"], None]
QUIET_BEFORE = timedelta(minutes=10)
"""The town is there so long before the first whistle."""


class Chain(Protocol):
    """What takes commands, and says what happened to `Replay.hear` while it settles."""

    def settle(self) -> None:
        """Do all that can be done at this instant."""

    def next_due(self) -> datetime | None:
        """When the next timer is due; None where none is armed."""

    def file(self, acts: Sequence[Act], now: datetime) -> list[tuple[Act, str]]:
        """Give commands, in this order; answers those that were refused at once, and why."""


@dataclass
class Replay:
    """One telling. ``refused`` are the commands that the desk was refused, ``stale`` the acts that made no sense any more."""

    scene: Scene
    known: Known = field(default_factory=Known)
    tally: Tally = field(default_factory=Tally)
    sent: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[Act, str]] = field(default_factory=list)
    filed: int = 0
    stale: int = 0
    moments: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.began = self.scene.whistles[0].at - QUIET_BEFORE
        self.clock = ManualClock(self.began)
        self._acts: list[tuple[datetime, str, Act]] = []

    def hear(self, event: Event) -> None:
        """Somebody hears it, and makes up their mind."""
        self.events += 1
        self.known.hear(event)
        self.tally.hear(event)
        self._plan(self.scene.street.hear(event))

    def run(self, chain: Chain, progress: Progress = lambda _: None) -> None:
        """Everything, until nothing is left to wait for or the story is over."""
        self._plan(self.scene.street.whistles(self.scene.whistles))
        end = self.began + self.scene.rules.until
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
        """The next moment of the grid by which a timer or an act is due."""
        due = [self._acts[0][0]] if self._acts else []
        if (timer := chain.next_due()) is not None:
            due.append(timer)
        return self.scene.street.on_grid(min(due)) if due else None

    def _due(self) -> list[Act]:
        """The acts that are to be filed now, and still make sense."""
        due = []
        while self._acts and self._acts[0][0] <= self.clock.now():
            planned = heapq.heappop(self._acts)[2]
            act = self.known.still_sensible(planned)
            if act is None:
                self.stale += 1
                continue
            due.append(act)
            if act.kind is Kind.WHISTLE:
                self.sent.append((source(act.account), act.id))
        self.filed += len(due)
        return due
