"""A case is the work on one ticket: who works on it, and by when. The ticket's id is the case's.

This module holds the state of a case, and the changes of it with their events. The rules by which a case changes stand
beside it: `ticket_reactions` (events of tickets, timers), `commands` with `returns`, `extensions`, `verification`, `rulings`
and `pauses`, `responses` (what a level does), `ladder` (levels, escalation), `clocks` and `deadline_stages`. Each returns an
Outcome: a late fact, or one of an older generation, is an explicit no-op; a command that can never be right raises a named
refusal, before anything has changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from chassis.effects import DomainEvent, Refused
from contracts import codes
from contracts.codes import CaseState as CaseState
from contracts.codes import Purpose, Urgency
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch.domain import police_matter
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, LevelRunState, Running, Step
from services.dispatch.domain.playbook import NO_PLAYBOOK, Call, Level, Playbook
from services.dispatch.domain.work_calendar import Pause

UNDER_WAY = frozenset({CaseState.WORKING, CaseState.EXHAUSTED})
"""The matter is not handled yet."""


class NotAssigned(Refused):
    """The unit has no assignment in this case."""


class MayNotSpeak(Refused):
    """The account does not speak for the unit it names."""


class SelfVerification(Refused):
    """The verifier handled the matter itself: as the unit, or as the account that reported it handled."""


class NotSupervisor(Refused):
    """The unit is no supervisor of the case; only they rule, excuse, pause and grant."""


class NotNow(Refused):
    """The command does not fit the state of the case."""


@dataclass
class Case:
    """A case. ``playbook`` is the snapshot it started with; None where no playbook fitted."""

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
    level_runs: list[LevelRun] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    clocks: list[Running] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    history: dict[str, datetime] = field(default_factory=dict)
    """When each `contracts.codes.EarlierFact` happened last to the case."""

    # --- its playbook and ladder

    @property
    def playbook_or_default(self) -> Playbook:
        """The playbook, or the one of a case that none fits: supervisors, and no level."""
        return self.playbook or NO_PLAYBOOK

    def holds(self, level: Level) -> bool:
        """Return whether a level is for this case."""
        return level.holds(self.dispute)

    def level(self, run: LevelRun) -> Level:
        """Return the playbook's level of a level run of this generation."""
        return self.playbook_or_default.ladder[run.index]

    def level_run(self, index: int) -> LevelRun:
        """Return the run of a level in this generation. Raises LookupError."""
        return next(run for run in self.level_runs if run.index == index and run.generation == self.generation)

    @property
    def highest(self) -> int:
        """The index of the highest level that was opened in this generation; -1 before the first."""
        return max((run.index for run in self.level_runs if run.generation == self.generation), default=-1)

    def open_above(self, run: LevelRun) -> bool:
        """Return whether a higher level is open already, so that nothing needs to be opened when this one is left."""
        return any(
            other.index > run.index and other.state is LevelRunState.OPEN and other.generation == self.generation
            for other in self.level_runs
        )

    # --- who works on it

    def of_generation(self, purpose: Purpose) -> list[Assignment]:
        """Return this generation's assignments for a purpose."""
        return [a for a in self.assignments if a.purpose is purpose and a.generation == self.generation]

    def assignments_on(self, run: LevelRun) -> list[Assignment]:
        """Return this generation's assignments to handle on a level run."""
        return [a for a in self.of_generation(Purpose.HANDLE) if a.level_index == run.index]

    def assignment_of(self, unit: str, purpose: Purpose) -> Assignment:
        """Return the unit's latest assignment. Raises NotAssigned."""
        mine = [a for a in self.of_generation(purpose) if a.to == unit]
        if not mine:
            raise NotAssigned(f"unit: has no assignment to {purpose.value} in this case")
        return mine[-1]

    def at_work(self, unit: str) -> Assignment:
        """Return the unit's latest assignment to handle. Raises NotAssigned."""
        return self.assignment_of(unit, Purpose.HANDLE)

    def handlers(self) -> list[str]:
        """Return the units that handled this generation."""
        return sorted({a.to for a in self.of_generation(Purpose.HANDLE) if a.step is Step.DONE})

    def handling_actors(self) -> set[str]:
        """Return the accounts that reported for the units at work on this generation."""
        return {actor for a in self.of_generation(Purpose.HANDLE) for actor in a.actors}

    def find(self, call: Call, context: CaseContext, without: Iterable[str] = ()) -> list[str]:
        """Return the units that a call reaches, in the order of id; of a police matter none that it may never go to."""
        if police_matter.bars(self.category, call.role, context):
            return []
        place = context.directory.places(self.estate, self.area).get(call.of)
        return [one.id for one in context.directory.fitting(call.role, place, self.category, without)]

    def supervisors(self, context: CaseContext) -> list[str]:
        """Return the chain of supervisors, the nearest first."""
        chain = [found for call in self.playbook_or_default.supervisors for found in self.find(call, context)[:1]]
        return list(dict.fromkeys(chain))

    def supervisor(self, context: CaseContext) -> str | None:
        """Return the nearest supervisor; None where the directory names nobody."""
        return next(iter(self.supervisors(context)), None)

    def supervised_by(self, unit: str, context: CaseContext) -> None:
        """Check that the unit is one of the supervisors. Raises NotSupervisor."""
        if unit not in self.supervisors(context):
            raise NotSupervisor("unit: does not supervise this case")

    # --- its clocks

    @property
    def paused(self) -> bool:
        """Return whether the clocks stand still."""
        return bool(self.pauses) and self.pauses[-1].end is None

    def pauses_by(self, at: datetime) -> list[Pause]:
        """Return the pauses as if the one that lasts ended at this moment: for questions that are asked during a pause."""
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

    # --- changes of its state, each with the event that announces it

    def escalated(self, below: int, index: int, cause: codes.EscalationCause) -> DomainEvent:
        """Announce that the case moves up from one level of the ladder to another."""
        ladder = self.playbook_or_default.ladder
        return self.said(events.CaseEscalated(level=ladder[index].level, below=ladder[below].level, cause=cause))

    def exhaust(self, cause: codes.ExhaustionCause, supervisor: str | None) -> DomainEvent:
        """Wait for a supervisor's ruling, since no level is left."""
        self.state = CaseState.EXHAUSTED
        return self.said(events.CaseExhausted(cause=cause, supervisor=supervisor))

    def complete(self, run: LevelRun, ending: codes.Outcome) -> DomainEvent:
        """End the work of this generation by a level run."""
        self.state, self.ended_at, self.ruling_asked = CaseState.COMPLETED, run.index, False
        run.state = LevelRunState.DONE
        return self.said(
            events.CaseCompleted(
                level=self.level(run).level,
                rung=run.index + 1,
                outcome=ending,
                generation=self.generation,
                handled_by=self.handlers(),
            )
        )

    def withdraw(self, cause: str) -> DomainEvent:
        """End the case without a result: its ticket was rejected, merged or cancelled."""
        self.state = CaseState.WITHDRAWN
        return self.said(events.CaseWithdrawn(cause=cause))

    def pause(self, review_at: datetime, at: datetime) -> DomainEvent:
        """Let the clocks stand still from now on."""
        self.pauses.append(Pause(at, None))
        return self.said(events.CasePaused(review_at=review_at))

    def resume(self, at: datetime) -> DomainEvent:
        """End the pause that lasts."""
        self.parked = False
        self.pauses[-1] = Pause(self.pauses[-1].start, at)
        level = self.level(self.level_run(self.highest)).level if self.highest >= 0 else "none"
        return self.said(events.CaseResumed(level=level, generation=self.generation))

    def work_again(self, generation: int) -> DomainEvent:
        """Begin a new generation of the work at the level that ended the last one."""
        self._begin_generation(generation)
        level = self.playbook_or_default.ladder[self.ended_at].level
        return self.said(events.CaseResumed(level=level, generation=generation))

    def reroute(self, generation: int, start: int, first: int) -> DomainEvent:
        """Begin a new generation of the work by another category; ``first`` is the level from ``start`` on that is for it."""
        self._begin_generation(generation)
        self.ended_at = start
        return self._rerouted(first)

    def renumber(self, generation: int) -> DomainEvent:
        """Let the work that is under way go on as a new generation, by another category."""
        now: list[LevelRun | Assignment] = [*self.level_runs, *self.assignments]
        for one in [one for one in now if one.generation == self.generation]:
            one.generation = generation
        self.generation = generation
        return self._rerouted(max(self.highest, 0))

    def _begin_generation(self, generation: int) -> None:
        self.generation, self.state = generation, CaseState.WORKING
        self.ruling_asked = self.verifier_asked = False

    def _rerouted(self, index: int) -> DomainEvent:
        book = self.playbook
        return self.said(
            events.CaseRerouted(
                category=self.category,
                playbook=book.name if book else None,
                playbook_version=book.version if book else None,
                level=book.ladder[index].level if book else None,
                generation=self.generation,
            )
        )

    # --- events

    def said(self, payload: EventPayload) -> DomainEvent:
        """Return an event of this case."""
        return DomainEvent(payload, self.id)

    def stepped(self, kind: type[events.AssignmentStep], assignment: Assignment, actor: str) -> DomainEvent:
        """Return the event of a step, and record the account that reported it for the assignment."""
        return self.reported(kind(assignment=assignment.id, by=assignment.to, actor=actor), assignment)

    def reported(self, step: events.AssignmentStep, assignment: Assignment) -> DomainEvent:
        """Return the event of a step that carries more than its reporter, and record the account."""
        if step.actor not in assignment.actors:
            assignment.actors.append(step.actor)
        return self.said(step)
