"""The response `convene` (部门联动): several units are called together in a joint action, and exactly one leads.

Each unit reports in and finishes its part, or is excused by a supervisor's ruling; the level is done when all have. A unit of
a joint action neither hands up nor returns. A unit that a ruling named on the level stands for itself and is no part of the
joint action.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Command, EarlierFact, Respond
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch.domain import assignments, lateness
from services.dispatch.domain.case import UNDER_WAY, Case, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.responses.response import LevelResult, Response, TakeCommand, record_handled


class InJointAction(NotNow):
    """A unit of a joint action finishes or is excused: it neither hands up nor returns."""


class NoJointAction(NotNow):
    """The command is for a joint action, and there is none for this unit."""


class NotExcusable(NotNow):
    """The named unit was not called to the joint action, or leads it."""


@dataclass
class JointAction:
    """A joint action. ``units`` are all that must finish or be excused; exactly one of them leads."""

    id: str
    lead: str
    units: list[str]
    reported_in: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Return whether every unit finished or was excused."""
        return set(self.units) <= set(self.finished) | set(self.excused)


class Convene(Response):
    """Call the lead and the co-units of the level together."""

    respond: ClassVar[Respond] = Respond.CONVENE
    state_class: ClassVar[type | None] = JointAction
    document_key: ClassVar[str] = "joint"
    level_fields: ClassVar[frozenset[str]] = frozenset({"co_units"})
    earlier_facts: ClassVar[Mapping[type[EventPayload], EarlierFact]] = {
        events.JointActionUnitFinished: EarlierFact.FINISHED,
        events.JointActionUnitExcused: EarlierFact.EXCUSED,
    }

    @property
    def commands(self) -> Mapping[Command, TakeCommand]:
        """Take `finish` from the units and `excuse` from the supervisors."""
        return {Command.FINISH: self.finish, Command.EXCUSE: self.excuse}

    # --- opening

    def reach(self, case: Case, level: Level, context: CaseContext) -> list[str]:
        """Return the lead and the first fitting unit of each co-unit's call; nobody where there is no lead."""
        found = case.find(level.to, context)
        if not found:
            return []
        co_units = [one for call in level.co_units for one in case.find(call, context)[:1]]
        return list(dict.fromkeys([found[0], *co_units]))

    def open(self, case: Case, run: LevelRun, reached: list[str], context: CaseContext) -> Effects:
        """Call the units; the first leads."""
        number = sum(1 for other in case.level_runs if joint_action_of(other)) + 1
        action = JointAction(f"{case.id}-j{number}", reached[0], list(reached))
        run.response_state = action
        rule = case.level(run).clocks.get(Clock.REPORT_IN) or context.standards[case.urgency].get(Clock.REPORT_IN)
        by = context.calendar.due(context.at, rule, case.pauses).at if rule else None
        called = events.JointActionCalled(joint_action=action.id, lead=reached[0], units=list(reached), report_in_by=by)
        outcome = Effects(case.said(called))
        for unit in reached:
            outcome += self.name_another(case, run, unit, context)
        return outcome

    def name_another(self, case: Case, run: LevelRun, unit: str, context: CaseContext) -> Effects:
        """Name a unit, and tell in `assignment.made` which joint action it is called to."""
        return assignments.name(case, run, unit, context, joint_action=_joint_action(run).id)

    # --- reporting

    def report_in(self, case: Case, run: LevelRun, assignment: Assignment, on_time: bool) -> Effects:
        """Announce that a called unit is there, in time or not."""
        action, unit = _joint_action(run), assignment.to
        if assignment.ruled or unit in action.reported_in:
            return NO_EFFECTS
        action.reported_in.append(unit)
        return Effects(case.said(events.JointActionUnitReportedIn(joint_action=action.id, unit=unit, on_time=on_time)))

    def handle(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Take `handle` of a called unit as `finish`."""
        if assignment.ruled:
            return super().handle(case, run, assignment, report)
        return self._finish(case, run, assignment, report)

    def finish(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Take a unit's word that it did its part. Raises TooLate, and NotNow for a unit that was called to no joint action."""
        assignment = lateness.at_work(case, report)
        run = case.level_run(assignment.level_index)
        if joint_action_of(run) is None or assignment.ruled:
            raise NoJointAction("command: finish is for a joint action")
        if not assignment.open:
            raise lateness.of_assignment(case, assignment, report.command)
        return self._finish(case, run, assignment, report)

    def excuse(self, case: Case, report: Report, context: CaseContext) -> LevelResult:
        """Excuse a called unit by a supervisor's ruling. Raises NotSupervisor, TooLate, and NotNow for the lead."""
        case.supervised_by(report.unit, context)
        if case.state not in UNDER_WAY:
            raise lateness.of_case(case, report.command, [EarlierFact.COMPLETED])
        run, action = _going_on(case)
        unit = needed(report.to, "to")
        excused = _excuse(case, action, unit, report)
        excused += assignments.relieve(case, [one for one in case.assignments_on(run) if one.to == unit and not one.ruled])
        return LevelResult(excused, run, completed=Ending.JOINT if action.complete else None)

    def hand_up(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        """Refuse a called unit's `hand_up`. Raises NotNow."""
        if not assignment.ruled:
            raise InJointAction("command: a unit of a joint action finishes or is excused, it does not hand up")
        return super().hand_up(case, run, assignment, report)

    def return_refusal(self, run: LevelRun, assignment: Assignment) -> NotNow | None:
        """Return the refusal of a called unit's `return`."""
        if assignment.ruled:
            return None
        return InJointAction("command: a unit of a joint action is excused by a ruling, it does not return")

    def is_replaceable(self, run: LevelRun, assignment: Assignment) -> bool:
        """Return False for a called unit: a supervisor excuses it or rules."""
        return assignment.ruled

    # --- finishing

    def wanted(self, case: Case, run: LevelRun, named: int) -> int:
        """Return the number of all units that are called."""
        return named

    def _finish(self, case: Case, run: LevelRun, assignment: Assignment, report: Report) -> LevelResult:
        action, unit = _joint_action(run), assignment.to
        outcome = record_handled(case, assignment, report)
        if unit not in action.finished:
            action.finished.append(unit)
            outcome += Effects(case.said(events.JointActionUnitFinished(joint_action=action.id, unit=unit)))
            outcome += _completed(case, action)
        return LevelResult(outcome, run, completed=Ending.JOINT if action.complete else None)


def joint_action_of(run: LevelRun) -> JointAction | None:
    """Return the joint action of a level run; None where it has none."""
    return run.response_state if isinstance(run.response_state, JointAction) else None


def _joint_action(run: LevelRun) -> JointAction:
    action = joint_action_of(run)
    assert action is not None, "the registry chooses this response by the state of the run"
    return action


def _going_on(case: Case) -> tuple[LevelRun, JointAction]:
    """Return the joint action that is going on. Raises NotNow."""
    for run in reversed(case.level_runs):
        action = joint_action_of(run)
        if action and not action.complete and run.generation == case.generation:
            return run, action
    raise NoJointAction("command: no joint action is going on in this case")


def _excuse(case: Case, action: JointAction, unit: str, report: Report) -> Effects:
    """Excuse a unit. Raises NotNow for a unit that was not called and for the lead, TooLate for one that is done."""
    if unit not in action.units:
        raise NotExcusable("to: was not called to this joint action")
    if unit == action.lead:
        raise NotExcusable("to: leads this joint action and cannot be excused")
    if unit in action.excused or unit in action.finished:
        fact = EarlierFact.EXCUSED if unit in action.excused else EarlierFact.FINISHED
        raise lateness.of_case(case, report.command, [fact])
    action.excused.append(unit)
    excused = events.JointActionUnitExcused(joint_action=action.id, unit=unit, by=report.unit)
    return Effects(case.said(excused)) + _completed(case, action)


def _completed(case: Case, action: JointAction) -> Effects:
    return Effects(case.said(events.JointActionCompleted(joint_action=action.id))) if action.complete else NO_EFFECTS
