"""Carrying out what the domain answered about a case, and keeping when it happened."""

from chassis.effects import Effects
from chassis.handler_context import HandlerContext
from services.dispatch.domain import history
from services.dispatch.domain.case import Case


def apply(case: Case, outcome: Effects, ctx: HandlerContext) -> None:
    """Publish the events, arm the timers, and note the time of each fact in the case."""
    history.note(case, outcome, ctx.now)
    ctx.apply(outcome)
