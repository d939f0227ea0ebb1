"""Carry out the outcome of a domain function, and record in the case when its events happened."""

from chassis.effects import Effects
from chassis.handler_context import HandlerContext
from services.dispatch.domain import history
from services.dispatch.domain.case import Case


def apply(case: Case, outcome: Effects, ctx: HandlerContext) -> None:
    """Publish the events of an outcome, arm its timers, and record the time of each fact in the case."""
    history.note(case, outcome, ctx.now)
    ctx.apply(outcome)
