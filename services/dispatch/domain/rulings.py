"""Rulings: a supervisor of the case names the unit that handles or verifies the matter, or decides on an extension."""

from chassis.effects import Effects
from contracts.codes import EarlierFact
from contracts.events import dispatch as events
from services.dispatch.domain import assignments, extensions, lateness, police_matter, verification
from services.dispatch.domain.case import Case, CaseState, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import LevelRun, LevelRunState
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.responses import response_of_run


class NoRulingAsked(NotNow):
    """A ruling for which nobody asks."""


def rule(case: Case, report: Report, context: CaseContext) -> Effects:
    """Name the unit that does it, or checks it, where that is asked for; or decide on an extension.

    Raises NotSupervisor, NotNow, SelfVerification, NeverToThem.
    """
    case.supervised_by(report.unit, context)
    asked = extensions.asked(case)
    if report.to is None and asked is not None:
        return extensions.decide(case, asked, needed(report.passed, "passed"), context)
    unit = needed(report.to, "to")
    if not (case.ruling_asked or case.verifier_asked or case.state is CaseState.EXHAUSTED):
        if EarlierFact.RULED in case.history:
            raise lateness.of_case(case, report.command, [EarlierFact.RULED, EarlierFact.COMPLETED])
        raise NoRulingAsked("command: no ruling is asked for in this case")
    named = context.directory.responder(unit)
    if named is None:
        raise NotNow("to: is not registered")
    if police_matter.bars(case.category, named.role, context):
        raise police_matter.NeverToThem(f"to: {unit!r}: {case.category!r} never goes to a {named.role.value}")
    said = Effects(case.said(events.AssignmentRuled(by=report.unit, actor=report.actor, to=unit)))
    return said + (verification.rule(case, unit, context) if case.verifier_asked else _name(case, unit, context))


def _name(case: Case, unit: str, context: CaseContext) -> Effects:
    """Name the unit on the highest level that was opened, beside whoever is at work there."""
    case.ruling_asked, case.state = False, CaseState.WORKING
    run = _run_for_ruling(case)
    prepared = response_of_run(case, run).prepare_ruling(case, run, unit, context)
    return prepared + assignments.name(case, run, unit, context, ruled=True)


def _run_for_ruling(case: Case) -> LevelRun:
    """Return the highest run, open again; a new run of the first level where none was opened."""
    if case.highest < 0:
        case.level_runs.append(LevelRun(0, case.generation))
    run = case.level_run(case.highest)
    run.state = LevelRunState.OPEN
    return run
