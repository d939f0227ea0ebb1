"""The clocks of a case: starting, stopping, pausing, extending and recomputing them. For their stages see `deadline_stages`.

Case clocks (first contact, handle) start at `ticket.opened`, never restart, and on breach supervise. Level clocks run per
assignment and on breach escalate. A due time that is computed anew is said again, and its timer is armed by a new version.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from chassis.effects import NO_EFFECTS, CancelTimer, DomainEvent, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as events
from services.dispatch.domain import deadline_stages
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, Running, Step
from services.dispatch.domain.work_calendar import Due, Pause, counts_working_time

CASE_CLOCKS = (Clock.CONTACT, Clock.HANDLE)
LEVEL_CLOCKS = (Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN)
SATISFIED_BY = {
    Clock.SIGN: Step.SIGNED,
    Clock.REPORT_IN: Step.REPORTED_IN,
    Clock.HANDLE_WITHIN: Step.DONE,
    Clock.VERIFY: Step.DONE,
}
Which = Callable[[Running], bool]


def key_of(clock: Clock, assignment: str | None) -> str:
    """Return the key of a clock among the case's, which is also the name of its timer."""
    return f"{clock.value}:{assignment}" if assignment else clock.value


# --- starting and stopping


def start_case_clocks(case: Case, context: CaseContext) -> Effects:
    """Start the case clocks, first contact and handle, from `ticket.opened`."""
    outcome = NO_EFFECTS
    for clock in CASE_CLOCKS:
        outcome += _start(case, key_of(clock, None), clock, None, case.opened_at, context)
    return outcome


def start_assignment_clocks(case: Case, assignment: Assignment, wanted: tuple[Clock, ...], context: CaseContext) -> Effects:
    """Start those of the wanted clocks for which the level or the standard names a span."""
    outcome = NO_EFFECTS
    for clock in wanted:
        if _span(case, clock, assignment, context) is not None:
            outcome += _start(case, key_of(clock, assignment.id), clock, assignment, context.at, context)
    return outcome


def start_verification_clock(case: Case, context: CaseContext) -> Effects:
    """Start the case's own clock of verification, which runs while nobody can be named to verify."""
    return _start(case, f"{Clock.VERIFY.value}:{case.id}-{case.generation}", Clock.VERIFY, None, context.at, context)


def satisfy(case: Case, assignment: Assignment) -> Effects:
    """Stop the assignment's clocks that its step satisfies."""
    return stop(
        case,
        lambda running: running.assignment == assignment.id and assignment.reached(SATISFIED_BY.get(running.clock, Step.ENDED)),
    )


def stop(case: Case, which: Which) -> Effects:
    """Stop the live clocks that ``which`` chooses."""
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live and which(running):
            running.live = False
            outcome += Effects(CancelTimer(case.id, running.key))
    return outcome


def wake(case: Case, context: CaseContext) -> Effects:
    """Let the case clocks that stopped with the work go on from their old start: handle, and first contact where nobody was
    reached.
    """
    reached = any(assignment.contacted for assignment in case.assignments)
    outcome = NO_EFFECTS
    for running in case.clocks:
        if not running.live and (running.clock is Clock.HANDLE or (running.clock is Clock.CONTACT and not reached)):
            running.live = True
            outcome += _compute(case, running, context) or _arm_anew(case, running, context)
    return outcome


# --- moving


def recompute(case: Case, context: CaseContext, which: Which = lambda _: True) -> Effects:
    """Compute the live clocks that ``which`` chooses by another calendar, from their old start and with their pauses.

    An event announces each due time that moved, and names the units to tell. The stages of one that stays may still move,
    since they lie in office hours.
    """
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live and which(running):
            rearm = running.calendar != context.calendar.version and counts_working_time(running.rule)
            moved = _compute(case, running, context, tell=True)
            outcome += moved or (_arm_anew(case, running, context) if rearm else NO_EFFECTS)
    return outcome


def apply_urgency(case: Case, context: CaseContext) -> Effects:
    """Compute the clocks by the spans of a new urgency, from their old start. Earlier extensions do not count any more."""
    for running in [one for one in case.clocks if one.live]:
        rule = _span(case, running.clock, _assignment(case, running), context)
        if rule is not None and rule != running.rule:
            running.rule = rule
            if running.extension:
                running.extension.decided, running.extension.granted_at = True, None
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live:
            outcome += _compute(case, running, context)
    return outcome


def hold(case: Case) -> Effects:
    """Disarm the clocks: a pause begins."""
    return Effects(*(CancelTimer(case.id, running.key) for running in case.clocks if running.live))


def release(case: Case, context: CaseContext) -> Effects:
    """Let every clock go on, later by the time that the ended pause covered of it."""
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live:
            outcome += _compute(case, running, context) or _arm_anew(case, running, context)
    return outcome


def extend(case: Case, running: Running, context: CaseContext) -> Effects:
    """Grant the time that was asked for, from now on."""
    assert running.extension is not None
    before = running.due
    running.extension.decided, running.extension.granted_at = True, context.at
    due = _due(case, running, context, case.pauses)
    _move(running, due, context)
    extended = events.DeadlineExtended(clock=running.clock, due=running.due, assignment=running.assignment, before=before)
    return Effects(case.said(extended)) + deadline_stages.arm(case, running, context)


def due_now(case: Case, running: Running, context: CaseContext) -> datetime:
    """Return the due time of a clock as if the pause that lasts ended now."""
    return _due(case, running, context, case.pauses_by(context.at)).at if case.paused else running.due


def explained(case: Case, running: Running, context: CaseContext) -> Due:
    """Return the due time of a clock with its explanation, by this calendar and as if a pause that lasts ended now."""
    return _due(case, running, context, case.pauses_by(context.at))


# --- within


def _start(case: Case, key: str, clock: Clock, assignment: Assignment | None, since: datetime, context: CaseContext) -> Effects:
    rule = _span(case, clock, assignment, context)
    assert rule is not None, "the standards name every case clock, and callers ask before they start another"
    due = context.calendar.due(since, rule, case.pauses)
    running = Running(key, clock, assignment.id if assignment else None, rule, since, due.at, due.awaits)
    running.calendar = context.calendar.version
    case.clocks.append(running)
    return Effects(_set(case, running, due, context)) + deadline_stages.arm(case, running, context)


def _span(case: Case, clock: Clock, assignment: Assignment | None, context: CaseContext) -> str | None:
    """Return the level's own span where it names one, else the standard of the urgency; None where there is neither."""
    handles = assignment is not None and assignment.purpose is Purpose.HANDLE
    own = case.playbook_or_default.ladder[assignment.level_index].clocks if assignment and handles else {}
    return own.get(clock) or context.standards[case.urgency].get(clock)


def _assignment(case: Case, running: Running) -> Assignment | None:
    return next((one for one in case.assignments if one.id == running.assignment), None)


def _due(case: Case, running: Running, context: CaseContext, pauses: Sequence[Pause]) -> Due:
    """Return the due time by the calendar. A granted extension never makes it earlier than it would be without."""
    plain, more = context.calendar.due(running.start, running.rule, pauses), running.extension
    if more is None or more.granted_at is None:
        return plain
    extended = context.calendar.extended(more.granted_at, more.until, running.rule, pauses)
    return extended if extended.at >= plain.at else plain


def _compute(case: Case, running: Running, context: CaseContext, tell: bool = False) -> Effects:
    """Announce and arm the due time anew; NOTHING where it stays. ``tell``: name the units to tell that it moved."""
    due = _due(case, running, context, case.pauses)
    same = (due.at, due.provisional) == (running.due, running.provisional)
    running.awaits, running.calendar = due.awaits, context.calendar.version
    if same:
        return NO_EFFECTS
    before = running.due
    told = _told(case, running, context) if tell and due.at != before else None
    _move(running, due, context)
    outcome = Effects(_set(case, running, due, context))
    if told is not None:
        moved = events.DeadlineMoved(
            clock=running.clock,
            due=running.due,
            assignment=running.assignment,
            before=before,
            to=told,
            resident=_was_extended(running),
        )
        outcome += Effects(case.said(moved))
    return outcome + deadline_stages.arm(case, running, context)


def _told(case: Case, running: Running, context: CaseContext) -> list[str]:
    """Return who is told of a moved due time: the units at work; also the supervisor, if none is or a supervisor was called."""
    open_ones = (one for one in case.assignments if one.open and running.assignment in {None, one.id})
    units = [one.to for one in open_ones if one.purpose is Purpose.HANDLE or one.id == running.assignment]
    supervisor = case.supervisor(context)
    if supervisor and (not units or (running.stage >= deadline_stages.BREACHED and not running.escalates)):
        units.append(supervisor)
    return list(dict.fromkeys(units))


def _was_extended(running: Running) -> bool:
    """Return whether an extension told the resident of a due time."""
    return running.extension is not None and running.extension.granted_at is not None


def _move(running: Running, due: Due, context: CaseContext) -> None:
    """Set a new due time. A breached clock whose due time is ahead again can be breached again."""
    running.due, running.awaits, running.calendar = due.at, due.awaits, context.calendar.version
    if running.stage >= deadline_stages.BREACHED and due.at > context.at:
        running.stage = deadline_stages.BREACHED - 1
    running.version += 1


def _arm_anew(case: Case, running: Running, context: CaseContext) -> Effects:
    running.version += 1
    return deadline_stages.arm(case, running, context)


def _set(case: Case, running: Running, due: Due, context: CaseContext) -> DomainEvent:
    return case.said(
        events.DeadlineSet(
            clock=running.clock,
            due=running.due,
            assignment=running.assignment,
            started=running.start,
            rule=running.rule,
            calendar=context.calendar.version,
            provisional=running.provisional,
            explanation=due.explanation,
        )
    )
