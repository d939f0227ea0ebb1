"""The summary of a case for lists: its level, its next due time, what is asked of supervisors, and its open assignments.

The store keeps these values in columns and rows of their own, so that lists of cases find them by index.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contracts.codes import Asked, Clock
from services.dispatch.domain import extensions
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.deadline_stages import BREACHED
from services.dispatch.domain.entities import Assignment, Running


@dataclass(frozen=True)
class NextDue:
    """The earliest due time among some running clocks, and whether one of these clocks is breached.

    ``at`` and ``clock`` are None where no clock runs: none is live, or the case is paused.
    """

    at: datetime | None = None
    clock: Clock | None = None
    breached: bool = False


def level(case: Case) -> str | None:
    """Return the level of the ladder at which the case stands; None where no playbook fitted, or no level was opened."""
    return case.playbook.ladder[case.highest].level if case.playbook and case.highest >= 0 else None


def next_due(case: Case) -> NextDue:
    """Return the next due time of all clocks of a case."""
    return _next_due(case, [one for one in case.clocks if one.live])


def next_due_of(case: Case, assignment: Assignment) -> NextDue:
    """Return the next due time of the clocks that concern an assignment: its own, and those of the case."""
    return _next_due(case, [one for one in case.clocks if one.live and one.assignment in {None, assignment.id}])


def open_assignments(case: Case) -> list[Assignment]:
    """Return the assignments of which something is still asked."""
    return [] if case.state is CaseState.WITHDRAWN else [one for one in case.assignments if one.open]


def nobody(case: Case) -> bool:
    """Return whether the case waits for work and no unit has an open assignment."""
    return case.state in {*UNDER_WAY, CaseState.COMPLETED} and not open_assignments(case)


def asked(case: Case) -> Iterator[Asked]:
    """Yield each decision that the case asks of its supervisors."""
    if case.state in UNDER_WAY and (case.ruling_asked or case.state is CaseState.EXHAUSTED):
        yield Asked.RULING
    if case.state is CaseState.COMPLETED and case.verifier_asked:
        yield Asked.VERIFIER
    if case.state is not CaseState.WITHDRAWN and extensions.asked(case) is not None:
        yield Asked.EXTENSION


def units_with_a_part(case: Case, context: CaseContext) -> list[str]:
    """Return the units that have or had an assignment in the case, and its supervisors, each once."""
    return list(dict.fromkeys([*(one.to for one in case.assignments), *case.supervisors(context)]))


def _next_due(case: Case, live: list[Running]) -> NextDue:
    breached = any(one.stage >= BREACHED for one in live)
    if case.paused or not live:
        return NextDue(breached=breached)
    first = min(live, key=lambda one: (one.due, one.key))
    return NextDue(first.due, first.clock, breached)
