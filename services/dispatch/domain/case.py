"""The case: who works on a ticket, and by when. One case per ticket; the ticket's id is the case's.

This module holds what a case knows; what happens to it stands beside: `facts` (what the chain says), `reports` (what
responders say) with `endings`, `returns`, `extensions`, `mediating` and `verification`, `rulings` and `pauses` (supervisors),
`ladder` (levels, escalation), `clocks` and `marks`. Each answers an Outcome: a late fact, or one of an older generation, is
an explicit no-op; a command that can never be right raises a named refusal, before anything has changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from chassis.effects import DomainEvent, Refused
from contracts.codes import CaseState as CaseState
from contracts.codes import Purpose, Urgency
from contracts.events import dispatch as say
from contracts.payload import EventPayload
from services.dispatch.domain import police_matter
from services.dispatch.domain.due import Pause
from services.dispatch.domain.parts import Assignment, Rung, RungState, Running, Step
from services.dispatch.domain.playbook import NO_PLAYBOOK, Call, Level, Playbook
from services.dispatch.domain.world import World

UNDER_WAY = frozenset({CaseState.WORKING, CaseState.EXHAUSTED})
"""The matter is not handled yet."""


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
    """A supervisor is to name the unit that does it."""
    verifier_asked: bool = False
    """A supervisor is to name the unit that checks it."""
    parked: bool = False
    """It is paused because its ticket is parked; tickets says when it goes on."""
    ended_at: int = 0
    """Index of the level that ended the work last: rework goes on there."""
    rungs: list[Rung] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    clocks: list[Running] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    history: dict[str, datetime] = field(default_factory=dict)
    """When each `contracts.codes.EarlierFact` happened last to the case."""

    # --- its playbook and ladder

    @property
    def book(self) -> Playbook:
        """The playbook, or the one of a case that none fits: supervisors, and no level."""
        return self.playbook or NO_PLAYBOOK

    def holds(self, level: Level) -> bool:
        """Whether a level is for this case."""
        return level.holds(self.dispute)

    def level(self, rung: Rung) -> Level:
        """The playbook's level of a rung."""
        return self.book.ladder[rung.index]

    def rung(self, index: int) -> Rung:
        """The rung of a level, in this generation. Raises LookupError."""
        return next(rung for rung in self.rungs if rung.index == index and rung.generation == self.generation)

    @property
    def highest(self) -> int:
        """The highest level that was opened in this generation; -1 before the first."""
        return max((rung.index for rung in self.rungs if rung.generation == self.generation), default=-1)

    def open_above(self, rung: Rung) -> bool:
        """Whether a higher level is open already, so that nothing needs to be opened when this one is passed."""
        return any(
            other.index > rung.index and other.state is RungState.OPEN and other.generation == self.generation
            for other in self.rungs
        )

    # --- who works on it

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
            raise NotAssigned(f"unit: has no assignment to {purpose.value} in this case")
        return mine[-1]

    def at_work(self, unit: str) -> Assignment:
        """The unit's latest assignment to handle. Raises NotAssigned."""
        return self.assignment_of(unit, Purpose.HANDLE)

    def handlers(self) -> list[str]:
        """The units that handled this generation."""
        return sorted({a.to for a in self.of_generation(Purpose.HANDLE) if a.step is Step.DONE})

    def handling_actors(self) -> set[str]:
        """The accounts that reported for the units at work on this generation."""
        return {actor for a in self.of_generation(Purpose.HANDLE) for actor in a.actors}

    def find(self, call: Call, world: World, without: Iterable[str] = ()) -> list[str]:
        """Everybody whom a call reaches, in the order of id; for a police matter nobody whom it may never go to."""
        if police_matter.bars(self.category, call.role, world):
            return []
        place = world.directory.places(self.estate, self.area).get(call.of)
        return [one.id for one in world.directory.fitting(call.role, place, self.category, without)]

    def supervisors(self, world: World) -> list[str]:
        """The chain of supervisors, the nearest first."""
        chain = [found for call in self.book.supervisors for found in self.find(call, world)[:1]]
        return list(dict.fromkeys(chain))

    def supervisor(self, world: World) -> str | None:
        """The nearest supervisor; None where the directory names nobody."""
        return next(iter(self.supervisors(world)), None)

    def supervised_by(self, unit: str, world: World) -> None:
        """Raises NotSupervisor unless the unit is one of the chain."""
        if unit not in self.supervisors(world):
            raise NotSupervisor("unit: does not supervise this case")

    # --- its clocks

    @property
    def paused(self) -> bool:
        """Whether the clocks stand still."""
        return bool(self.pauses) and self.pauses[-1].end is None

    def pauses_by(self, at: datetime) -> list[Pause]:
        """The pauses as if the one that lasts ended at this moment: for questions that are asked during a pause."""
        return [pause if pause.end is not None else Pause(pause.start, at) for pause in self.pauses]

    @property
    def provisional(self) -> list[Running]:
        """The live clocks whose due time waits for a calendar that knows more."""
        return [running for running in self.clocks if running.live and running.provisional]

    @property
    def calendar(self) -> str | None:
        """Version of the calendar of all its live clocks; empty where they differ, None where no clock runs."""
        versions = {running.calendar for running in self.clocks if running.live}
        return None if not versions else versions.pop() if len(versions) == 1 else ""

    @property
    def awaits(self) -> int | None:
        """The first year that one of its live clocks waits for the calendar to know; None where every due time is final."""
        return min((running.awaits for running in self.clocks if running.live and running.awaits), default=None)

    # --- saying

    def said(self, payload: EventPayload) -> DomainEvent:
        """Something that happened to this case."""
        return DomainEvent(payload, self.id)

    def stepped(self, kind: type[say.AssignmentStep], assignment: Assignment, actor: str) -> DomainEvent:
        """A step of an assignment, and the account that reported it."""
        return self.reported(kind(assignment=assignment.id, by=assignment.to, actor=actor), assignment)

    def reported(self, step: say.AssignmentStep, assignment: Assignment) -> DomainEvent:
        """A step of an assignment that says more than who reported it."""
        if step.actor not in assignment.actors:
            assignment.actors.append(step.actor)
        return self.said(step)
