"""More time: asked before it runs out, once for each clock, decided by the supervisor; the resident is told."""

from datetime import datetime

from chassis.effects import Effects, Refused
from contracts.codes import Clock
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, lateness, marks
from services.dispatch.domain.case import Case
from services.dispatch.domain.parts import Assignment, Extension, Running
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


class NoExtension(Refused):
    """An extension is asked before the time is over, once, and for more time than there is."""


def ask(case: Case, report: Report, world: World) -> Effects:
    """The unit asks for more time for its level's clock, or for the case's where its level has none. Raises NoExtension."""
    assignment = lateness.at_work(case, report)
    until = needed(report.until, "until")
    running = _clock(case, assignment)
    if running is None or running.extension or running.stage >= marks.BREACHED:
        raise NoExtension("command: an extension is asked once, and before the time is over")
    due = clocks.due_now(case, running, world)
    if world.at >= due:
        raise NoExtension("command: an extension is asked once, and before the time is over")
    if until <= due:
        raise NoExtension("until: is not later than the due time")
    if case.rung(assignment.rung).mediation and until > _longest(case, assignment, world):
        raise NoExtension("until: is past the time that a mediation may take")
    running.extension = Extension(until)
    asked = say.DeadlineExtensionAsked(
        clock=running.clock, due=running.due, assignment=running.assignment, until=until, supervisor=case.supervisor(world)
    )
    return Effects(case.said(asked))


def asked(case: Case) -> Running | None:
    """The clock for which a supervisor is asked for more time."""
    return next((one for one in case.clocks if one.live and one.extension and not one.extension.decided), None)


def decide(case: Case, running: Running, granted: bool, world: World) -> Effects:
    """The supervisor grants the time that was asked for, or refuses it."""
    assert running.extension is not None
    if granted:
        return clocks.extend(case, running, world)
    running.extension.decided = True
    refused = say.DeadlineExtensionRefused(clock=running.clock, due=running.due, assignment=running.assignment)
    return Effects(case.said(refused))


def _clock(case: Case, assignment: Assignment) -> Running | None:
    keys = (clocks.key_of(Clock.HANDLE_WITHIN, assignment.id), clocks.key_of(Clock.HANDLE, None))
    return next((one for key in keys for one in case.clocks if one.key == key and one.live), None)


def _longest(case: Case, assignment: Assignment, world: World) -> datetime:
    """The cap: a month unless all agree [人民调解工作若干规定 §33]; there is no way yet for the parties to say that they do."""
    return world.calendar.due(assignment.made_at, case.book.ladder[assignment.rung].longest, case.pauses_by(world.at)).at
