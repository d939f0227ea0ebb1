"""The performance of agreements (履约): somebody is asked whether what was agreed was done, until somebody has looked.

The mediator looks by a day that follows from the playbook. A timer of the agreement waits for the answer, whatever becomes of
the case meanwhile.

The mediator is urged before the day; from the day on the supervisors are asked, ever higher and at the stages of every other
clock, until one of them or the mediator has looked.
"""

from datetime import datetime
from typing import Protocol

from chassis.effects import ArmTimer, CancelTimer, Effects
from contracts.events import dispatch as events
from services.dispatch.domain import deadline_stages
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext

PERFORMANCE = "performance"
"""The kind of the timer; each agreement has its own."""


class Agreement(Protocol):
    """An agreement of a mediation. ``asked`` counts how often somebody was asked whether it was performed."""

    id: str
    mediator: str
    agreed_at: datetime | None
    perform_by: datetime | None
    asked: int


def arm(case: Case, agreement: Agreement, rule: str, context: CaseContext) -> ArmTimer:
    """Return the timer of the next stage. A pause of the case does not move it: an agreement is due all the same.

    ``rule`` is the span by which the day follows from the agreement.
    """
    since, due = _span(agreement)
    at = context.calendar.part_of(since, due, deadline_stages.part(agreement.asked), rule)
    return ArmTimer(case.id, _timer(agreement), at, agreement.asked)


def disarm(case: Case, agreement: Agreement) -> CancelTimer:
    """Return the effect that stops the asking."""
    return CancelTimer(case.id, _timer(agreement))


def ask(case: Case, agreement: Agreement, rule: str, context: CaseContext) -> Effects:
    """Ask whoever is to look, and wait for the next stage. Of several stages that passed at once the latest alone is asked."""
    agreed_at, perform_by = _span(agreement)
    agreement.asked = deadline_stages.reached(context, agreed_at, perform_by, rule, agreement.asked)
    asked = events.MediationPerformanceAsked(
        mediation=agreement.id, perform_by=perform_by, number=agreement.asked, to=_who_looks(case, agreement, context)
    )
    return Effects(case.said(asked), arm(case, agreement, rule, context))


def _who_looks(case: Case, agreement: Agreement, context: CaseContext) -> str | None:
    """Return the mediator before the day, while the directory knows it; else a supervisor, None where nobody supervises."""
    if agreement.asked < deadline_stages.BREACHED and context.directory.responder(agreement.mediator) is not None:
        return agreement.mediator
    return deadline_stages.above(case, max(agreement.asked, deadline_stages.BREACHED), context)


def _span(agreement: Agreement) -> tuple[datetime, datetime]:
    """Return the time of the agreement and the day by which somebody is to look."""
    assert agreement.agreed_at, "set with the agreement"
    assert agreement.perform_by, "set with the agreement"
    return agreement.agreed_at, agreement.perform_by


def _timer(agreement: Agreement) -> str:
    return f"{PERFORMANCE}:{agreement.id}"
