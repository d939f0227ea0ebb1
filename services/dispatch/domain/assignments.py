"""Assignments: a unit is named, and relieved. How many of a level's units are wanted, and how many it can still count on."""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as say
from services.dispatch.domain import clocks
from services.dispatch.domain.case import Case
from services.dispatch.domain.parts import Assignment, Rung, Step
from services.dispatch.domain.world import World

VERIFY = "verify"
"""The name that an assignment to verify has for its level."""


def name(case: Case, rung: Rung, unit: str, world: World, ruled: bool = False) -> Effects:
    """Assign a unit to handle on a rung, and start its clocks. ``ruled``: a supervisor named it."""
    assignment = _add(case, unit, rung.index, case.level(rung).level, Purpose.HANDLE, world)
    assignment.ruled = ruled
    return _made(case, assignment) + clocks.start_assignment_clocks(case, assignment, clocks.LEVEL_CLOCKS, world)


def name_verifier(case: Case, unit: str, world: World) -> Effects:
    """Assign somebody to check."""
    assignment = _add(case, unit, max(case.highest, 0), VERIFY, Purpose.VERIFY, world)
    return _made(case, assignment) + clocks.start_assignment_clocks(case, assignment, (Clock.VERIFY,), world)


def relieve(case: Case, assignments: list[Assignment]) -> Effects:
    """Nothing more is asked of these, and their clocks stop."""
    outcome = NO_EFFECTS
    for assignment in assignments:
        if assignment.open:
            assignment.step = Step.ENDED
            outcome += Effects(case.said(say.AssignmentRelieved(assignment=assignment.id, by=assignment.to)))
            outcome += clocks.meet(case, assignment)
    return outcome


def enough(case: Case, rung: Rung) -> bool:
    """Whether as many of a rung's units handled it as the level asks for."""
    done = [one for one in case.on_rung(rung) if one.step is Step.DONE]
    return any(one.ruled for one in done) or 0 < _wanted(case, rung) <= len(done)


def hopeful(case: Case, rung: Rung) -> bool:
    """Whether enough units are left that did it or still may, with none given up on."""
    counted = [one for one in case.on_rung(rung) if one.counted_on]
    return any(one.ruled for one in counted) or 0 < _wanted(case, rung) <= len(counted)


def _wanted(case: Case, rung: Rung) -> int:
    """How many must handle it: all that are called to a joint action, else what ``ack`` says of those named."""
    named = sum(1 for one in case.on_rung(rung) if one.step is not Step.ENDED)
    ack = "all" if rung.joint else case.level(rung).ack or "any"
    return {"any": min(1, named), "all": named}[ack] if ack in {"any", "all"} else min(int(ack), named)


def _add(case: Case, unit: str, rung: int, level: str, purpose: Purpose, world: World) -> Assignment:
    number = len(case.assignments) + 1
    assignment = Assignment(f"{case.id}-{number}", unit, rung, level, purpose, case.generation, world.at)
    case.assignments.append(assignment)
    return assignment


def _made(case: Case, assignment: Assignment) -> Effects:
    action = case.rung(assignment.rung).joint if assignment.purpose is Purpose.HANDLE and not assignment.ruled else None
    return Effects(
        case.said(
            say.AssignmentMade(
                assignment=assignment.id,
                to=assignment.to,
                level=assignment.level,
                purpose=assignment.purpose,
                generation=case.generation,
                joint_action=action.id if action else None,
            )
        )
    )
