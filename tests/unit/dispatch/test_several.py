"""Several responders on one level: as many as the playbook asks for must handle it, and it is passed where too few are left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.codes import Command, EscalationCause, ReturnReason
from services.dispatch.domain.case import NotNow
from services.dispatch.domain.lateness import TooLate
from tests.unit.dispatch.town import BOOK, LEAD, POLICE, PROPERTY, SECOND, T0, Told, day

BOTH = (PROPERTY, SECOND)


def called(ack: str) -> Told:
    """A case whose first level calls both property companies."""
    first, *above = BOOK.ladder
    return Told(playbook=replace(BOOK, ladder=(replace(first, ack=ack), *above)))


@pytest.mark.parametrize(("ack", "wanted"), [("any", 1), ("all", 2), ("2", 2), ("1", 1), ("9", 2)])
def test_as_many_handle_it_as_are_asked_for(ack: str, wanted: int) -> None:
    told = called(ack)
    assert [one.to for one in told.case.assignments] == list(BOTH)
    for number, unit in enumerate(BOTH[:wanted], start=1):
        assert ("case.completed" in told.report(Command.HANDLE, unit)) == (number == wanted)
    assert told.types().count("assignment.relieved") == len(BOTH) - wanted


@pytest.mark.parametrize(("ack", "stays"), [("any", True), ("all", False), ("2", False), ("1", True)])
def test_one_hands_up(ack: str, stays: bool) -> None:
    told = called(ack)
    told.report(Command.HAND_UP, PROPERTY)
    assert ("case.escalated" not in told.types()) == stays
    if stays:
        told.report(Command.HAND_UP, SECOND)
    else:
        with pytest.raises(TooLate, match="escalated came first"):
            told.report(Command.HAND_UP, SECOND)
    assert told.types().count("case.escalated") == 1
    assert told.last("case.escalated")["cause"] == EscalationCause.HANDED_UP


def test_one_is_silent_while_the_other_works() -> None:
    told = called("any")
    for command in (Command.SIGN, Command.REPORT_IN):
        told.report(command, SECOND)
    told.at(T0 + timedelta(hours=30))
    assert told.last("deadline.breached")["clock"] == "report_in"
    assert "case.escalated" not in told.types()
    told.at(day("03-04 18:00"))
    assert told.last("case.escalated")["cause"] == EscalationCause.BREACHED


def test_one_returns_and_the_others_go_on() -> None:
    told = called("all")
    assert told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_AREA) == ["assignment.returned"]
    assert told.report(Command.HANDLE, SECOND)[-1] == "case.completed"


def test_the_last_that_was_waited_for_returns() -> None:
    told = called("all")
    told.report(Command.HANDLE, SECOND)
    assert told.report(Command.RETURN, PROPERTY, reason=ReturnReason.NOT_MY_AREA)[-1] == "case.completed"
    assert told.last("case.completed")["handled_by"] == [SECOND]


def test_a_unit_of_a_joint_action_does_not_hand_up() -> None:
    told = Told(dispute=False)
    told.report(Command.HAND_UP, PROPERTY)
    for unit in (LEAD, POLICE):
        with pytest.raises(NotNow):
            told.report(Command.HAND_UP, unit)
