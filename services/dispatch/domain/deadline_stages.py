"""The stages of a clock: 催办 at 50 % and 80 % of the time; 督办 on breach; 通报 when it is overdue as long again; at three
times the top of the chain is called, and stays called.

A mark is the moment at which a stage begins. Where several marks have passed at once (after an outage, or on a ticket that is
opened again) the latest alone is sent. The breach is never skipped, since more than a notice follows from it, and no warning
is sent together with it.

``stage`` counts the marks that a clock has passed: 1 urged at half, 2 urged at four fifths, 3 breached, 4 reported up, 5 and
more: the top of the chain is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, DomainEvent, Effects
from contracts.codes import ClockStage, WarningStage
from contracts.events import dispatch as events
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Running
from services.dispatch.domain.work_calendar import Pause

MARKS = (0.5, 0.8, 1.0, 2.0, 3.0)
"""The ends of the stages, as parts of the time from start to due. `WorkCalendar.part_of` counts that time."""
BREACHED = 3
STAGES = (WarningStage.URGE_HALF, WarningStage.URGE_MOST, None, WarningStage.REPORT_UP)
"""The warning of each mark. The third mark is the breach; after these four the highest supervisor is called."""


def ringing(case: Case, key: str, version: int) -> Running | None:
    """Return the live clock that a timer belongs to; None for one that was stopped or armed anew since."""
    return next((one for one in case.clocks if one.key == key and one.live and one.version == version), None)


def arm(case: Case, running: Running, context: CaseContext) -> Effects:
    """Arm the timer of the next stage; while the case is paused nothing is armed."""
    if case.paused:
        return NO_EFFECTS
    at = context.calendar.part_of(running.start, running.due, part(running.stage), running.rule, case.pauses)
    return Effects(ArmTimer(case.id, running.key, at, running.version))


def part(stage: int) -> float:
    """Return the mark at which the stage after this one begins, as a part of the time from start to due."""
    # the top stays called, ever more slowly: after three, four, six, ten times the time
    return MARKS[stage] if stage < len(MARKS) else 2 + 2.0 ** (stage - len(MARKS) + 1)


def reached(context: CaseContext, start: datetime, due: datetime, rule: str, stage: int, pauses: Sequence[Pause] = ()) -> int:
    """Return the latest stage whose mark has passed by now, of a clock whose timer rang for the stage after ``stage``."""
    latest = stage + 1
    while context.calendar.part_of(start, due, part(latest), rule, pauses) <= context.at:
        latest += 1
    return latest


def above(case: Case, stage: int, context: CaseContext) -> str | None:
    """Return the supervisor that a stage from the breach on calls: the nearest first, then ever higher; None for none."""
    chain = case.supervisors(context)
    return chain[min(stage - BREACHED, len(chain) - 1)] if chain else None


def advance(case: Case, running: Running, context: CaseContext) -> Effects:
    """Advance a clock to its next stage: urge, breach, report up, call the top. A clock that escalates ends with its breach."""
    before = running.stage
    running.stage = reached(context, running.start, running.due, running.rule, before, case.pauses)
    if not before < BREACHED <= running.stage:
        running.version += 1
        return Effects(_warn(case, running, context)) + arm(case, running, context)
    said = Effects(_breach(case, running, context))
    if running.escalates:
        running.stage, running.live = BREACHED, False
        return said
    running.version += 1
    return said + arm(case, running, context)


@dataclass(frozen=True)
class Mark:
    """A mark of a clock that is ahead: the moment, what happens then, and the unit that is told, where one is."""

    at: datetime
    stage: ClockStage
    to: str | None


def ahead(case: Case, running: Running, due: datetime, context: CaseContext) -> list[Mark]:
    """Return the marks of a clock that are ahead, in order: to the breach of one that escalates, else to the call of the top.

    ``due`` is its due time, and the marks count as if a pause that lasts ended now.
    """
    pauses, last = case.pauses_by(context.at), BREACHED if running.escalates else max(len(MARKS), running.stage + 1)
    marks = []
    for number in range(running.stage + 1, last + 1):
        at = context.calendar.part_of(running.start, due, part(number - 1), running.rule, pauses)
        escalates = running.escalates and number == BREACHED
        marks.append(Mark(at, _stage_of(running, number), None if escalates else _warned(case, running, number, context)))
    return marks


def _breach(case: Case, running: Running, context: CaseContext) -> DomainEvent:
    supervisor = None if running.escalates else case.supervisor(context)
    return case.said(
        events.DeadlineBreached(clock=running.clock, due=running.due, assignment=running.assignment, supervisor=supervisor)
    )


def _warn(case: Case, running: Running, context: CaseContext) -> DomainEvent:
    stage = _warning(running.stage)
    assert stage is not None, "the breach is no warning"
    to = _warned(case, running, running.stage, context)
    return case.said(
        events.DeadlineWarned(
            clock=running.clock, due=running.due, assignment=running.assignment, stage=stage, number=running.stage, to=to
        )
    )


def _warning(number: int) -> WarningStage | None:
    return STAGES[number - 1] if number <= len(STAGES) else WarningStage.TOP_CALLED


def _stage_of(running: Running, number: int) -> ClockStage:
    warning = _warning(number)
    if warning is None:
        return ClockStage.ESCALATE if running.escalates else ClockStage.SUPERVISE
    return ClockStage(warning.value)


def _warned(case: Case, running: Running, stage: int, context: CaseContext) -> str | None:
    """Return the responder before the breach; from it on a supervisor, ever higher in the chain."""
    if stage < BREACHED:
        mine = [a.to for a in case.assignments if a.open and (running.assignment in {None, a.id})]
        return mine[-1] if mine else None
    return above(case, stage, context)
