"""The replay: the night's whistles and all that people do about them, moment by moment, until the story is over."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chassis.clock import ManualClock
from cli.demo.acts import Act, Kind
from cli.demo.known import Known
from cli.demo.requests import source
from cli.demo.scene import Scene
from cli.demo.stage import Stage
from cli.demo.tally import Tally
from contracts.envelope import Event

Progress = Callable[["Replay"], None]


@dataclass
class Replay:
    """One telling. ``refused`` are the commands that the desk was refused, ``stale`` the acts that made no sense any more."""

    scene: Scene
    clock: ManualClock
    known: Known = field(default_factory=Known)
    tally: Tally = field(default_factory=Tally)
    sent: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[Act, str]] = field(default_factory=list)
    filed: int = 0
    stale: int = 0
    moments: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.began = self.clock.now()
        self._acts: list[tuple[datetime, str, Act]] = []

    def hear(self, event: Event) -> None:
        """Somebody hears it, and makes up their mind."""
        self.events += 1
        self.known.hear(event)
        self.tally.hear(event)
        self._plan(self.scene.street.hear(event))

    def run(self, stage: Stage, progress: Progress) -> None:
        """Everything, until nothing is left to wait for or the story is over."""
        self._plan(self.scene.street.whistles(self.scene.whistles))
        end = self.clock.now() + self.scene.rules.until
        while (moment := self._next(stage)) is not None and moment <= end:
            self.clock.move_to(moment)
            self.moments += 1
            stage.conductor.settle()
            while acts := self._due():
                self.refused += stage.file(acts, self.clock.now())
                stage.conductor.settle()
            progress(self)

    def _plan(self, acts: list[Act]) -> None:
        for act in acts:
            heapq.heappush(self._acts, (*act.order, act))

    def _next(self, stage: Stage) -> datetime | None:
        """The next moment of the grid by which a timer or an act is due."""
        due = [self._acts[0][0]] if self._acts else []
        if (timer := stage.conductor.next_due()) is not None:
            due.append(timer)
        return on_grid(min(due), self.scene.rules.grid) if due else None

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


def on_grid(moment: datetime, grid: timedelta) -> datetime:
    """The first moment of the grid that is not before this one."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    return start + -((start - moment) // grid) * grid
