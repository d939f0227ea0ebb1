"""Commands that come too late: another command, or the chain, settled before what they are about."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chassis.effects import Conflict
from contracts.codes import EarlierFact, Purpose
from services.dispatch.domain.case import Case, NotAssigned, NotNow
from services.dispatch.domain.entities import Assignment
from services.dispatch.domain.report import Report

E = EarlierFact
WITHDRAWN = (E.MERGED, E.REJECTED, E.CANCELLED)


class TooLate(NotNow, Conflict):
    """A command without effect. ``fact`` is what came first, ``at`` when; both are None where they are not known."""

    def __init__(self, command: str, fact: EarlierFact | None, at: datetime | None):
        self.fact, self.at = fact, at
        what = f"{fact.value} came first" if fact else "something came first"
        when = f", at {at.isoformat(timespec='seconds')}" if at else ""
        super().__init__(f"command: {command} comes too late and has no effect: {what}{when}")


def of_case(case: Case, command: str, facts: Iterable[EarlierFact]) -> TooLate:
    """Return the refusal that names the latest of these facts about a case."""
    return TooLate(command, *_latest(case.history, facts))


def of_assignment(case: Case, assignment: Assignment, command: str) -> TooLate:
    """Return the refusal that names what happened to an assignment last; of a relieved one, why, where the case knows."""
    fact, at = _latest(assignment.history, E)
    if fact is E.RELIEVED:
        why = (E.EXCUSED, E.RULED, E.RESUMED, E.REROUTED, E.COMPLETED, *WITHDRAWN)
        found, when = _latest({one: since for one, since in case.history.items() if since == at}, why)
        fact, at = (found, when) if found else (fact, at)
    return TooLate(command, fact, at)


def assignment_of(case: Case, unit: str, purpose: Purpose, command: str) -> Assignment:
    """Return the unit's latest assignment of this generation.

    Raises TooLate where it had one in an earlier generation of the work, NotAssigned where it never had one.
    """
    try:
        return case.assignment_of(unit, purpose)
    except NotAssigned:
        earlier = [one for one in case.assignments if one.to == unit and one.purpose is purpose]
        if not earlier:
            raise
        raise of_assignment(case, earlier[-1], command) from None


def at_work(case: Case, report: Report) -> Assignment:
    """Return the reporting unit's latest assignment to handle. Raises TooLate, NotAssigned."""
    return assignment_of(case, report.unit, Purpose.HANDLE, report.command)


def _latest(history: Mapping[str, datetime], facts: Iterable[EarlierFact]) -> tuple[EarlierFact | None, datetime | None]:
    known = [(history[fact], number, fact) for number, fact in enumerate(facts) if fact in history]
    if not known:
        return None, None
    at, _, fact = max(known, key=lambda one: one[:2])
    return fact, at
