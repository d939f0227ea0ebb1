"""The list of allowed commands agrees with the rules, whatever happened before."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from chassis.effects import Refused
from contracts.codes import Command, EarlierFact, Party, Refusal, ReturnReason
from services.dispatch.domain import clocks, commands, pauses
from services.dispatch.domain.allowed_commands import Choice, choices, copy_of
from services.dispatch.domain.case import Case, CaseState, NotNow
from services.dispatch.domain.case_summary import units_with_a_part
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Step
from services.dispatch.domain.refusal_texts import FACTS, REFUSALS, text_of
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses.convene import joint_action_of
from services.dispatch.service import DispatchService
from tests.unit.dispatch.any_order import AnyOrder
from tests.unit.dispatch.town import COMMUNITY, MEDIATOR, PROPERTY, SECOND, STREET, VERIFIER, Told

assert DispatchService, "imports every rule, and with it every refusal"


def listed(told: Told, unit: str, actor: str | None = None) -> dict[Command, Choice]:
    """The commands of a unit, by command; of two rulings the last."""
    return {one.command: one for one in choices(told.case, unit, actor or f"app-of-{unit}", told.context)}


def allowed(told: Told, unit: str) -> set[str]:
    """The commands that a unit may give."""
    return {command.value for command, one in listed(told, unit).items() if one.allowed}


def taken(case: Case, report: Report, context: CaseContext) -> bool:
    """Whether the rules take a report; the case stays as it is."""
    try:
        commands.execute(copy_of(case), report, context)
    except Refused:
        return False
    return True


class ListedCommands(AnyOrder):
    """After any steps: what is listed as allowed is taken, and what is listed as refused is refused with any fields."""

    @precondition(lambda self: units_with_a_part(self.case, self.told.context))
    @rule(
        which=st.integers(0, 9),
        passed=st.booleans(),
        reason=st.sampled_from(ReturnReason),
        hours=st.integers(1, 900),
        shared=st.booleans(),
    )
    def list_agrees_with_the_rules(self, which: int, passed: bool, reason: ReturnReason, hours: int, shared: bool) -> None:
        case, context = self.case, self.told.context
        units = units_with_a_part(case, context)
        unit = units[which % len(units)]
        actor = "one-account-for-all" if shared else f"app-of-{unit}"
        before, found = repr(case), choices(case, unit, actor, context)
        assert {one.command for one in found} == set(Command)
        for one in found:
            if one.allowed:
                assert taken(case, one.tried, context)
                assert all(taken(case, given, context) for given in self.sensible(one, passed, reason, hours))
            else:
                assert not taken(case, one.tried, context)
                assert not any(taken(case, given, context) for given in self.anything(one, passed, reason, hours))
        assert repr(case) == before, "to look changes nothing"

    def sensible(self, one: Choice, passed: bool, reason: ReturnReason, hours: int) -> Iterator[Report]:
        """An allowed command with other fields that make sense: what is tried first says nothing about them."""
        given: dict[str, Any] = {"passed": passed, "reason": reason, "until": self.told.context.at + timedelta(hours=hours)}
        if set(one.wants) <= {"passed", "reason"} or one.command is Command.PAUSE:
            yield Report(one.command, one.tried.unit, one.tried.actor, **{name: given[name] for name in one.wants})

    def anything(self, one: Choice, passed: bool, reason: ReturnReason, hours: int) -> Iterator[Report]:
        """A refused command with fields of any value."""
        until = self.told.context.at + timedelta(hours=hours)
        for to in (None, *(person.id for person in self.told.context.directory.responders)):
            yield Report(one.command, one.tried.unit, one.tried.actor, passed, reason, to, until)
        for due in {clocks.due_now(self.case, running, self.told.context) for running in self.case.clocks if running.live}:
            yield Report(one.command, one.tried.unit, one.tried.actor, passed, reason, None, due + timedelta(minutes=1))


ListedCommands.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestListedCommands = ListedCommands.TestCase


def test_the_commands_along_the_way_of_a_case() -> None:
    told = Told()
    assert allowed(told, PROPERTY) == {"sign", "contact", "report_in", "progress", "return", "hand_up", "handle", "extend"}
    assert allowed(told, COMMUNITY) == {"pause"}
    told.report(Command.HAND_UP, PROPERTY)
    assert "hand_up" not in allowed(told, PROPERTY)
    assert allowed(told, MEDIATOR) == {"sign", "contact", "report_in", "progress", "return", "extend", "fail"}
    for party in Party:
        told.consent(party)
    assert {"session"} == allowed(told, MEDIATOR) - {"sign", "contact", "report_in", "progress", "return", "extend", "fail"}
    told.report(Command.SESSION, MEDIATOR)
    told.report(Command.AGREE, MEDIATOR)
    assert allowed(told, MEDIATOR) == {"perform"}
    assert allowed(told, COMMUNITY) == {"perform"}


def test_a_supervisor_names_who_does_it_and_decides_on_more_time_at_once() -> None:
    told = Told()
    told.report(Command.EXTEND, PROPERTY, until=told.context.at + timedelta(days=20))
    told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_DUTY)
    told.report(Command.EXTEND, SECOND, until=told.context.at + timedelta(days=20))
    told.case.ruling_asked = True
    rulings = [one for one in choices(told.case, STREET, "x", told.context) if one.command is Command.RULE]
    assert [(one.allowed, one.wants) for one in rulings] == [(True, ("to",)), (True, ("passed",))]


def test_an_account_that_reported_it_handled_is_told_that_it_may_not_verify() -> None:
    told = Told()
    told.report(Command.HANDLE, PROPERTY, actor="one")
    told.case.assignments.append(type(told.case.assignments[0])(
        "T1-9", VERIFIER, 0, "verify", told.case.assignments[0].purpose.VERIFY, 1, told.context.at, Step.MADE
    ))  # fmt: skip
    refused = listed(told, VERIFIER, "one")[Command.VERIFY].refused
    assert refused is not None
    assert (refused.code, bool(refused.zh), bool(refused.en)) == (Refusal.SELF_VERIFICATION, True, True)
    assert listed(told, VERIFIER, "another")[Command.VERIFY].allowed


def test_only_co_units_are_excused() -> None:
    told = Told(dispute=False)
    told.report(Command.HAND_UP, PROPERTY)
    action = next(filter(None, map(joint_action_of, told.case.level_runs)))
    excuse = listed(told, COMMUNITY)[Command.EXCUSE]
    assert excuse.allowed
    assert excuse.tried.to in set(action.units) - {action.lead}
    told.report(Command.EXCUSE, COMMUNITY, to=excuse.tried.to)
    again = listed(told, COMMUNITY)[Command.EXCUSE].refused
    assert again is not None


def test_a_parked_ticket_and_a_withdrawn_case_say_why() -> None:
    told = Told()
    told.note(pauses.parked(told.case, told.context.at + timedelta(days=1), told.context))
    parked = listed(told, COMMUNITY)[Command.RESUME].refused
    assert parked is not None
    assert parked.code is Refusal.TICKET_PARKED
    told.case.state = CaseState.WITHDRAWN
    told.case.history[EarlierFact.MERGED] = told.context.at
    over = {one.refused for one in choices(told.case, PROPERTY, "x", told.context)}
    assert {one.zh for one in over if one} == {"已并单（2026-03-02 10:00）"}, "in the deployment's zone"


def every_refusal(base: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """The refusals of the domain."""
    for cls in base.__subclasses__():
        if cls.__module__.startswith("services.dispatch.domain"):
            yield cls
        yield from every_refusal(cls)


@pytest.mark.parametrize("cls", sorted(set(every_refusal()), key=lambda one: one.__name__))
def test_every_refusal_has_a_code_and_texts_of_its_own(cls: type[Refused]) -> None:
    apart = {"TooLate", "MayNotSpeak"}
    """The first says what came first; the other is refused before a case is looked at."""
    assert cls.__name__ in apart or cls in REFUSALS


def test_codes_are_said_once_and_facts_all() -> None:
    codes = [code for code, _, _ in REFUSALS.values()]
    assert sorted([*codes, Refusal.TOO_LATE]) == sorted(Refusal)
    assert set(FACTS) == set(EarlierFact)


def test_a_refusal_of_no_kind_has_a_text_too() -> None:
    class Other(NotNow):
        """Not known to the texts."""

    assert text_of(Other("command: no")).code is Refusal.NOT_NOW
    assert text_of(Refused("command: no")).code is Refusal.NOT_NOW
