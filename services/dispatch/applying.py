"""Carrying out what the domain answered about a case, and keeping when it happened."""

from chassis.outcome import Outcome
from chassis.work import Work
from services.dispatch.domain import history
from services.dispatch.domain.case import Case


def apply(case: Case, outcome: Outcome, work: Work) -> None:
    """Publish the events, arm the timers, and note the time of each fact in the case."""
    history.note(case, outcome, work.now)
    work.apply(outcome)
