"""What a clock will do next is what its timer does then."""

from datetime import timedelta

import pytest

from contracts.codes import Clock, ClockStage, Command, Urgency
from services.dispatch.domain import clocks, deadline_stages
from services.dispatch.domain.entities import Running
from services.dispatch.views import clocks as shown
from tests.unit.dispatch.town import COMMUNITY, DISTRICT, PROPERTY, STREET, T0, Told


def running(told: Told, clock: Clock) -> Running:
    """A clock of the case."""
    return next(one for one in told.case.clocks if one.clock is clock)


def marks(told: Told, clock: Clock) -> list[deadline_stages.Mark]:
    """What a clock does next."""
    one = running(told, clock)
    return deadline_stages.ahead(told.case, one, one.due, told.context)


@pytest.mark.parametrize("urgency", [Urgency.E1, Urgency.E2])
def test_each_mark_ahead_is_the_next_timer_when_its_turn_comes(urgency: Urgency) -> None:
    told = Told(playbook=None, urgency=urgency)
    for expected in marks(told, Clock.HANDLE):
        timer = told.timers["handle"]
        assert timer.due == expected.at
        assert marks(told, Clock.HANDLE)[0] == expected
        told.at(expected.at)
        kind = "breached" if expected.stage is ClockStage.SUPERVISE else "warned"
        last = told.last(f"deadline.{kind}")
        assert last["clock"] is Clock.HANDLE
        assert last.get("supervisor" if kind == "breached" else "to") == expected.to
    assert [mark.stage for mark in marks(told, Clock.HANDLE)] == [ClockStage.TOP_CALLED], "the top stays called"


def test_the_marks_of_a_clock_that_supervises_and_of_one_that_escalates() -> None:
    told = Told()
    assert [(mark.stage, mark.to) for mark in marks(told, Clock.HANDLE)] == [
        (ClockStage.URGE_HALF, PROPERTY),
        (ClockStage.URGE_MOST, PROPERTY),
        (ClockStage.SUPERVISE, COMMUNITY),
        (ClockStage.REPORT_UP, STREET),
        (ClockStage.TOP_CALLED, DISTRICT),
    ]
    sign = marks(told, Clock.SIGN)
    assert [(mark.stage, mark.to) for mark in sign] == [
        (ClockStage.URGE_HALF, PROPERTY),
        (ClockStage.URGE_MOST, PROPERTY),
        (ClockStage.ESCALATE, None),
    ]
    assert sign[-1].at == running(told, Clock.SIGN).due


def test_a_due_time_is_explained_as_its_event_explained_it() -> None:
    told = Told()
    said = {happened.payload.by_name()["clock"]: happened.payload.by_name()["explanation"] for happened in told.said
            if happened.payload.type == "deadline.set.v1"}  # fmt: skip
    for one in shown(told.case, told.context)["clocks"]:
        assert one["explanation"] == said[one["clock"]]
        assert one["due"] == running(told, one["clock"]).due


def test_while_a_case_is_paused_a_due_time_is_as_if_the_pause_ended_now() -> None:
    told = Told()
    before = {one["clock"]: one for one in shown(told.case, told.context)["clocks"]}
    told.report(Command.PAUSE, COMMUNITY, until=T0 + timedelta(days=5))
    told.at(T0 + timedelta(hours=2))
    paused = shown(told.case, told.context)["clocks"]
    told.report(Command.RESUME, COMMUNITY)
    resumed = shown(told.case, told.context)["clocks"]
    assert paused == resumed
    assert all(one["due"] > before[one["clock"]]["due"] for one in resumed if one["clock"] != "handle")


def test_another_calendar_than_the_adopted_one_explains_nothing() -> None:
    told = Told()
    one = running(told, Clock.CONTACT)
    one.due += timedelta(days=1)
    seen = next(view for view in shown(told.case, told.context)["clocks"] if view["clock"] is Clock.CONTACT)
    assert (seen["due"], seen["explanation"]) == (one.due, None)
    assert clocks.explained(told.case, one, told.context).at != one.due
