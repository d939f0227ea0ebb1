"""The time of an act: a telephone without network reports later what was done earlier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.effects import DomainEvent, Effects, Refused
from contracts.codes import Command
from contracts.events import dispatch as events
from services.dispatch.domain.report import CLOCK_SKEW, Report, check_time_of_act, with_time_of_act
from tests.unit.dispatch.town import T0

ACTED = T0 - timedelta(hours=3)
SIGNED = events.AssignmentSigned(assignment="T1-1", by="property", actor="wang")
OTHERS = events.AssignmentHandled(assignment="T1-2", by="police", actor="li")


def _effects(acted_at: object) -> Effects:
    report = Report(Command.SIGN, "property", "wang", acted_at=acted_at)  # type: ignore[arg-type]
    return with_time_of_act(Effects(DomainEvent(SIGNED, "T1"), DomainEvent(OTHERS, "T1")), report)


def test_the_events_of_the_units_own_steps_say_when_it_was_done() -> None:
    assert [one.payload.acted_at for one in _effects(ACTED) if isinstance(one, DomainEvent)] == [ACTED, None]  # type: ignore[attr-defined]


def test_without_a_time_nothing_changes() -> None:
    assert _effects(None) == Effects(DomainEvent(SIGNED, "T1"), DomainEvent(OTHERS, "T1"))


@pytest.mark.parametrize("acted_at", [None, T0 - timedelta(days=40), T0, T0 + CLOCK_SKEW])
def test_an_act_is_before_its_report_as_far_as_clocks_agree(acted_at: object) -> None:
    check_time_of_act(acted_at, T0)  # type: ignore[arg-type]


def test_a_later_act_is_refused_by_the_fields_name() -> None:
    with pytest.raises(Refused) as refused:
        check_time_of_act(T0 + CLOCK_SKEW + timedelta(seconds=1), T0)
    assert list(refused.value.errors) == ["acted_at"]
