"""What a case is made of: assignments, rungs with their mediation or joint action, and clocks. Data, and plain questions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts.codes import Clock, Party, Purpose
from contracts.codes import Step as Step

ORDER = list(Step)


class RungState(StrEnum):
    """How far a level is."""

    OPEN = "open"
    PASSED = "passed"
    """The case moved up, but the level stays responsible until relieved."""
    DONE = "done"


@dataclass
class Assignment:
    """One unit, named for one purpose on one rung. ``actors`` are the accounts that reported in its name."""

    id: str
    to: str
    rung: int
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
        """Whether anything is still asked of it."""
        return self.step not in {Step.DONE, Step.ENDED}

    @property
    def counted_on(self) -> bool:
        """Whether its level still counts on it, or has what it did."""
        return self.step is not Step.ENDED and not (self.given_up and self.open)

    def reached(self, step: Step) -> bool:
        """Whether it is that far."""
        return ORDER.index(self.step) >= ORDER.index(step)


@dataclass
class Mediation:
    """The parties' consents are live: each can be withdrawn at any time."""

    id: str
    mediator: str
    consents: dict[Party, bool]
    sessions: list[str] = field(default_factory=list)
    outcome: str | None = None
    agreed_at: datetime | None = None
    perform_by: datetime | None = None
    perform: str | None = None
    """The span after which performance is looked at, such as 30d; None before the parties agreed."""
    asked: int = 0
    """How often somebody was asked whether what was agreed was done."""

    @property
    def consented(self) -> bool:
        """Whether every party consents now."""
        return all(self.consents.values())


@dataclass
class JointAction:
    """``units`` are all that must finish or be excused; exactly one of them leads."""

    id: str
    lead: str
    units: list[str]
    reported_in: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every unit finished or was excused."""
        return set(self.units) <= set(self.finished) | set(self.excused)


@dataclass
class Rung:
    """A level of the ladder that was opened. ``index`` is its place in the playbook's ladder."""

    index: int
    generation: int
    state: RungState = RungState.OPEN
    mediation: Mediation | None = None
    joint: JointAction | None = None


@dataclass
class Extension:
    """More time that was asked for, once: until when, and since when it is granted. ``decided`` when the supervisor ruled."""

    until: datetime
    decided: bool = False
    granted_at: datetime | None = None


@dataclass
class Running:
    """A clock. ``version`` grows whenever it is armed anew, so that an older timer does nothing.

    ``stage`` counts the marks that it has passed, see `marks`. ``assignment`` is None for a clock of the case.
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
        """Whether the due time is computed anew when the calendar knows more."""
        return self.awaits is not None

    @property
    def escalates(self) -> bool:
        """A level's clock ends with its breach, and the case moves up. All others go on, and call ever higher."""
        return self.assignment is not None and self.clock is not Clock.VERIFY
