"""The ladder of 贤邻里, told as stories: each hop once by act and once by time-out."""

from datetime import timedelta

import pytest

from contracts.codes import Command, EscalationCause, Party, ReturnReason, Urgency
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.case import CaseState, NotAssigned, NotNow, NotSupervisor
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.responses.mediate import NoConsent
from services.dispatch.domain.returns import NoBudget
from tests.unit.dispatch.town import (
    COMMUNITY,
    LEAD,
    MEDIATOR,
    POLICE,
    PROPERTY,
    SECOND,
    T0,
    Told,
    day,
)


def mediated(**changes: object) -> Told:
    """A case that has come to mediation, with everybody's consent."""
    told = Told(**changes)  # type: ignore[arg-type]
    told.report(Command.HAND_UP, PROPERTY)
    for party in Party:
        told.consent(party)
    return told


def joined() -> Told:
    """A case that has come to the departments."""
    told = mediated()
    told.report(Command.FAIL, MEDIATOR)
    return told


class TestProperty:
    """The first level."""

    def test_is_named_with_its_clocks(self) -> None:
        told = Told()
        assert told.last("assignment.made")["to"] == PROPERTY
        due = {h.payload.clock: h.payload.due for h in told.said if h.payload.type == "deadline.set.v1"}
        assert due == {
            "contact": T0 + timedelta(hours=24),
            "handle": day("03-09 18:00"),
            "sign": T0 + timedelta(hours=1),
            "report_in": T0 + timedelta(hours=24),
            "handle_within": day("03-04 18:00"),
        }

    def test_signs_contacts_reports_in_and_handles(self) -> None:
        told = Told()
        for command in (Command.SIGN, Command.CONTACT, Command.REPORT_IN):
            told.report(command, PROPERTY)
        assert told.report(Command.HANDLE, PROPERTY) == ["assignment.handled", "case.completed"]
        assert told.last("case.completed")["handled_by"] == [PROPERTY]
        assert not told.timers, "no clock runs once the work is done"

    def test_that_does_not_sign_is_urged_and_passed_over(self) -> None:
        told = Told()
        told.at(T0 + timedelta(minutes=59))
        assert [h.payload.stage for h in told.said if h.payload.type == "deadline.warned.v1"] == ["urge_half", "urge_most"]
        told.at(T0 + timedelta(hours=1))
        assert told.last("deadline.breached")["clock"] == "sign"
        assert told.last("case.escalated") == {"level": "mediation", "below": "property", "cause": EscalationCause.BREACHED}

    def test_that_was_passed_over_stays_responsible(self) -> None:
        told = Told()
        told.at(T0 + timedelta(hours=2))
        assert told.report(Command.HANDLE, PROPERTY)[-1] == "case.completed"
        assert "assignment.relieved" in told.types(), "the mediator is relieved"

    def test_hands_up(self) -> None:
        told = Told()
        assert told.report(Command.HAND_UP, PROPERTY) == [
            "assignment.handed_up",
            "case.escalated",
            "assignment.made",
            "deadline.set",
            "deadline.set",
            "deadline.set",
            "mediation.opened",
        ]
        with pytest.raises(TooLate, match="handed_up came first"):
            told.report(Command.HAND_UP, PROPERTY)

    def test_without_a_dispute_goes_to_the_departments(self) -> None:
        told = Told(dispute=False)
        told.report(Command.HAND_UP, PROPERTY)
        assert told.last("case.escalated")["level"] == "departments"

    def test_that_does_not_exist_is_skipped_at_once(self) -> None:
        told = Told(without=(PROPERTY, SECOND))
        assert told.last("case.escalated")["cause"] == EscalationCause.UNREACHABLE
        assert told.last("assignment.made")["to"] == MEDIATOR

    def test_where_there_is_nobody_at_all_the_supervisor_is_called(self) -> None:
        told = Told(without=(PROPERTY, SECOND, MEDIATOR, LEAD))
        assert told.last("case.exhausted") == {"cause": "no_responder", "supervisor": COMMUNITY}


class TestMediation:
    """Voluntary from end to end."""

    def test_needs_every_partys_consent(self) -> None:
        told = Told()
        told.report(Command.HAND_UP, PROPERTY)
        told.consent(Party.APPLICANT)
        with pytest.raises(NoConsent, match="respondent"):
            told.report(Command.SESSION, MEDIATOR)

    def test_goes_in_three_steps_to_an_agreement(self) -> None:
        told = mediated()
        for _ in range(3):
            told.report(Command.SESSION, MEDIATOR)
        assert [h.payload.step for h in told.said if h.payload.type == "mediation.session_held.v1"] == ["说事", "议事", "解纷"]
        assert told.report(Command.AGREE, MEDIATOR)[0] == "mediation.agreed"
        assert told.last("case.completed")["outcome"] == "agreed"
        assert told.report(Command.PERFORM, MEDIATOR, passed=True) == ["mediation.performed"]

    def test_cannot_agree_before_a_session(self) -> None:
        with pytest.raises(NotNow):
            mediated().report(Command.AGREE, MEDIATOR)

    def test_ends_when_a_party_withdraws(self) -> None:
        told = mediated()
        told.report(Command.SESSION, MEDIATOR)
        said = told.withdraw_consent(Party.RESPONDENT)
        assert said[:3] == ["mediation.consent_withdrawn", "mediation.failed", "case.escalated"]
        with pytest.raises(NotNow):
            told.report(Command.SESSION, MEDIATOR)

    def test_that_fails_goes_to_the_departments(self) -> None:
        assert joined().last("case.escalated") == {
            "level": "departments",
            "below": "mediation",
            "cause": EscalationCause.FAILED,
        }

    def test_that_takes_too_long_has_failed(self) -> None:
        told = mediated()
        told.report(Command.SIGN, MEDIATOR)
        told.report(Command.REPORT_IN, MEDIATOR)
        told.at(T0 + timedelta(days=7))
        assert told.last("mediation.failed")["cause"] == EscalationCause.BREACHED

    def test_only_its_mediator_holds_sessions(self) -> None:
        with pytest.raises(NotAssigned):
            mediated().report(Command.SESSION, PROPERTY)


class TestDepartments:
    """One leads; done when every unit finished or was excused."""

    def test_one_leads_and_all_finish(self) -> None:
        told = joined()
        assert told.last("joint_action.called")["lead"] == LEAD
        assert told.last("joint_action.called")["units"] == [LEAD, POLICE]
        assert told.report(Command.REPORT_IN, POLICE)[-1] == "joint_action.unit_reported_in"
        assert "case.completed" not in told.report(Command.FINISH, POLICE)
        assert told.report(Command.FINISH, LEAD)[-2:] == ["assignment.relieved", "case.completed"]
        assert told.last("case.completed")["outcome"] == "joint"

    def test_a_unit_may_be_excused_by_the_supervisor_alone_and_the_lead_never(self) -> None:
        told = joined()
        told.report(Command.FINISH, LEAD)
        with pytest.raises(NotSupervisor):
            told.report(Command.EXCUSE, PROPERTY, to=POLICE)
        with pytest.raises(NotNow, match="leads"):
            told.report(Command.EXCUSE, COMMUNITY, to=LEAD)
        assert told.report(Command.EXCUSE, COMMUNITY, to=POLICE)[-1] == "case.completed"

    def test_that_take_too_long_leave_the_case_exhausted(self) -> None:
        told = joined()
        told.at(day("03-20 18:00"))
        assert told.last("case.exhausted") == {"cause": "last_level", "supervisor": COMMUNITY}
        told.report(Command.RULE, COMMUNITY, to=SECOND)
        assert told.case.state is CaseState.WORKING
        assert told.last("assignment.made")["to"] == SECOND
        assert told.report(Command.HANDLE, SECOND)[-1] == "case.completed", "whom the ruling names ends it alone"

    def test_are_opened_together_with_the_level_below_where_life_is_in_danger(self) -> None:
        told = Told(urgency=Urgency.E0, dispute=False)
        assert told.last("case.escalated")["cause"] == EscalationCause.PARALLEL
        assert [a.to for a in told.case.assignments] == [PROPERTY, LEAD, POLICE]

    def test_are_not_where_a_mediation_stands_between(self) -> None:
        assert [a.to for a in Told(urgency=Urgency.E0).case.assignments] == [PROPERTY]


class TestReturns:
    """Not mine: once to the next, once to a ruling, never a third time."""

    def test_the_first_goes_to_the_next_and_the_second_to_a_ruling(self) -> None:
        told = Told()
        told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_AREA)
        assert told.last("assignment.made")["to"] == SECOND
        told.report(Command.RETURN, SECOND, reason=ReturnReason.NOT_MY_DUTY)
        assert told.last("assignment.returned")["ruling_by"] == COMMUNITY
        assert told.report(Command.RULE, COMMUNITY, to=PROPERTY)[:2] == ["assignment.ruled", "assignment.made"]
        with pytest.raises(NoBudget):
            told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_AREA)

    def test_never_move_the_case_clocks(self) -> None:
        told = Told()
        before = {r.key: r.due for r in told.case.clocks if r.assignment is None}
        told.at(T0 + timedelta(minutes=30))
        told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_AREA)
        assert {r.key: r.due for r in told.case.clocks if r.assignment is None} == before

    def test_only_a_supervisor_rules(self) -> None:
        told = Told()
        with pytest.raises(NotSupervisor):
            told.report(Command.RULE, SECOND, to=SECOND)
        with pytest.raises(NotNow):
            told.report(Command.RULE, COMMUNITY, to=SECOND)


def test_a_withdrawn_case_is_left_alone() -> None:
    told = Told()
    assert told.note(ticket_reactions.withdrawn(told.case, "cancelled")) == ["case.withdrawn", "assignment.relieved"]
    assert not told.timers
    with pytest.raises(TooLate, match="cancelled came first"):
        told.report(Command.HANDLE, PROPERTY)
