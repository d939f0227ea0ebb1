"""A command that something else was faster than has no effect, and who gave it is told what was first, and when."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from contracts.codes import Command, EarlierFact, ReturnReason
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.entities import Assignment
from services.dispatch.domain.lateness import TooLate
from tests.unit.dispatch.town import COMMUNITY, PROPERTY, SECOND, T0, VERIFIER, Told

LATER = T0 + timedelta(minutes=5)
C, E = Command, EarlierFact


def late(told: Told, command: Command, unit: str, **more: Any) -> TooLate:
    """The refusal of a report, which changes nothing."""
    before = repr(told.case)
    with pytest.raises(TooLate) as refused:
        told.report(command, unit, **more)
    assert repr(told.case) == before
    return refused.value


@pytest.mark.parametrize("order", list(permutations([C.HANDLE, C.HAND_UP, C.RETURN])), ids=lambda order: "-".join(order))
def test_of_handle_hand_up_and_return_each_has_an_effect_or_is_told_what_came_first(order: tuple[Command, ...]) -> None:
    told, first = Told(), order[0]
    told.report(first, PROPERTY, reason=ReturnReason.NOT_MY_DUTY)
    told.at(LATER)
    fact = {C.HANDLE: E.COMPLETED, C.HAND_UP: E.HANDED_UP, C.RETURN: E.RETURNED}[first]
    for command in order[1:]:
        if (first, command) == (C.HAND_UP, C.HANDLE):  # a lower level stays responsible: its late work ends the case
            assert "case.completed" in told.report(command, PROPERTY)
            fact = E.HANDLED
        else:
            refused = late(told, command, PROPERTY, reason=ReturnReason.NOT_MY_DUTY)
            assert refused.fact in {fact, E.HANDLED}
            assert refused.at == (LATER if fact is E.HANDLED and first is C.HAND_UP else T0)


@pytest.mark.parametrize(
    ("before", "command", "fact"),
    [
        ([C.SIGN], C.SIGN, E.SIGNED),
        ([C.CONTACT], C.SIGN, E.CONTACTED),
        ([C.CONTACT], C.CONTACT, E.CONTACTED),
        ([C.REPORT_IN], C.REPORT_IN, E.REPORTED_IN),
        ([C.HANDLE], C.PROGRESS, E.HANDLED),
        ([C.HANDLE], C.HANDLE, E.HANDLED),
        ([C.HAND_UP], C.HAND_UP, E.HANDED_UP),
    ],
)
def test_a_step_that_was_taken_before_is_told_with_its_time(before: list[Command], command: Command, fact: EarlierFact) -> None:
    told = Told()
    for one in before:
        told.report(one, PROPERTY)
    told.at(LATER)
    refused = late(told, command, PROPERTY)
    assert (refused.fact, refused.at) == (fact, T0)
    assert str(refused).startswith(
        f"command: {command} comes too late and has no effect: {fact} came first, at 2026-03-02T10:00"
    )


@pytest.mark.parametrize("cause", ["merged", "rejected", "cancelled"])
def test_whoever_works_on_a_withdrawn_case_is_told_why(cause: str) -> None:
    told = Told()
    told.note(ticket_reactions.withdrawn(told.case, cause))
    told.at(LATER)
    assert (late(told, C.HANDLE, PROPERTY).fact, late(told, C.SIGN, PROPERTY).at) == (EarlierFact(cause), T0)


def test_who_was_relieved_is_told_that_another_completed_it() -> None:
    told = Told()
    told.report(C.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_DUTY)
    told.report(C.HAND_UP, SECOND)
    told.at(LATER)
    mediator = next(one.to for one in told.case.assignments if one.open and one.to not in {PROPERTY, SECOND})
    told.report(C.HANDLE, SECOND)
    assert late(told, C.PROGRESS, mediator).fact is E.COMPLETED


def test_work_of_an_earlier_generation_is_told_to_be_over() -> None:
    told = Told()
    told.report(C.HANDLE, PROPERTY)
    told.case.assignments[0].to = SECOND  # as if somebody else is named now
    told.note(ticket_reactions.again(told.case, 2, told.context))
    assert late(told, C.HANDLE, SECOND).fact is E.HANDLED


def test_of_two_supervisors_who_rule_the_second_is_told() -> None:
    told = Told()
    for unit in (PROPERTY, SECOND):
        told.report(C.RETURN, unit, reason=ReturnReason.NOT_MY_DUTY)
    told.report(C.RULE, COMMUNITY, to=PROPERTY)
    told.at(LATER)
    assert (late(told, C.RULE, COMMUNITY, to=SECOND).fact, late(told, C.RULE, COMMUNITY, to=SECOND).at) == (E.RULED, T0)


def test_of_two_verifications_the_second_is_told() -> None:
    told = Told()
    told.report(C.HANDLE, PROPERTY)
    told.note(ticket_reactions.handled(told.case, 1, [PROPERTY], told.context))
    told.report(C.VERIFY, VERIFIER, passed=True)
    assert told.case.state is CaseState.VERIFIED
    assert late(told, C.VERIFY, VERIFIER, passed=False).fact is E.VERIFIED


def test_pausing_twice_and_resuming_twice_are_told() -> None:
    told = Told()
    told.report(C.PAUSE, COMMUNITY, until=T0 + timedelta(days=2))
    assert late(told, C.PAUSE, COMMUNITY, until=T0 + timedelta(days=3)).fact is E.PAUSED
    told.report(C.RESUME, COMMUNITY)
    assert late(told, C.RESUME, COMMUNITY).fact is E.RESUMED


def test_what_an_older_version_did_not_note_is_refused_without_a_time() -> None:
    told = Told()
    told.report(C.HANDLE, PROPERTY)
    assignment: Assignment = told.case.assignments[0]
    assignment.history.clear()
    assert isinstance(told.case, Case)
    refused = late(told, C.HANDLE, PROPERTY)
    assert (refused.fact, refused.at) == (None, None)
