"""A responder left the directory: what it had in hand goes to others, at once."""

from dataclasses import replace
from datetime import timedelta

from contracts.codes import Command, Party
from services.dispatch.domain import responder_departure, ticket_reactions
from tests.unit.dispatch.town import COMMUNITY, LEAD, MEDIATOR, POLICE, PROPERTY, SECOND, T0, VERIFIER, Told, context


def leaves(told: Told, *units: str) -> list[str]:
    """They leave, and the case hears of each; answers what was said, by type."""
    there = tuple(one for one in told.context.directory.responders if one.id not in units)
    told.context = replace(told.context, directory=replace(told.context.directory, responders=there))
    return [type_ for unit in units for type_ in told.note(responder_departure.leave(told.case, unit, told.context))]


def test_the_next_fitting_one_goes_on_and_it_costs_no_return() -> None:
    told = Told()
    told.report(Command.SIGN, PROPERTY)
    assert leaves(told, PROPERTY)[:2] == ["assignment.relieved", "assignment.made"]
    assert told.last("assignment.made")["to"] == SECOND
    assert told.case.returns == 0
    assert not any(PROPERTY in name for name in told.timers)


def test_where_nobody_else_fits_it_moves_up() -> None:
    told = Told(without=(SECOND,))
    leaves(told, PROPERTY)
    assert told.last("case.escalated") == {"level": "mediation", "below": "property", "cause": "unreachable"}
    assert told.last("assignment.made")["to"] == MEDIATOR


def test_consents_are_given_to_the_mediation_and_without_a_mediator_it_has_failed() -> None:
    told = Told()
    told.report(Command.HAND_UP, PROPERTY)
    for party in Party:
        told.consent(party)
    leaves(told, MEDIATOR)
    assert told.last("mediation.failed")["cause"] == "unreachable"
    assert told.last("joint_action.called")["lead"] == LEAD


def test_a_joint_action_does_not_end_without_a_unit_the_supervisor_is_called() -> None:
    told = Told(dispute=False)
    told.report(Command.HAND_UP, PROPERTY)
    leaves(told, POLICE)
    assert told.last("case.exhausted") == {"cause": "last_level", "supervisor": COMMUNITY}
    told.report(Command.FINISH, LEAD)
    assert told.report(Command.EXCUSE, COMMUNITY, to=POLICE)[-1] == "case.completed"


def test_somebody_else_checks_and_where_nobody_can_the_supervisor_is_asked() -> None:
    told = Told()
    told.report(Command.HANDLE, PROPERTY)
    told.note(ticket_reactions.handled(told.case, 1, [PROPERTY], told.context))
    assert told.last("assignment.made")["to"] == VERIFIER
    assert leaves(told, VERIFIER) == ["assignment.relieved", "verifier.requested", "deadline.set"]
    assert told.last("verifier.requested") == {"generation": 1, "supervisor": COMMUNITY}


def test_who_is_registered_again_has_not_left() -> None:
    told = Told()
    assert not responder_departure.leave(told.case, PROPERTY, context())


def test_who_has_nothing_in_hand_leaves_no_trace() -> None:
    told = Told()
    assert not responder_departure.concerns(told.case, SECOND)
    assert leaves(told, SECOND) == []


def test_an_agreement_whose_mediator_left_is_the_supervisors() -> None:
    told = Told()
    told.report(Command.HAND_UP, PROPERTY)
    for party in Party:
        told.consent(party)
    told.report(Command.SESSION, MEDIATOR)
    told.report(Command.AGREE, MEDIATOR)
    assert leaves(told, MEDIATOR) == []
    told.at(T0 + timedelta(days=15))
    assert told.last("mediation.performance_asked")["to"] == COMMUNITY
