"""The case's rules: who is named, who may report, who may verify, and what a clock does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.outcome import Arm, Outcome
from contracts.codes import AreaKind, Clock, Command, Role, Urgency
from services.dispatch.domain.case import Case, CaseState, NotAssigned, SelfVerification
from services.dispatch.domain.directory import Area, Directory, Responder
from services.dispatch.domain.playbook import Call, Level, Playbook, choose

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROPERTY, GRID = "yangguang-property", "grid-worker-1"
DIRECTORY = Directory(
    areas={
        "shanqi": Area("shanqi", AreaKind.COMMUNITY),
        "shanqi-1": Area("shanqi-1", AreaKind.GRID, "shanqi"),
        "yangguang": Area("yangguang", AreaKind.ESTATE),
    },
    responders=(
        Responder(PROPERTY, Role.PROPERTY, ("yangguang",)),
        Responder(GRID, Role.GRID_WORKER, ("shanqi-1",)),
        Responder("shanqi-supervisor", Role.SUPERVISOR, ("shanqi",)),
    ),
)
BOOK = Playbook(
    name="xianlinli",
    version="1",
    title={"zh": "贤邻里"},
    takes=("noise",),
    ladder=(Level("property", Call(Role.PROPERTY, AreaKind.ESTATE), {Clock.SIGN: 3600, Clock.HANDLE_WITHIN: 7200}),),
    verify=Call(Role.GRID_WORKER, AreaKind.GRID),
    supervisor=Call(Role.SUPERVISOR, AreaKind.COMMUNITY),
)


def case(**changes: Any) -> Case:
    values: dict[str, Any] = {
        "id": "T1",
        "category": "noise",
        "area": "shanqi-1",
        "estate": "yangguang",
        "urgency": Urgency.E2,
        "opened_at": T0,
        "playbook": BOOK,
    }
    return Case(**values | changes)


def started(**changes: Any) -> Case:
    one = case(**changes)
    one.start(DIRECTORY, T0)
    return one


def said(outcome: Outcome) -> list[str]:
    return [happened.schema.type.rpartition(".v")[0] for happened in outcome.events]


def test_the_estates_property_company_is_named_and_its_clocks_run() -> None:
    one = case()
    outcome = one.start(DIRECTORY, T0)
    assert said(outcome) == ["case.started", "assignment.made", "deadline.set", "deadline.set"]
    assert one.assignments[0].to == PROPERTY
    due = {effect.name: effect.due - T0 for effect in outcome if isinstance(effect, Arm)}
    assert due == {"sign:T1-1": timedelta(hours=1), "handle_within:T1-1": timedelta(hours=2)}


@pytest.mark.parametrize(
    ("changes", "cause"), [({"playbook": None}, "no_playbook"), ({"estate": None}, "no_responder")], ids=lambda c: str(c)
)
def test_where_nobody_can_be_named_the_supervisor_is_called(changes: dict[str, Any], cause: str) -> None:
    one = case(**changes)
    last = one.start(DIRECTORY, T0).events[-1]
    assert (last.schema.type, last.data["cause"]) == ("case.exhausted.v1", cause)
    assert one.state is CaseState.EXHAUSTED


def test_handling_completes_the_case_and_names_a_verifier_who_did_not_handle_it() -> None:
    one = started()
    outcome = one.report(Command.HANDLE, PROPERTY, "property-app", None)
    assert said(outcome) == ["assignment.handled", "case.completed"]
    verify = one.handled(1, [PROPERTY], DIRECTORY, T0)
    assert said(verify) == ["assignment.made", "deadline.set"]
    assert one.assignments[-1].to == GRID


def test_where_only_the_handler_could_verify_the_supervisor_is_called() -> None:
    book = Playbook(**{**BOOK.__dict__, "verify": BOOK.ladder[0].to})
    one = started(playbook=book)
    one.report(Command.HANDLE, PROPERTY, "property-app", None)
    assert one.handled(1, [PROPERTY], DIRECTORY, T0).events[-1].data["cause"] == "no_verifier"


def test_the_account_that_reported_it_handled_may_not_verify_it_in_another_units_name() -> None:
    one = started()
    one.report(Command.HANDLE, PROPERTY, "one-and-the-same", None)
    one.handled(1, [PROPERTY], DIRECTORY, T0)
    with pytest.raises(SelfVerification):
        one.report(Command.VERIFY, GRID, "one-and-the-same", True)


def test_a_unit_without_an_assignment_is_refused() -> None:
    with pytest.raises(NotAssigned, match="heping"):
        started().report(Command.SIGN, "heping-property", "app", None)


def test_repeated_and_overtaken_steps_are_no_ops() -> None:
    one = started()
    assert said(one.report(Command.REPORT_IN, PROPERTY, "app", None)) == ["assignment.reported_in"]
    assert one.report(Command.SIGN, PROPERTY, "app", None) == ()
    assert one.report(Command.REPORT_IN, PROPERTY, "app", None) == ()


def test_a_clock_that_runs_out_is_a_breach_and_past_the_last_level_the_supervisor_is_called() -> None:
    one = started()
    outcome = one.ring(Clock.SIGN, "T1-1", T0, DIRECTORY)
    assert said(outcome) == ["deadline.breached", "case.exhausted"]
    assert outcome.events[-1].data["supervisor"] == "shanqi-supervisor"
    assert said(one.report(Command.HANDLE, PROPERTY, "app", None)) == ["assignment.handled", "case.completed"], (
        "a lower level stays responsible: its late handle still ends the case"
    )


def test_nothing_escalates_after_it_was_handled() -> None:
    one = started()
    one.report(Command.HANDLE, PROPERTY, "app", None)
    assert one.ring(Clock.SIGN, "T1-1", T0, DIRECTORY) == ()
    assert one.ring(Clock.HANDLE_WITHIN, "T1-1", T0, DIRECTORY) == ()


def test_a_timer_of_an_older_generation_does_nothing() -> None:
    one = started()
    one.report(Command.HANDLE, PROPERTY, "app", None)
    assert said(one.rework(2, DIRECTORY, T0)) == ["case.resumed", "assignment.made", "deadline.set", "deadline.set"]
    assert one.ring(Clock.SIGN, "T1-1", T0, DIRECTORY) == ()
    assert one.ring(Clock.SIGN, one.assignments[-1].id, T0, DIRECTORY) != ()


def test_the_first_playbook_that_takes_the_category_is_chosen() -> None:
    assert choose((BOOK,), "noise") is BOOK
    assert choose((BOOK,), "leak") is None
