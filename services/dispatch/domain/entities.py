"""The parts of a case: assignments, level runs and clocks. Data, and plain questions about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts.codes import Clock, Purpose
from contracts.codes import Step as Step

ORDER = list(Step)


class LevelRunState(StrEnum):
    """The progress of a level run."""

    OPEN = "open"
    PASSED = "passed"
    """The case moved up, but the level stays responsible until relieved."""
    DONE = "done"


@dataclass
class Assignment:
    """An assignment names one unit for one purpose at one level. ``actors`` are the accounts that reported in its name."""

    id: str
    to: str
    level_index: int
    level: str
    purpose: Purpose
    generation: int
    made_at: datetime
    step: Step = Step.MADE
    actors: list[str] = field(default_factory=list)
    contacted: bool = False
    given_up: bool = False
    """It handed up, or a clock of it ran out: its level no longer counts on it, but its late work still counts."""
    history: dict[str, datetime] = field(default_factory=dict)
    """When each `contracts.codes.EarlierFact` happened last to it."""
    ruled: bool = False
    """A supervisor's ruling named it: it ends the work alone, whatever the level asks of others."""

    @property
    def open(self) -> bool:
        """Return whether anything is still asked of it."""
        return self.step not in {Step.DONE, Step.ENDED}

    @property
    def counted_on(self) -> bool:
        """Return whether its level still counts on it, or has what it did."""
        return self.step is not Step.ENDED and not (self.given_up and self.open)

    def reached(self, step: Step) -> bool:
        """Return whether it got as far as a step, or farther."""
        return ORDER.index(self.step) >= ORDER.index(step)


@dataclass
class LevelRun:
    """A level run is one opening of a level in one generation. ``index`` is the level's place in the playbook's ladder."""

    index: int
    generation: int
    state: LevelRunState = LevelRunState.OPEN
    response_state: object | None = None
    """The state that the level's response keeps, of its `state_class`; None for a response that keeps none."""


@dataclass
class Extension:
    """An extension is more time that a unit asked for: until when, and since when it is granted.

    ``decided`` is True once the supervisor ruled.
    """

    until: datetime
    decided: bool = False
    granted_at: datetime | None = None


@dataclass
class Running:
    """A clock of a case or of an assignment. ``version`` grows whenever it is armed anew, so that an older timer does nothing.

    ``stage`` counts the stages that it has passed, see `deadline_stages`. ``assignment`` is None for a clock of the case.
    """

    key: str
    clock: Clock
    assignment: str | None
    rule: str
    start: datetime
    due: datetime
    awaits: int | None = None
    """The first year that the calendar did not know when the due time was computed; None where it is final."""
    live: bool = True
    stage: int = 0
    version: int = 1
    extension: Extension | None = None
    calendar: str = ""
    """Version of the calendar by which the due time was computed; empty for a clock that is older than this field."""

    @property
    def provisional(self) -> bool:
        """Return whether the due time is computed anew when the calendar knows more."""
        return self.awaits is not None

    @property
    def escalates(self) -> bool:
        """A level's clock ends with its breach, and the case moves up. All others go on, and call ever higher."""
        return self.assignment is not None and self.clock is not Clock.VERIFY
