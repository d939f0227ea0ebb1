"""The case: who works on a ticket, and by when. One case per ticket; the ticket's id is the case's.

Every method takes a fact and answers what happened. A late fact, or one of an older generation, is an explicit no-op; a command
that can never be right raises a named refusal.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chassis.outcome import NOTHING, Arm, Disarm, Happened, Outcome, Refused
from contracts.codes import Clock, Command, Purpose, Urgency
from contracts.envelope import EventSchema
from contracts.events import dispatch as say
from services.dispatch.domain.directory import Directory
from services.dispatch.domain.playbook import Call, Level, Playbook


class CaseState(StrEnum):
    """Where the work stands."""

    WORKING = "working"
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    ENDED = "ended"


class Step(StrEnum):
    """How far an assignment is."""

    MADE = "made"
    SIGNED = "signed"
    CONTACTED = "contacted"
    REPORTED_IN = "reported_in"
    DONE = "done"


class NotAssigned(Refused):
    """The unit is not at work on this case."""


class MayNotSpeak(Refused):
    """The account does not speak for the unit it names."""


class SelfVerification(Refused):
    """Who handled it may not verify it: neither the unit nor the account that reported it handled."""


@dataclass
class Assignment:
    """One unit, named for one purpose. ``actors`` are the accounts that reported in its name."""

    id: str
    to: str
    level: str
    purpose: Purpose
    generation: int
    made_at: datetime
    step: Step = Step.MADE
    actors: list[str] = field(default_factory=list)


_STEPS: dict[Command, tuple[Step, type[EventSchema]]] = {
    Command.SIGN: (Step.SIGNED, say.AssignmentSigned),
    Command.CONTACT: (Step.CONTACTED, say.AssignmentContacted),
    Command.REPORT_IN: (Step.REPORTED_IN, say.AssignmentReportedIn),
}
_MET_BY = {
    Clock.SIGN: Step.SIGNED,
    Clock.REPORT_IN: Step.REPORTED_IN,
    Clock.HANDLE_WITHIN: Step.DONE,
    Clock.VERIFY: Step.DONE,
}
_ORDER = list(Step)


@dataclass
class Case:
    """The work on one ticket. ``playbook`` is the snapshot it started with; None where no playbook fitted."""

    id: str
    category: str
    area: str
    estate: str | None
    urgency: Urgency
    opened_at: datetime
    playbook: Playbook | None
    state: CaseState = CaseState.WORKING
    level: int = 0
    generation: int = 1
    assignments: list[Assignment] = field(default_factory=list)

    # --- the chain's facts

    def start(self, directory: Directory, at: datetime) -> Outcome:
        """Take the ticket up at the first level."""
        if self.playbook is None:
            return self._exhaust("no_playbook", directory)
        book = self.playbook
        started = {"playbook": book.name, "playbook_version": book.version, "level": book.ladder[0].level}
        return Outcome(Happened(say.CaseStarted, self.id, started)) + self._assign(directory, at)

    def handled(self, generation: int, handled_by: list[str], directory: Directory, at: datetime) -> Outcome:
        """The ticket is handled: name somebody to verify who did not handle it."""
        if generation != self.generation or self.state is not CaseState.COMPLETED or self._open(Purpose.VERIFY):
            return NOTHING
        if self.playbook is None:
            return NOTHING
        verifier = self._first(self.playbook.verify, directory, without=handled_by)
        if verifier is None:
            return self._exhaust("no_verifier", directory)
        return self._name(verifier, "verify", Purpose.VERIFY, {Clock.VERIFY: 86400}, at)

    def rework(self, generation: int, directory: Directory, at: datetime) -> Outcome:
        """It is not solved: the same level goes on, in a new generation."""
        if generation <= self.generation or self.playbook is None:
            return NOTHING
        self.generation = generation
        self.state = CaseState.WORKING
        level = self.playbook.ladder[self.level].level
        resumed = Happened(say.CaseResumed, self.id, {"level": level, "generation": generation})
        return Outcome(resumed) + self._assign(directory, at)

    # --- what responders report

    def report(self, command: Command, unit: str, actor: str, passed: bool | None) -> Outcome:
        """A unit reports. Raises NotAssigned, SelfVerification; a step that was taken before is a no-op."""
        purpose = Purpose.VERIFY if command is Command.VERIFY else Purpose.HANDLE
        assignment = self._assignment_of(unit, purpose)
        if assignment.step is Step.DONE:
            return NOTHING
        if command is Command.VERIFY:
            return self._verified(assignment, actor, passed)
        if command is Command.HANDLE:
            return self._handled(assignment, actor)
        step, event = _STEPS[command]
        if _ORDER.index(assignment.step) >= _ORDER.index(step):
            return NOTHING
        assignment.step = step
        return Outcome(self._said(event, assignment, actor)) + self._met(assignment)

    def _handled(self, assignment: Assignment, actor: str) -> Outcome:
        assignment.step = Step.DONE
        said = Outcome(self._said(say.AssignmentHandled, assignment, actor)) + self._met(assignment)
        if self.state is CaseState.COMPLETED:
            return said
        self.state = CaseState.COMPLETED
        completed = {
            "level": assignment.level,
            "outcome": "handled",
            "generation": self.generation,
            "handled_by": self.handlers(),
        }
        return said + (Happened(say.CaseCompleted, self.id, completed),)

    def _verified(self, assignment: Assignment, actor: str, passed: bool | None) -> Outcome:
        if assignment.to in self.handlers() or actor in self._handling_actors():
            raise SelfVerification(f"unit: {assignment.to!r} or its account handled this and may not verify it")
        if passed is None:
            raise Refused("passed: a verification needs it")
        assignment.step = Step.DONE
        assignment.actors.append(actor)
        if passed:
            self.state = CaseState.ENDED
        done = {"assignment": assignment.id, "by": assignment.to, "passed": passed, "generation": self.generation}
        return Outcome(Happened(say.VerificationDone, self.id, done)) + self._met(assignment)

    def handlers(self) -> list[str]:
        """The units that handled this generation."""
        return sorted({a.to for a in self._of_generation(Purpose.HANDLE) if a.step is Step.DONE})

    # --- clocks

    def ring(self, clock: Clock, assignment_id: str, due: datetime, directory: Directory) -> Outcome:
        """A clock of an assignment ran out. Nothing escalates after it was handled."""
        assignment = next((a for a in self.assignments if a.id == assignment_id), None)
        if assignment is None or assignment.generation != self.generation or self._is_met(assignment, clock):
            return NOTHING
        if assignment.purpose is Purpose.HANDLE and self.state is not CaseState.WORKING:
            return NOTHING
        breached = {"clock": clock, "due": due, "assignment": assignment.id}
        said = Outcome(Happened(say.DeadlineBreached, self.id, breached))
        return said + self._exhaust("last_level", directory)

    # --- within

    def _assign(self, directory: Directory, at: datetime) -> Outcome:
        assert self.playbook is not None
        level: Level = self.playbook.ladder[self.level]
        responder = self._first(level.to, directory)
        if responder is None:
            return self._exhaust("no_responder", directory)
        return self._name(responder, level.level, Purpose.HANDLE, level.clocks, at)

    def _first(self, call: Call, directory: Directory, without: list[str] | None = None) -> str | None:
        place = directory.places(self.estate, self.area).get(call.of)
        fitting = directory.fitting(call.role, place, self.category, without or ())
        return fitting[0].id if fitting else None

    def _name(self, to: str, level: str, purpose: Purpose, clocks: dict[Clock, int], at: datetime) -> Outcome:
        number = len(self.assignments) + 1
        assignment = Assignment(f"{self.id}-{number}", to, level, purpose, self.generation, at)
        self.assignments.append(assignment)
        made = {
            "assignment": assignment.id,
            "to": to,
            "level": level,
            "purpose": purpose,
            "generation": self.generation,
        }
        outcome = Outcome(Happened(say.AssignmentMade, self.id, made))
        for clock, seconds in clocks.items():
            outcome += self._start_clock(assignment, clock, seconds, at)
        return outcome

    def _start_clock(self, assignment: Assignment, clock: Clock, seconds: int, at: datetime) -> Outcome:
        due = datetime.fromtimestamp(at.timestamp() + seconds, at.tzinfo)
        why = f"{clock.value}: {seconds} s of elapsed time from the assignment at {at.isoformat()}"
        data = {"clock": clock, "due": due, "assignment": assignment.id, "explanation": why}
        timer = Arm(self.id, f"{clock.value}:{assignment.id}", due, self.generation)
        return Outcome(Happened(say.DeadlineSet, self.id, data), timer)

    def _met(self, assignment: Assignment) -> Outcome:
        return Outcome(
            *(Disarm(self.id, f"{clock.value}:{assignment.id}") for clock in _MET_BY if self._is_met(assignment, clock))
        )

    @staticmethod
    def _is_met(assignment: Assignment, clock: Clock) -> bool:
        return _ORDER.index(assignment.step) >= _ORDER.index(_MET_BY[clock])

    def _exhaust(self, cause: str, directory: Directory) -> Outcome:
        if self.state is CaseState.WORKING:
            self.state = CaseState.EXHAUSTED
        supervisor = self._first(self.playbook.supervisor, directory) if self.playbook else None
        return Outcome(Happened(say.CaseExhausted, self.id, {"cause": cause, "supervisor": supervisor}))

    def _said(self, schema: type[EventSchema], assignment: Assignment, actor: str) -> Happened:
        if actor not in assignment.actors:
            assignment.actors.append(actor)
        return Happened(schema, self.id, {"assignment": assignment.id, "by": assignment.to, "actor": actor})

    def _of_generation(self, purpose: Purpose) -> list[Assignment]:
        return [a for a in self.assignments if a.purpose is purpose and a.generation == self.generation]

    def _open(self, purpose: Purpose) -> bool:
        return any(a.step is not Step.DONE for a in self._of_generation(purpose))

    def _assignment_of(self, unit: str, purpose: Purpose) -> Assignment:
        mine = [a for a in self._of_generation(purpose) if a.to == unit]
        if not mine:
            raise NotAssigned(f"unit: {unit!r} has no assignment to {purpose.value} in this case")
        return mine[-1]

    def _handling_actors(self) -> set[str]:
        return {actor for a in self._of_generation(Purpose.HANDLE) for actor in a.actors}
