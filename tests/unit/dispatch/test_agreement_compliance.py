"""Whether what was agreed was done: somebody is asked until somebody has looked."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.codes import Command, Party
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.case import NotAssigned
from services.dispatch.domain.lateness import TooLate
from tests.unit.dispatch.town import COMMUNITY, DISTRICT, MEDIATOR, PROPERTY, STREET, T0, Told

DAY = timedelta(days=1)


def agree(told: Told) -> None:
    """The parties consent, meet and agree."""
    for party in Party:
        told.consent(party)
    told.report(Command.SESSION, MEDIATOR)
    told.report(Command.AGREE, MEDIATOR)


def agreed(**changes: Any) -> Told:
    """A case that ended with an agreement, at `T0`: thirty days are there to perform it."""
    told = Told(**changes)
    told.report(Command.HAND_UP, PROPERTY)
    agree(told)
    return told


def asked(told: Told) -> list[tuple[int, str | None]]:
    """The numbers by which somebody was asked, and who."""
    said = [happened.payload.by_name() for happened in told.said if happened.payload.type == "mediation.performance_asked.v1"]
    return [(data["number"], data["to"]) for data in said]


def test_the_mediator_is_urged_and_then_the_supervisors_are_asked_ever_higher() -> None:
    told = agreed()
    heard = []
    for days in (15, 24, 30, 60, 90, 120):
        told.at(T0 + days * DAY - timedelta(seconds=1))
        before = asked(told)
        told.at(T0 + days * DAY)
        heard += asked(told)[len(before) :]
    assert heard == [(1, MEDIATOR), (2, MEDIATOR), (3, COMMUNITY), (4, STREET), (5, DISTRICT), (6, DISTRICT)] == asked(told)
    assert told.last("mediation.performance_asked")["perform_by"] == T0 + 30 * DAY


@pytest.mark.parametrize(("passed", "said"), [(True, "mediation.performed"), (False, "mediation.not_performed")])
@pytest.mark.parametrize("unit", [MEDIATOR, COMMUNITY, DISTRICT])
def test_who_has_looked_ends_the_asking(unit: str, passed: bool, said: str) -> None:
    told = agreed()
    told.at(T0 + 40 * DAY)
    assert told.report(Command.PERFORM, unit, passed=passed) == [said]
    told.at(T0 + 400 * DAY)
    assert len(asked(told)) == 3
    with pytest.raises(TooLate, match="performed came first"):
        told.report(Command.PERFORM, unit, passed=passed)


def test_others_do_not_know() -> None:
    with pytest.raises(NotAssigned, match="neither mediated"):
        agreed().report(Command.PERFORM, PROPERTY, passed=True)


def test_where_nobody_supervises_nobody_is_named() -> None:
    told = agreed(without=(COMMUNITY, STREET, DISTRICT))
    told.at(T0 + 30 * DAY)
    assert asked(told)[-1] == (3, None)


def test_a_second_agreement_waits_beside_the_first() -> None:
    told = agreed()
    told.at(T0 + 10 * DAY)
    told.note(ticket_reactions.again(told.case, 2, told.context))
    agree(told)
    told.at(T0 + 25 * DAY)
    assert [number for number, _ in asked(told)] == [1, 2, 1]
    told.report(Command.PERFORM, MEDIATOR, passed=True)
    assert told.last("mediation.performed")["mediation"] == "T1-m2", "the latest first"
    told.report(Command.PERFORM, MEDIATOR, passed=False)
    assert told.last("mediation.not_performed")["mediation"] == "T1-m1"
    assert not told.timers


def test_what_was_withdrawn_is_not_asked_for() -> None:
    told = agreed()
    told.note(ticket_reactions.again(told.case, 2, told.context))
    told.note(ticket_reactions.withdrawn(told.case, "cancelled"))
    assert not told.timers
