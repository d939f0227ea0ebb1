"""The clocks of a case: case clocks supervise and never restart; pauses, extensions and urgency move them."""

from datetime import timedelta

import pytest

from contracts.codes import Command, EscalationCause, Urgency
from services.dispatch.domain import pauses, ticket_reactions
from services.dispatch.domain.case import NotNow
from services.dispatch.domain.entities import Running
from services.dispatch.domain.extensions import NoExtension
from tests.unit.dispatch.town import COMMUNITY, DISTRICT, MEDIATOR, PROPERTY, STREET, T0, Told, day


def clock(told: Told, name: str) -> Running:
    """The live clock of this name, or the last one."""
    found = [running for running in told.case.clocks if running.clock == name]
    return next((running for running in found if running.live), found[-1])


def begun() -> Told:
    """A case whose first unit signed, reached somebody and is there."""
    told = Told()
    for command in (Command.SIGN, Command.CONTACT, Command.REPORT_IN):
        told.report(command, PROPERTY)
    return told


class TestTime:
    """Case clocks supervise; they never restart."""

    def test_a_case_that_nobody_handles_is_reported_ever_higher(self) -> None:
        told = Told()
        told.at(day("05-20 18:00"))
        mine = [h for h in told.said if h.payload.by_name().get("clock") == "handle" and h.payload.type != "deadline.set.v1"]
        stages = [h.payload.by_name().get("stage", "breached") for h in mine]
        assert stages[:5] == ["urge_half", "urge_most", "breached", "report_up", "top_called"]
        assert set(stages[5:]) == {"top_called"}, "and stays called"
        assert [mine[2].payload.supervisor, mine[3].payload.to, mine[4].payload.to] == [COMMUNITY, STREET, DISTRICT]

    def test_an_extension_is_asked_once_and_granted_by_the_supervisor(self) -> None:
        told = Told()
        for command in (Command.SIGN, Command.REPORT_IN):
            told.report(command, PROPERTY)
        until = day("03-06 18:00")
        assert told.report(Command.EXTEND, PROPERTY, until=until) == ["deadline.extension_asked"]
        assert told.report(Command.RULE, COMMUNITY, passed=True) == ["deadline.extended"]
        with pytest.raises(NoExtension):
            told.report(Command.EXTEND, PROPERTY, until=day("03-10 18:00"))
        told.at(until - timedelta(seconds=1))
        assert "case.escalated" not in told.types()
        told.at(until)
        assert "case.escalated" in told.types()

    def test_a_pause_removes_only_its_overlap(self) -> None:
        told = Told()
        for command in (Command.SIGN, Command.CONTACT, Command.REPORT_IN):
            told.report(command, PROPERTY)
        told.report(Command.PAUSE, COMMUNITY, until=day("03-10 09:00"))
        told.at(day("03-07 12:00"))
        assert "deadline.breached" not in told.types(), "nothing rings while it is paused"
        told.report(Command.RESUME, COMMUNITY)
        within = next(r for r in told.case.clocks if r.clock == "handle_within")
        # the pause covered all 20 office hours that were left: 7 on Monday the 9th, 7 on Tuesday, 6 on Wednesday
        assert within.due == day("03-11 17:00")

    def test_raising_the_urgency_computes_the_clocks_anew_from_the_old_start(self) -> None:
        told = Told()
        told.at(T0 + timedelta(minutes=20))
        told.note(ticket_reactions.urgency_raised(told.case, Urgency.E1, told.context))
        handle = next(r for r in told.case.clocks if r.clock == "handle")
        assert handle.due == T0 + timedelta(days=3)

    def test_a_refused_extension_leaves_the_clock_to_move_with_pauses(self) -> None:
        told = begun()
        told.report(Command.EXTEND, PROPERTY, until=day("03-06 18:00"))
        assert told.report(Command.RULE, COMMUNITY, passed=False) == ["deadline.extension_refused"]
        told.report(Command.PAUSE, COMMUNITY, until=day("03-02 16:00"))
        told.at(day("03-02 16:00"))
        assert clock(told, "handle_within").due == day("03-05 15:00"), "four office hours of Monday do not count"
        with pytest.raises(NoExtension):
            told.report(Command.EXTEND, PROPERTY, until=day("03-09 18:00"))

    def test_a_granted_extension_moves_with_later_pauses(self) -> None:
        told = begun()
        told.report(Command.EXTEND, PROPERTY, until=day("03-05 18:00"))
        told.report(Command.RULE, COMMUNITY, passed=True)
        told.report(Command.PAUSE, COMMUNITY, until=day("03-02 16:00"))
        told.at(day("03-02 16:00"))
        assert clock(told, "handle_within").due == day("03-05 18:00") + timedelta(hours=21)

    def test_a_mediation_is_not_extended_past_a_month(self) -> None:
        told = Told()
        told.report(Command.HAND_UP, PROPERTY)
        with pytest.raises(NoExtension, match="mediation"):
            told.report(Command.EXTEND, MEDIATOR, until=T0 + timedelta(days=31))
        assert told.report(Command.EXTEND, MEDIATOR, until=T0 + timedelta(days=29)) == ["deadline.extension_asked"]

    def test_a_supervisors_pause_ends_at_its_review_date(self) -> None:
        told = begun()
        told.report(Command.PAUSE, COMMUNITY, until=day("03-03 12:00"))
        told.at(day("03-03 12:00"))
        assert told.types()[-1] == "deadline.set"
        assert not told.case.paused
        with pytest.raises(NotNow, match="ahead"):
            told.report(Command.PAUSE, COMMUNITY, until=T0)

    def test_a_parked_ticket_waits_for_tickets_and_not_for_a_supervisor(self) -> None:
        told = begun()
        told.report(Command.PAUSE, COMMUNITY, until=day("03-03 12:00"))
        told.note(pauses.parked(told.case, day("04-01 12:00"), told.context))
        told.at(day("03-20 12:00"))
        assert told.case.paused
        with pytest.raises(NotNow, match="parked"):
            told.report(Command.RESUME, COMMUNITY)
        told.note(pauses.resume(told.case, told.context))
        assert not told.case.paused

    def test_work_that_is_done_ends_a_pause(self) -> None:
        told = begun()
        told.report(Command.PAUSE, COMMUNITY, until=day("03-20 12:00"))
        said = told.report(Command.HANDLE, PROPERTY)
        assert [said[0], said[-1]] == ["assignment.handled", "case.completed"]
        assert "case.resumed" in said
        assert not told.timers

    def test_a_more_urgent_case_has_level_clocks_of_the_new_urgency_too(self) -> None:
        told = Told()
        told.note(ticket_reactions.urgency_raised(told.case, Urgency.E1, told.context))
        due = {running.key.partition(":")[0]: running.due for running in told.case.clocks}
        assert due["sign"] == T0 + timedelta(minutes=30)
        assert due["report_in"] == due["contact"] == T0 + timedelta(hours=2)
        assert due["handle_within"] == day("03-04 18:00"), "the level's own span stays"

    def test_raised_to_life_and_safety_it_opens_the_level_above_too(self) -> None:
        told = Told(dispute=False)
        told.note(ticket_reactions.urgency_raised(told.case, Urgency.E0, told.context))
        assert told.last("case.escalated")["cause"] == EscalationCause.PARALLEL
        assert "joint_action.called" in told.types()

    def test_first_contact_goes_on_in_rework_where_nobody_was_reached(self) -> None:
        told = Told()
        told.report(Command.HANDLE, PROPERTY)
        told.note(ticket_reactions.again(told.case, 2, told.context))
        assert "contact" in told.timers
        reached = begun()
        reached.report(Command.HANDLE, PROPERTY)
        reached.note(ticket_reactions.again(reached.case, 2, reached.context))
        assert "contact" not in reached.timers

    def test_a_case_that_is_withdrawn_while_it_is_paused_never_goes_on(self) -> None:
        told = begun()
        told.report(Command.PAUSE, COMMUNITY, until=day("03-20 12:00"))
        told.note(ticket_reactions.withdrawn(told.case, "merged"))
        assert not told.timers
        assert not told.note(pauses.resume(told.case, told.context))
