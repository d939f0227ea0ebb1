"""Verification: somebody else looks, or a supervisor says who."""

from datetime import timedelta

import pytest

from contracts.codes import Command
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.case import CaseState, SelfVerification
from tests.unit.dispatch.town import COMMUNITY, PROPERTY, SECOND, STREET, VERIFIER, Told, day


class TestVerification:
    """Who handled it may not verify it."""

    def handled(self) -> Told:
        told = Told()
        told.report(Command.HANDLE, PROPERTY, actor="one-account")
        told.note(ticket_reactions.handled(told.case, 1, [PROPERTY], told.context))
        return told

    def test_somebody_else_is_named(self) -> None:
        assert self.handled().last("assignment.made")["to"] == VERIFIER

    def test_not_even_the_same_account_in_another_units_name(self) -> None:
        with pytest.raises(SelfVerification):
            self.handled().report(Command.VERIFY, VERIFIER, actor="one-account", passed=True)

    def test_rework_goes_on_at_the_same_level_and_older_timers_do_nothing(self) -> None:
        told = self.handled()
        told.report(Command.VERIFY, VERIFIER, passed=False)
        said = told.note(ticket_reactions.again(told.case, 2, told.context))
        assert said[:2] == ["case.resumed", "assignment.made"]
        assert told.last("assignment.made")["generation"] == 2
        assert "handle" in told.timers, "the case's clock goes on from its old start"

    def test_a_silent_verifier_calls_the_supervisor_who_names_another(self) -> None:
        told = self.handled()
        told.at(day("03-03 18:00"))
        assert told.last("verifier.requested") == {"generation": 1, "supervisor": COMMUNITY}
        told.at(day("03-05 18:00"))
        assert told.last("deadline.warned")["to"] == STREET, "and is reported up while nobody looks"
        with pytest.raises(SelfVerification):
            told.report(Command.RULE, COMMUNITY, to=PROPERTY)
        said = told.report(Command.RULE, COMMUNITY, to=SECOND)
        assert said[:3] == ["assignment.ruled", "assignment.relieved", "assignment.made"]
        assert told.report(Command.VERIFY, SECOND, passed=True) == ["verification.done"]
        assert told.case.state is CaseState.VERIFIED
        assert not told.timers

    def test_a_late_verifier_is_in_time_while_nobody_else_is_named(self) -> None:
        told = self.handled()
        told.at(day("03-04 18:00"))
        assert told.report(Command.VERIFY, VERIFIER, passed=True) == ["verification.done"]
        assert not told.timers

    def test_where_nobody_can_a_clock_of_the_case_runs_until_somebody_is_named(self) -> None:
        told = Told(without=(VERIFIER,))
        told.report(Command.HANDLE, PROPERTY)
        said = told.note(ticket_reactions.handled(told.case, 1, [PROPERTY], told.context))
        assert said == ["verifier.requested", "deadline.set"]
        assert told.note(ticket_reactions.handled(told.case, 1, [PROPERTY], told.context)) == [], "said once"
        told.at(told.context.at + timedelta(days=2))
        assert told.last("deadline.breached")["supervisor"] == COMMUNITY
        told.report(Command.RULE, COMMUNITY, to=SECOND)
        told.report(Command.VERIFY, SECOND, passed=False)
        assert not told.timers

    def test_who_was_to_verify_an_older_generation_is_relieved(self) -> None:
        told = self.handled()
        said = told.note(ticket_reactions.again(told.case, 2, told.context))
        assert said[:2] == ["assignment.relieved", "case.resumed"]
        assert not [name for name in told.timers if name.startswith("verify")]


class TestNoPlaybook:
    """A case that no playbook fits has an owner all the same."""

    def test_the_supervisor_of_the_area_names_who_does_it(self) -> None:
        told = Told(playbook=None)
        assert told.last("case.exhausted") == {"cause": "no_playbook", "supervisor": COMMUNITY}
        assert "handle" in told.timers
        told.report(Command.RULE, COMMUNITY, to=SECOND)
        assert told.report(Command.HANDLE, SECOND)[-1] == "case.completed"
        told.note(ticket_reactions.handled(told.case, 1, [SECOND], told.context))
        assert told.last("assignment.made")["to"] == VERIFIER

    def test_rework_asks_the_supervisor_again(self) -> None:
        told = Told(playbook=None)
        told.report(Command.RULE, COMMUNITY, to=SECOND)
        told.report(Command.HANDLE, SECOND)
        said = told.note(ticket_reactions.again(told.case, 2, told.context))
        assert said[0] == "case.resumed"
        assert said[-1] == "case.exhausted"
