"""Assignments: naming a unit to handle or to verify, and relieving it."""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as events
from services.dispatch.domain import clocks
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, Step

VERIFY = "verify"
"""The level that an assignment to verify names."""


def name(
    case: Case, run: LevelRun, unit: str, context: CaseContext, ruled: bool = False, joint_action: str | None = None
) -> Effects:
    """Assign a unit to handle the matter on a level run, and start its clocks.

    ``ruled`` says that a supervisor named it; ``joint_action`` is the id of the joint action that it is called to.
    """
    assignment = _add(case, unit, run.index, case.level(run).level, Purpose.HANDLE, context)
    assignment.ruled = ruled
    made = _made(case, assignment, joint_action)
    return made + clocks.start_assignment_clocks(case, assignment, clocks.LEVEL_CLOCKS, context)


def name_verifier(case: Case, unit: str, context: CaseContext) -> Effects:
    """Assign a unit to verify that the matter was handled."""
    assignment = _add(case, unit, max(case.highest, 0), VERIFY, Purpose.VERIFY, context)
    return _made(case, assignment) + clocks.start_assignment_clocks(case, assignment, (Clock.VERIFY,), context)


def relieve(case: Case, assignments: list[Assignment]) -> Effects:
    """Ask nothing more of these assignments, and stop their clocks."""
    outcome = NO_EFFECTS
    for assignment in assignments:
        if assignment.open:
            assignment.step = Step.ENDED
            outcome += Effects(case.said(events.AssignmentRelieved(assignment=assignment.id, by=assignment.to)))
            outcome += clocks.satisfy(case, assignment)
    return outcome


def _add(case: Case, unit: str, index: int, level: str, purpose: Purpose, context: CaseContext) -> Assignment:
    number = len(case.assignments) + 1
    assignment = Assignment(f"{case.id}-{number}", unit, index, level, purpose, case.generation, context.at)
    case.assignments.append(assignment)
    return assignment


def _made(case: Case, assignment: Assignment, joint_action: str | None = None) -> Effects:
    made = events.AssignmentMade(
        assignment=assignment.id,
        to=assignment.to,
        level=assignment.level,
        purpose=assignment.purpose,
        generation=case.generation,
        joint_action=joint_action,
    )
    return Effects(case.said(made))
