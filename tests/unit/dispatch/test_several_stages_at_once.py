"""Marks that the business clock passes at once: only the latest is sent, and no reminder after the due time."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codes import Command
from services.dispatch.domain import ticket_reactions
from services.dispatch.domain.deadline_stages import BREACHED
from tests.unit.dispatch.test_clocks import begun, clock
from tests.unit.dispatch.town import COMMUNITY, DISTRICT, PROPERTY, T0, Told, day


def about(told: Told, clock_name: str, since: int = 0) -> list[str]:
    """What was sent about a clock: the stage of a warning, or breached."""
    found = [h for h in told.said[since:] if h.payload.type.startswith(("deadline.warned.", "deadline.breached."))]
    return [str(h.payload.by_name().get("stage", "breached")) for h in found if h.payload.clock == clock_name]


def outage(told: Told, until: datetime) -> None:
    """No timer rings until a moment; then all that are due ring, and those that they arm for a moment that is over."""
    told.context = replace(told.context, at=until)
    told.at(until)


def test_a_ticket_reopened_after_its_due_time_is_breached_and_nobody_is_reminded() -> None:
    told = begun()
    told.report(Command.HANDLE, PROPERTY)
    before = len(told.said)
    told.context = replace(told.context, at=day("03-15 10:00"))
    told.note(ticket_reactions.again(told.case, 2, told.context))
    told.at(day("03-15 10:00"))
    assert clock(told, "handle").due == day("03-09 18:00"), "six days before"
    assert about(told, "handle", before) == ["breached"]


def test_after_an_outage_of_a_month_the_breach_alone_is_sent() -> None:
    told = begun()
    before = len(told.said)
    outage(told, day("04-02 10:00"))
    assert about(told, "handle", before) == ["breached"]
    assert about(told, "handle_within", before) == ["breached"]
    assert told.types()[before:].count("case.escalated") == 1, "a level that was breached during the outage is left"


def test_of_several_marks_after_the_breach_the_latest_alone_is_sent() -> None:
    told = begun()
    told.at(day("03-09 18:00"))
    assert about(told, "handle")[-1] == "breached"
    before = len(told.said)
    outage(told, day("04-20 10:00"))
    assert about(told, "handle", before) == ["top_called"]
    assert told.last("deadline.warned")["to"] == DISTRICT


def test_of_both_reminders_the_later_one_alone_is_sent() -> None:
    told = begun()
    before = len(told.said)
    outage(told, day("03-09 17:00"))
    assert about(told, "handle", before) == ["urge_most"]


def test_the_marks_to_come_are_sent_at_their_time_after_an_outage() -> None:
    told = begun()
    outage(told, day("03-10 10:00"))
    outage_ended = len(told.said)
    assert told.last("deadline.breached")["supervisor"] == COMMUNITY
    told.at(day("03-24 10:00"))
    assert about(told, "handle", outage_ended) == ["report_up", "top_called"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=30)), min_size=1, max_size=8))
def test_whatever_the_clock_jumps_over_no_reminder_is_sent_after_the_due_time(jumps: list[timedelta]) -> None:
    told, now = begun(), T0
    for jump in jumps:
        now += jump
        before = len(told.said)
        outage(told, now)
        sent = [
            h.payload.by_name()
            for h in told.said[before:]
            if h.payload.type.startswith(("deadline.warned.", "deadline.breached."))
        ]
        assert all(data["due"] > now for data in sent if str(data.get("stage", "")).startswith("urge"))
        clocks = Counter((data["clock"], data["assignment"]) for data in sent)
        assert set(clocks.values()) <= {1}, "of each clock the latest mark"


@pytest.mark.parametrize("until", ["03-09 17:59", "03-09 18:00"])
def test_at_the_due_time_itself_it_is_breached(until: str) -> None:
    told = begun()
    outage(told, day(until))
    breached = clock(told, "handle").stage >= BREACHED
    assert breached is (until == "03-09 18:00")
