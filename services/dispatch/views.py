"""The views of dispatch: what its queries answer of a case, its clocks and commands, and of the directory."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.codes import Asked, Purpose
from services.dispatch.case_lists import Work
from services.dispatch.domain import case_summary, deadline_stages
from services.dispatch.domain import clocks as case_clocks
from services.dispatch.domain.allowed_commands import Choice
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.directory import Directory
from services.dispatch.domain.entities import Running

View = dict[str, Any]


def case(case: Case) -> View:
    """Return a case as it stands: of its playbook the name, the version and the level it stands at."""
    book = case.playbook
    named = {"playbook": book.name if book else None, "playbook_version": book.version if book else None}
    return {**vars(case), **named, "level": case_summary.level(case)}


def case_item(case: Case) -> View:
    """Return a case as an item of a list."""
    return {
        **vars(case),
        "level": case_summary.level(case),
        "paused": case.paused,
        **_due(case_summary.next_due(case)),
        "units": [{"unit": one.to, "purpose": one.purpose, "step": one.step} for one in case_summary.open_assignments(case)],
        "nobody": case_summary.nobody(case),
    }


def work_item(work: Work) -> View:
    """Return a piece of work as an item of a list."""
    case, one = work.case, work.assignment
    due = case_summary.next_due_of(case, one) if one else case_summary.next_due(case)
    return {
        "ticket": case.id,
        "assignment": one.id if one else None,
        "asked": work.asked,
        "unit": work.unit,
        "purpose": one.purpose if one else Purpose.VERIFY if work.asked is Asked.VERIFIER else Purpose.HANDLE,
        "level": one.level if one else case_summary.level(case),
        "step": one.step if one else None,
        "contacted": one is not None and one.contacted,
        "made_at": one.made_at if one else None,
        "category": case.category,
        "area": case.area,
        "estate": case.estate,
        "urgency": case.urgency,
        **_due(due),
    }


def clocks(case: Case, context: CaseContext) -> View:
    """Return the running clocks of a case, the earliest due first, and its pauses."""
    shown = [_clock(case, running, context) for running in case.clocks if running.live]
    return {
        "ticket": case.id,
        "paused": case.paused,
        "clocks": sorted(shown, key=lambda one: (one["due"], one["clock"], one["assignment"] or "")),
        "pauses": [vars(pause) for pause in case.pauses],
    }


def due_time(case: Case, running: Running, context: CaseContext) -> View:
    """Return the due time of a running clock with its explanation. While the case is paused, it is as if the pause ended now.

    The explanation is missing where this process would compute another due time: another calendar computed the one that counts.
    """
    due = case_clocks.explained(case, running, context)
    same = case.paused or due.at == running.due
    return {
        "clock": running.clock,
        "due": due.at if same else running.due,
        "provisional": due.provisional if same else running.provisional,
        "breached": running.stage >= deadline_stages.BREACHED,
        "explanation": due.explanation if same else None,
    }


def choice(choice: Choice) -> View:
    """Return a command of a unit, and why it is refused, where it is."""
    return {
        "command": choice.command,
        "allowed": choice.allowed,
        "wants": list(choice.wants),
        "reason": vars(choice.refused) if choice.refused else None,
    }


def directory(version: int, known: Directory, categories: Sequence[Mapping[str, Any]]) -> View:
    """Return the whole directory, each list in the order of code."""
    areas = sorted(known.areas.values(), key=lambda area: area.code)
    people = sorted(known.responders, key=lambda one: one.id)
    return {
        "version": version,
        "areas": [{"code": area.code, "kind": area.kind, "parent": area.parent} for area in areas],
        "categories": list(categories),
        "responders": [
            {"code": one.id, "role": one.role, "areas": list(one.areas), "categories": list(one.categories)} for one in people
        ],
    }


def _clock(case: Case, running: Running, context: CaseContext) -> View:
    due = due_time(case, running, context)
    of = next((one for one in case.assignments if one.id == running.assignment), None)
    ahead = deadline_stages.ahead(case, running, due["due"], context)
    return {
        **due,
        "assignment": running.assignment,
        "unit": of.to if of else None,
        "since": running.start,
        "rule": running.rule,
        "calendar": running.calendar or None,
        "stage": running.stage,
        "escalates": running.escalates,
        "ahead": [{"at": mark.at, "stage": mark.stage, "to": mark.to} for mark in ahead],
    }


def _due(due: case_summary.NextDue) -> View:
    return {"due": due.at, "due_clock": due.clock, "breached": due.breached}
