"""The case: who works on a ticket, and by when. One case per ticket; the ticket's id is the case's.

This module holds what a case knows; what happens to it stands beside: `ladder` (levels, escalation), `reports` (what responders
say), `mediation`, `joint`, `clocks`, `facts` (what the chain says). Each answers an Outcome: a late fact, or one of an older
generation, is an explicit no-op; a command that can never be right raises a named refusal.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chassis.outcome import Happened, Refused
from contracts.codes import Clock, Party, Purpose, Urgency
from contracts.envelope import EventSchema
from services.dispatch.domain.due import Pause
from services.dispatch.domain.playbook import Call, Level, Playbook
from services.dispatch.domain.world import World


class CaseState(StrEnum):
    """Where the work stands."""

    WORKING = "working"
    COMPLETED = "completed"
    VERIFIED = "verified"
    EXHAUSTED = "exhausted"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """How far an assignment is, in order."""

    MADE = "made"
    SIGNED = "signed"
    CONTACTED = "contacted"
    REPORTED_IN = "reported_in"
    DONE = "done"
    ENDED = "ended"
    """Returned, handed up, relieved, or excused: nothing more is asked of it."""


ORDER = list(Step)


class RungState(StrEnum):
    """How far a level is."""

    OPEN = "open"
    PASSED = "passed"
    """The case moved up, but the level stays responsible until relieved."""
    DONE = "done"


class NotAssigned(Refused):
    """The unit is not at work on this case."""


class MayNotSpeak(Refused):
    """The account does not speak for the unit it names."""


class SelfVerification(Refused):
    """Who handled it may not verify it: neither the unit nor the account that reported it handled."""


class NotSupervisor(Refused):
    """Only a supervisor of the case rules, excuses, pauses and grants."""


class NotNow(Refused):
    """A command that does not fit where the case stands."""


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

    @property
    def open(self) -> bool:
        """Whether anything is still asked of it."""
        return self.step not in {Step.DONE, Step.ENDED}

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
    perform_by: datetime | None = None

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
class Running:
    """A clock. ``version`` grows whenever it is armed anew, so that an older timer does nothing.

    ``stage`` counts what has happened: 0 set, 1 urged at half, 2 urged at four fifths, 3 breached, 4 reported up, 5 and more:
    the top of the chain is called, and stays called.
    """

    key: str
    clock: Clock
    assignment: str | None
    rule: str
    start: datetime
    due: datetime
    provisional: bool
    live: bool = True
    stage: int = 0
    version: int = 1
    extended: bool = False
    asked: datetime | None = None


@dataclass
class Case:
    """The work on one ticket. ``playbook`` is the snapshot it started with; None where no playbook fitted."""

    id: str
    category: str
    area: str
    estate: str | None
    urgency: Urgency
    dispute: bool
    opened_at: datetime
    playbook: Playbook | None
    state: CaseState = CaseState.WORKING
    generation: int = 1
    returns: int = 0
    ruling_asked: bool = False
    ended_at: int = 0
    """Index of the level that ended the work last: rework goes on there."""
    rungs: list[Rung] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    clocks: list[Running] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)

    # --- questions that several modules ask

    def level(self, rung: Rung) -> Level:
        """The playbook's level of a rung."""
        assert self.playbook is not None
        return self.playbook.ladder[rung.index]

    def rung(self, index: int) -> Rung:
        """The rung of a level, in this generation. Raises LookupError."""
        return next(rung for rung in self.rungs if rung.index == index and rung.generation == self.generation)

    @property
    def highest(self) -> int:
        """The highest level that was opened in this generation; -1 before the first."""
        return max((rung.index for rung in self.rungs if rung.generation == self.generation), default=-1)

    @property
    def paused(self) -> bool:
        """Whether the clocks stand still."""
        return bool(self.pauses) and self.pauses[-1].end is None

    def of_generation(self, purpose: Purpose) -> list[Assignment]:
        """This generation's assignments for a purpose."""
        return [a for a in self.assignments if a.purpose is purpose and a.generation == self.generation]

    def on_rung(self, rung: Rung) -> list[Assignment]:
        """This generation's assignments to handle on a rung."""
        return [a for a in self.of_generation(Purpose.HANDLE) if a.rung == rung.index]

    def assignment_of(self, unit: str, purpose: Purpose) -> Assignment:
        """The unit's latest assignment. Raises NotAssigned."""
        mine = [a for a in self.of_generation(purpose) if a.to == unit]
        if not mine:
            raise NotAssigned(f"unit: {unit!r} has no assignment to {purpose.value} in this case")
        return mine[-1]

    def handlers(self) -> list[str]:
        """The units that handled this generation."""
        return sorted({a.to for a in self.of_generation(Purpose.HANDLE) if a.step is Step.DONE})

    def handling_actors(self) -> set[str]:
        """The accounts that reported for the units at work on this generation."""
        return {actor for a in self.of_generation(Purpose.HANDLE) for actor in a.actors}

    def find(self, call: Call, world: World, without: list[str] | None = None) -> list[str]:
        """Everybody whom a call reaches, in the order of id."""
        place = world.directory.places(self.estate, self.area).get(call.of)
        return [one.id for one in world.directory.fitting(call.role, place, self.category, without or ())]

    def supervisors(self, world: World) -> list[str]:
        """The chain of supervisors, the nearest first."""
        if self.playbook is None:
            return []
        chain = [found for call in self.playbook.supervisors for found in self.find(call, world)[:1]]
        return list(dict.fromkeys(chain))

    def said(self, schema: type[EventSchema], **data: object) -> Happened:
        """Something that happened to this case."""
        return Happened(schema, self.id, data)

    def stepped(self, schema: type[EventSchema], assignment: Assignment, actor: str, **data: object) -> Happened:
        """A step of an assignment, and the account that reported it."""
        if actor not in assignment.actors:
            assignment.actors.append(actor)
        return self.said(schema, assignment=assignment.id, by=assignment.to, actor=actor, **data)
