"""The clocks of a case: set, urged, breached, extended, paused, computed anew.

Case clocks (first contact, handle) start at `ticket.opened`, never restart, and on breach supervise. Level clocks
run per assignment and on breach escalate. 催办 at 50 % and 80 % of the time; 督办 on breach; 通报 when it is overdue as
long again; at three times the top of the chain is called, and stays called.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from chassis.outcome import NOTHING, Arm, Disarm, Happened, Outcome
from contracts.codes import Clock, WarningStage
from contracts.events import dispatch as say
from services.dispatch.domain.case import Assignment, Case, Running, Step
from services.dispatch.domain.world import World

CASE_CLOCKS = (Clock.CONTACT, Clock.HANDLE)
MARKS = (0.5, 0.8, 1.0, 2.0, 3.0)
"""When each stage ends, as a part of the time from start to due."""
BREACHED = 3
MET_BY = {
    Clock.SIGN: Step.SIGNED,
    Clock.REPORT_IN: Step.REPORTED_IN,
    Clock.HANDLE_WITHIN: Step.DONE,
    Clock.VERIFY: Step.DONE,
}


def key_of(clock: Clock, assignment: str | None) -> str:
    """The clock's name among the case's, which is also its timer's."""
    return f"{clock.value}:{assignment}" if assignment else clock.value


def start(case: Case, clock: Clock, rule: str, since: datetime, world: World, assignment: str | None = None) -> Outcome:
    """Start a clock, and say why it ends when it does."""
    due = world.calendar.due(since, rule, case.pauses)
    running = Running(key_of(clock, assignment), clock, assignment, rule, since, due.at, due.provisional)
    case.clocks.append(running)
    return Outcome(_set(case, running, due.explanation, world)) + _arm(case, running)


def start_case_clocks(case: Case, world: World) -> Outcome:
    """First contact and handle, from `ticket.opened`."""
    outcome = NOTHING
    for clock in CASE_CLOCKS:
        outcome += start(case, clock, world.standards[case.urgency][clock], case.opened_at, world)
    return outcome


def start_assignment_clocks(
    case: Case, assignment: Assignment, wanted: tuple[Clock, ...], own: dict[Clock, str], world: World
) -> Outcome:
    """The clocks of an assignment: the level's own span, or the standard of the urgency."""
    outcome = NOTHING
    for clock in wanted:
        rule = own.get(clock) or world.standards[case.urgency].get(clock)
        if rule is not None:
            outcome += start(case, clock, rule, world.at, world, assignment.id)
    return outcome


def meet(case: Case, assignment: Assignment) -> Outcome:
    """Stop the assignment's clocks that what it did satisfies."""
    return stop(
        case, lambda running: running.assignment == assignment.id and assignment.reached(MET_BY.get(running.clock, Step.ENDED))
    )


def stop(case: Case, which: Callable[[Running], bool]) -> Outcome:
    """Stop the live clocks that ``which`` chooses."""
    outcome = NOTHING
    for running in case.clocks:
        if running.live and which(running):
            running.live = False
            outcome += Outcome(Disarm(case.id, running.key))
    return outcome


def ringing(case: Case, key: str, version: int) -> Running | None:
    """The live clock that a timer belongs to; None for one that was stopped or armed anew since."""
    return next((one for one in case.clocks if one.key == key and one.live and one.version == version), None)


def advance(case: Case, running: Running, world: World) -> Outcome:
    """A mark was reached: urge, breach, report up, call the top. A level's clock ends with its breach."""
    running.stage += 1
    said = Outcome(_mark(case, running, world))
    if running.stage == BREACHED and running.clock not in CASE_CLOCKS:
        running.live = False
        return said
    running.version += 1
    return said + _arm(case, running)


def recompute(case: Case, world: World) -> Outcome:
    """Every live clock anew from its old start: after a pause, with another urgency, or with a newer calendar."""
    outcome = NOTHING
    for running in case.clocks:
        if not running.live or running.extended:
            continue
        if running.clock in CASE_CLOCKS:
            running.rule = world.standards[case.urgency][running.clock]
        due = world.calendar.due(running.start, running.rule, case.pauses)
        if (due.at, due.provisional) == (running.due, running.provisional):
            continue
        running.due, running.provisional = due.at, due.provisional
        outcome += _again(case, running, due.explanation, world)
    return outcome


def wake(case: Case, clock: Clock) -> Outcome:
    """A case clock that was stopped when the work was done goes on from where it stood: it never restarts."""
    outcome = NOTHING
    for running in case.clocks:
        if running.clock is clock and not running.live:
            running.live = True
            running.version += 1
            outcome += _arm(case, running)
    return outcome


def hold(case: Case) -> Outcome:
    """A pause begins: no clock rings while it lasts."""
    return Outcome(*(Disarm(case.id, running.key) for running in case.clocks if running.live))


def release(case: Case, world: World) -> Outcome:
    """A pause ended: every clock goes on, later by the working time that the pause covered."""
    outcome = NOTHING
    for running in case.clocks:
        if running.live:
            due = world.calendar.due(running.start, running.rule, case.pauses)
            moved = due.at != running.due and not running.extended
            if moved:
                running.due, running.provisional = due.at, due.provisional
            running.version += 1
            outcome += Outcome(_set(case, running, due.explanation, world)) if moved else NOTHING
            outcome += _arm(case, running)
    return outcome


def extend(case: Case, running: Running, until: datetime) -> Outcome:
    """The supervisor granted the time that was asked for."""
    before, running.due, running.extended, running.asked = running.due, until, True, None
    running.version += 1
    names = {"clock": running.clock, "due": until, "assignment": running.assignment, "before": before}
    return Outcome(case.said(say.DeadlineExtended, **names)) + _arm(case, running)


def _again(case: Case, running: Running, explanation: str, world: World) -> Outcome:
    running.version += 1
    return Outcome(_set(case, running, explanation, world)) + _arm(case, running)


def _arm(case: Case, running: Running) -> Outcome:
    """Wait for the next mark; while the case is paused nothing is armed."""
    if case.paused:
        return NOTHING
    # the top stays called, ever more slowly: after three, four, six, ten times the time
    part = MARKS[running.stage] if running.stage < len(MARKS) else 2 + 2.0 ** (running.stage - len(MARKS) + 1)
    span: timedelta = running.due - running.start
    return Outcome(Arm(case.id, running.key, running.start + span * part, running.version))


def _set(case: Case, running: Running, explanation: str, world: World) -> Happened:
    return case.said(
        say.DeadlineSet,
        clock=running.clock,
        due=running.due,
        assignment=running.assignment,
        started=running.start,
        rule=running.rule,
        calendar=world.calendar.version,
        provisional=running.provisional,
        explanation=explanation,
    )


def _mark(case: Case, running: Running, world: World) -> Happened:
    names = {"clock": running.clock, "due": running.due, "assignment": running.assignment}
    chain = case.supervisors(world)
    if running.stage == BREACHED:
        supervisor = chain[0] if chain and running.clock in CASE_CLOCKS else None
        return case.said(say.DeadlineBreached, **names, supervisor=supervisor)
    stages = [WarningStage.URGE_HALF, WarningStage.URGE_MOST, None, WarningStage.REPORT_UP]
    stage = stages[running.stage - 1] if running.stage <= len(stages) else WarningStage.TOP_CALLED
    return case.said(say.DeadlineWarned, **names, stage=stage, number=running.stage, to=_warned(case, running, chain))


def _warned(case: Case, running: Running, chain: list[str]) -> str | None:
    """The responder before the breach; after it the chain of supervisors, ever higher."""
    if running.stage < BREACHED:
        mine = [a.to for a in case.assignments if a.open and (running.assignment in {None, a.id})]
        return mine[-1] if mine else None
    higher = running.stage - BREACHED
    return chain[min(higher, len(chain) - 1)] if chain else None
