"""The clocks of a case: started, stopped, paused, extended, computed anew. What happens at their marks is `marks`.

Case clocks (first contact, handle) start at `ticket.opened`, never restart, and on breach supervise. Level clocks run per
assignment and on breach escalate. A due time that is computed anew is said again, and its timer is armed by a new version.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from chassis.effects import NO_EFFECTS, CancelTimer, DomainEvent, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as say
from services.dispatch.domain import marks
from services.dispatch.domain.case import Case
from services.dispatch.domain.due import Due, Pause, counts_working_time
from services.dispatch.domain.parts import Assignment, Running, Step
from services.dispatch.domain.world import World

CASE_CLOCKS = (Clock.CONTACT, Clock.HANDLE)
LEVEL_CLOCKS = (Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN)
MET_BY = {
    Clock.SIGN: Step.SIGNED,
    Clock.REPORT_IN: Step.REPORTED_IN,
    Clock.HANDLE_WITHIN: Step.DONE,
    Clock.VERIFY: Step.DONE,
}
Which = Callable[[Running], bool]


def key_of(clock: Clock, assignment: str | None) -> str:
    """The clock's name among the case's, which is also its timer's."""
    return f"{clock.value}:{assignment}" if assignment else clock.value


# --- starting and stopping


def start_case_clocks(case: Case, world: World) -> Effects:
    """First contact and handle, from `ticket.opened`."""
    outcome = NO_EFFECTS
    for clock in CASE_CLOCKS:
        outcome += _start(case, key_of(clock, None), clock, None, case.opened_at, world)
    return outcome


def start_assignment_clocks(case: Case, assignment: Assignment, wanted: tuple[Clock, ...], world: World) -> Effects:
    """Those of the clocks wanted for which the level or the standard names a span."""
    outcome = NO_EFFECTS
    for clock in wanted:
        if _span(case, clock, assignment, world) is not None:
            outcome += _start(case, key_of(clock, assignment.id), clock, assignment, world.at, world)
    return outcome


def start_verification_clock(case: Case, world: World) -> Effects:
    """The case's own clock of verification, which runs while nobody can be named to check."""
    return _start(case, f"{Clock.VERIFY.value}:{case.id}-{case.generation}", Clock.VERIFY, None, world.at, world)


def meet(case: Case, assignment: Assignment) -> Effects:
    """Stop the assignment's clocks that what it did satisfies."""
    return stop(
        case, lambda running: running.assignment == assignment.id and assignment.reached(MET_BY.get(running.clock, Step.ENDED))
    )


def stop(case: Case, which: Which) -> Effects:
    """Stop the live clocks that ``which`` chooses."""
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live and which(running):
            running.live = False
            outcome += Effects(CancelTimer(case.id, running.key))
    return outcome


def wake(case: Case, world: World) -> Effects:
    """The case's clocks that were stopped when the work was done go on from their old start: handle, and first contact where
    nobody was reached.
    """
    reached = any(assignment.contacted for assignment in case.assignments)
    outcome = NO_EFFECTS
    for running in case.clocks:
        if not running.live and (running.clock is Clock.HANDLE or (running.clock is Clock.CONTACT and not reached)):
            running.live = True
            outcome += _compute(case, running, world) or _arm_anew(case, running, world)
    return outcome


# --- moving


def recompute(case: Case, world: World, which: Which = lambda _: True) -> Effects:
    """Compute the live clocks that ``which`` chooses by another calendar, from their old start and with their pauses.

    Where a due time moves, an event names whom to tell. One that stays is not told of; its marks may still move, since
    they lie in office hours.
    """
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live and which(running):
            rearm = running.calendar != world.calendar.version and counts_working_time(running.rule)
            moved = _compute(case, running, world, tell=True)
            outcome += moved or (_arm_anew(case, running, world) if rearm else NO_EFFECTS)
    return outcome


def hurry(case: Case, world: World) -> Effects:
    """The spans of a new urgency, from the old start. What was granted under the old urgency does not count any more."""
    for running in [one for one in case.clocks if one.live]:
        rule = _span(case, running.clock, _assignment(case, running), world)
        if rule is not None and rule != running.rule:
            running.rule = rule
            if running.extension:
                running.extension.decided, running.extension.granted_at = True, None
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live:
            outcome += _compute(case, running, world)
    return outcome


def hold(case: Case) -> Effects:
    """A pause begins: no clock rings while it lasts."""
    return Effects(*(CancelTimer(case.id, running.key) for running in case.clocks if running.live))


def release(case: Case, world: World) -> Effects:
    """A pause ended: every clock goes on, later by the time that the pause covered of it."""
    outcome = NO_EFFECTS
    for running in case.clocks:
        if running.live:
            outcome += _compute(case, running, world) or _arm_anew(case, running, world)
    return outcome


def extend(case: Case, running: Running, world: World) -> Effects:
    """The time that was asked for is granted from now on."""
    assert running.extension is not None
    before = running.due
    running.extension.decided, running.extension.granted_at = True, world.at
    due = _due(case, running, world, case.pauses)
    _move(running, due, world)
    extended = say.DeadlineExtended(clock=running.clock, due=running.due, assignment=running.assignment, before=before)
    return Effects(case.said(extended)) + marks.arm(case, running, world)


def due_now(case: Case, running: Running, world: World) -> datetime:
    """The due time of a clock if the pause that lasts ended now; its due time where there is no such pause."""
    return _due(case, running, world, case.pauses_by(world.at)).at if case.paused else running.due


# --- within


def _start(case: Case, key: str, clock: Clock, assignment: Assignment | None, since: datetime, world: World) -> Effects:
    rule = _span(case, clock, assignment, world)
    assert rule is not None, "the standards name every case clock, and callers ask before they start another"
    due = world.calendar.due(since, rule, case.pauses)
    running = Running(key, clock, assignment.id if assignment else None, rule, since, due.at, due.awaits)
    running.calendar = world.calendar.version
    case.clocks.append(running)
    return Effects(_set(case, running, due, world)) + marks.arm(case, running, world)


def _span(case: Case, clock: Clock, assignment: Assignment | None, world: World) -> str | None:
    """The level's own span where it names one, else the standard of the urgency; None where there is neither."""
    handles = assignment is not None and assignment.purpose is Purpose.HANDLE
    own = case.book.ladder[assignment.rung].clocks if assignment and handles else {}
    return own.get(clock) or world.standards[case.urgency].get(clock)


def _assignment(case: Case, running: Running) -> Assignment | None:
    return next((one for one in case.assignments if one.id == running.assignment), None)


def _due(case: Case, running: Running, world: World, pauses: Sequence[Pause]) -> Due:
    """The due time by the calendar. An extension that was granted never makes it earlier than it would be without."""
    plain, more = world.calendar.due(running.start, running.rule, pauses), running.extension
    if more is None or more.granted_at is None:
        return plain
    extended = world.calendar.extended(more.granted_at, more.until, running.rule, pauses)
    return extended if extended.at >= plain.at else plain


def _compute(case: Case, running: Running, world: World, tell: bool = False) -> Effects:
    """Say and arm the due time anew; NOTHING where it stays what it was. ``tell``: name whom to tell that it moved."""
    due = _due(case, running, world, case.pauses)
    same = (due.at, due.provisional) == (running.due, running.provisional)
    running.awaits, running.calendar = due.awaits, world.calendar.version
    if same:
        return NO_EFFECTS
    before = running.due
    told = _told(case, running, world) if tell and due.at != before else None
    _move(running, due, world)
    outcome = Effects(_set(case, running, due, world))
    if told is not None:
        moved = say.DeadlineMoved(
            clock=running.clock,
            due=running.due,
            assignment=running.assignment,
            before=before,
            to=told,
            resident=_was_extended(running),
        )
        outcome += Effects(case.said(moved))
    return outcome + marks.arm(case, running, world)


def _told(case: Case, running: Running, world: World) -> list[str]:
    """Return who is told of a moved due time: the units at work; also the supervisor, if none is or a supervisor was called."""
    open_ones = (one for one in case.assignments if one.open and running.assignment in {None, one.id})
    units = [one.to for one in open_ones if one.purpose is Purpose.HANDLE or one.id == running.assignment]
    supervisor = case.supervisor(world)
    if supervisor and (not units or (running.stage >= marks.BREACHED and not running.escalates)):
        units.append(supervisor)
    return list(dict.fromkeys(units))


def _was_extended(running: Running) -> bool:
    """Whether an extension told the resident of a due time."""
    return running.extension is not None and running.extension.granted_at is not None


def _move(running: Running, due: Due, world: World) -> None:
    """A new due time. What was breached and is ahead again can be breached again."""
    running.due, running.awaits, running.calendar = due.at, due.awaits, world.calendar.version
    if running.stage >= marks.BREACHED and due.at > world.at:
        running.stage = marks.BREACHED - 1
    running.version += 1


def _arm_anew(case: Case, running: Running, world: World) -> Effects:
    running.version += 1
    return marks.arm(case, running, world)


def _set(case: Case, running: Running, due: Due, world: World) -> DomainEvent:
    return case.said(
        say.DeadlineSet(
            clock=running.clock,
            due=running.due,
            assignment=running.assignment,
            started=running.start,
            rule=running.rule,
            calendar=world.calendar.version,
            provisional=running.provisional,
            explanation=due.explanation,
        )
    )
