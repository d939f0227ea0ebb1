"""What mediators and parties say in a mediation, and what becomes of the case by it."""

from chassis.effects import Effects
from contracts.codes import EscalationCause, Party
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, ladder, mediation
from services.dispatch.domain.case import Case, NotAssigned, NotNow
from services.dispatch.domain.parts import Assignment, Step
from services.dispatch.domain.report import Report
from services.dispatch.domain.world import World


def session(case: Case, report: Report, world: World) -> Effects:
    """A session was held. Raises NoConsent, NotNow, NotAssigned."""
    _mediates(case, report)
    return mediation.session(case)


def agree(case: Case, report: Report, world: World) -> Effects:
    """The parties agreed, which ends the work. Raises NoConsent, NotNow, NotAssigned."""
    assignment = _mediates(case, report)
    said = mediation.agree(case, world)
    assignment.step = Step.DONE
    handled = Effects(case.stepped(say.AssignmentHandled, assignment, report.actor)) + clocks.meet(case, assignment)
    return said + handled + ladder.complete(case, case.rung(assignment.rung), Ending.AGREED, world)


def fail(case: Case, report: Report, world: World) -> Effects:
    """The parties did not agree: the case moves up. Raises NotNow, NotAssigned."""
    assignment = _mediates(case, report)
    failed = ladder.pass_over(case, case.rung(assignment.rung), EscalationCause.FAILED, world)
    if not failed:
        raise NotNow("command: the case does not move up any more")
    return failed


def consent(case: Case, party: Party) -> Effects:
    """A party consents to the mediation. Raises NotNow."""
    return mediation.consent(case, party)


def withdraw(case: Case, party: Party, world: World) -> Effects:
    """A party withdraws its consent: the mediation has failed and the case moves up. Raises NotNow."""
    said, rung = mediation.withdraw(case, party)
    return said + ladder.pass_over(case, rung, EscalationCause.CONSENT_WITHDRAWN, world)


def _mediates(case: Case, report: Report) -> Assignment:
    _, going_on = mediation.live(case)
    if going_on.mediator != report.unit:
        raise NotAssigned("unit: does not mediate in this case")
    return case.at_work(report.unit)
