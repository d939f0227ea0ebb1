"""Mergers respect routing, whatever is merged into what and in which order."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.effects import Refused
from contracts.codes import Closure, Command, Purpose, ReturnReason, Role
from services.dispatch.domain import commands, ticket_reactions
from services.dispatch.domain.case import UNDER_WAY, CaseState
from services.dispatch.domain.police_matter import NEVER
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses.mediate import mediation_of
from services.tickets.domain import mergers, operator_commands, resident_commands
from services.tickets.domain.allowed_commands import OPEN_STATES, NotNow, State
from tests.unit.dispatch.town import COMMUNITY, PEOPLE, POLICE_MATTERS, PROPERTY, T0, VERIFIER
from tests.unit.tickets.matters import CATEGORIES, Matters
from tests.unit.tickets.tickets import said

ROLES = {one.id: one.role for one in PEOPLE}


@pytest.fixture
def matters() -> Matters:
    return Matters()


@pytest.mark.parametrize("other", ["noise", "domestic_violence", "suspected_crime"])
@pytest.mark.parametrize("police_first", [True, False])
def test_a_police_matter_is_never_merged_in_either_direction(matters: Matters, other: str, police_first: bool) -> None:
    ids = [
        matters.open(category) for category in (("domestic_violence", other) if police_first else (other, "domestic_violence"))
    ]
    before = [len(case.said) for case in matters.cases.values()]
    with pytest.raises(mergers.PoliceMatter, match=r"into: a police matter is never merged"):
        matters.merge(*ids)
    assert {one.state for one in matters.tickets.values()} == {State.HANDLING}
    assert [len(case.said) for case in matters.cases.values()] == before, "nobody is relieved"


def test_a_more_serious_category_of_another_playbook_begins_that_ones_ladder(matters: Matters) -> None:
    survivor, lights = matters.open("noise"), matters.open("street_light")
    matters.merge(lights, survivor)
    case, one = matters.cases[survivor], matters.tickets[survivor]
    assert case.types()[-12:].count("assignment.relieved") == 1
    assert case.last("assignment.relieved")["by"] == PROPERTY
    assert case.last("case.rerouted")["playbook"] == "lights"
    assert case.last("assignment.made")["to"] == VERIFIER
    assert (one.category, one.state, one.generation, one.level) == ("street_light", State.HANDLING, 2, "liaison")
    assert case.case.category == "street_light"
    assert not [other for other in case.case.assignments if other.open and other.to == PROPERTY]


def test_a_more_serious_category_of_the_same_playbook_goes_on_where_it_stands(matters: Matters) -> None:
    survivor, leak = matters.open("parking"), matters.open("leak")
    matters.act(survivor, lambda told: commands.execute(told.case, Report(Command.SIGN, PROPERTY, "app"), told.context))
    matters.merge(leak, survivor)
    case = matters.cases[survivor]
    assert "assignment.relieved" not in case.types()
    assert (case.case.category, case.case.generation) == ("leak", 2)
    matters.act(survivor, lambda told: commands.execute(told.case, Report(Command.HANDLE, PROPERTY, "app"), told.context))
    assert case.last("case.completed")["generation"] == 2
    assert matters.tickets[survivor].handled_by == [PROPERTY]


@pytest.mark.parametrize("merged", ["noise", "parking"])
def test_a_category_that_is_not_more_serious_changes_nothing(matters: Matters, merged: str) -> None:
    survivor, other = matters.open("street_light"), matters.open(merged)
    matters.merge(other, survivor)
    assert (matters.tickets[survivor].category, matters.tickets[survivor].generation) == ("street_light", 1)
    assert "case.rerouted" not in matters.cases[survivor].types()


def test_a_more_serious_matter_is_not_merged_into_what_is_said_to_be_done(matters: Matters) -> None:
    survivor, other = matters.open("parking"), matters.open("street_light")
    matters.act(survivor, lambda told: commands.execute(told.case, Report(Command.HANDLE, PROPERTY, "app"), told.context))
    with pytest.raises(mergers.BadSurvivor, match="more serious"):
        matters.merge(other, survivor)
    assert matters.tickets[other].state is State.HANDLING


def test_a_parked_survivor_goes_back_to_work_for_a_more_serious_matter(matters: Matters) -> None:
    survivor, other = matters.open("parking"), matters.open("street_light")
    matters.say(operator_commands.park(matters.tickets[survivor], "awaits_budget", T0 + timedelta(days=30), T0))
    matters.merge(other, survivor)
    assert (matters.tickets[survivor].state, matters.cases[survivor].case.paused) == (State.HANDLING, False)
    assert matters.cases[survivor].case.category == "street_light"


def test_a_completion_that_crosses_the_change_counts_for_nothing(matters: Matters) -> None:
    survivor, other = matters.open("noise"), matters.open("street_light")
    told = matters.cases[survivor]
    told.report(Command.HANDLE, PROPERTY)  # what it says is still on its way to tickets
    matters.merge(other, survivor)
    one, completed = matters.tickets[survivor], told.last("case.completed")
    assert said(one.case_completed(completed["generation"], completed["handled_by"])) == []
    assert one.state is State.HANDLING
    assert told.case.state is CaseState.WORKING


@pytest.mark.parametrize("reject", [True, False], ids=["rejected", "cancelled"])
def test_when_the_survivor_ends_what_was_merged_into_it_goes_on(matters: Matters, reject: bool) -> None:
    survivor, merged = matters.open("noise"), matters.open("noise")
    matters.merge(merged, survivor)
    matters.end(survivor, reject)
    one, told = matters.tickets[merged], matters.cases[merged]
    assert (one.state, one.generation, one.merged_into) == (State.HANDLING, 2, None)
    assert told.last("case.resumed")["generation"] == 2
    assert told.last("assignment.made")["to"] == PROPERTY
    assert "handle" in told.timers
    matters.act(merged, lambda case: commands.execute(case.case, Report(Command.HANDLE, PROPERTY, "app"), case.context))
    assert one.handled_by == [PROPERTY]


def test_of_several_the_most_serious_goes_on_and_the_others_follow_it(matters: Matters) -> None:
    survivor, noise, leak, chained = (matters.open(one) for one in ("noise", "noise", "leak", "noise"))
    matters.merge(chained, noise)
    matters.merge(noise, survivor)
    matters.merge(leak, survivor)
    matters.end(survivor, reject=False)
    assert {id_: one.merged_into for id_, one in matters.tickets.items()} == {
        survivor: None,
        noise: leak,
        leak: None,
        chained: noise,
    }
    assert set(matters.tickets[leak].followers) == {noise, chained}
    assert (matters.tickets[leak].state, matters.tickets[noise].state) == (State.HANDLING, State.MERGED)


def test_in_a_chain_who_was_merged_into_the_merged_one_follows_it_again(matters: Matters) -> None:
    first, second, last = (matters.open("noise") for _ in range(3))
    matters.merge(first, second)
    matters.merge(second, last)
    matters.end(last, reject=True)
    assert (matters.tickets[second].state, matters.tickets[second].followers) == (State.HANDLING, [first])
    matters.end(second, reject=False)
    assert matters.tickets[first].state is State.HANDLING
    assert not any(one.followers for one in matters.tickets.values())


def test_after_the_survivor_is_closed_a_follower_reopens_the_own_ticket_alone(matters: Matters) -> None:
    merged, survivor = matters.open("noise"), matters.open("noise")
    matters.merge(merged, survivor)
    with pytest.raises(NotNow, match="goes on as ticket"):
        matters.reopen(merged)
    closed = matters.tickets[survivor]
    closed.close(Closure.SATISFIED, T0)
    matters.reopen(merged)
    assert (matters.tickets[merged].state, closed.state) == (State.HANDLING, State.CLOSED)
    assert closed.followers == []
    closed.closed_at = T0 - timedelta(days=15)
    matters.tickets[merged].merged_into = survivor
    with pytest.raises(resident_commands.TooLate):
        matters.reopen(merged)


def test_a_merger_that_is_heard_late_withdraws_no_case_that_goes_on(matters: Matters) -> None:
    survivor, merged = matters.open("noise"), matters.open("noise")
    matters.merge(merged, survivor)
    matters.end(survivor, reject=False)
    told = matters.cases[merged]
    assert not ticket_reactions.withdrawn(told.case, "merged", generation=1)
    assert told.case.state is CaseState.WORKING


class AnyMerger(RuleBasedStateMachine):
    """Whistles of any category, merged in any order by the desk, while units report as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.matters = Matters()

    ids = st.integers(0, 9)

    def pick(self, number: int) -> str:
        ids = list(self.matters.tickets)
        return ids[number % len(ids)]

    @rule(category=st.sampled_from(sorted(CATEGORIES)))
    def whistle(self, category: str) -> None:
        if len(self.matters.tickets) < 8:
            self.matters.open(category)

    @precondition(lambda self: len(self.matters.tickets) > 1)
    @rule(one=ids, into=ids)
    def merge(self, one: int, into: int) -> None:
        ids = self.pick(one), self.pick(into)
        states = {id_: repr(ticket) for id_, ticket in self.matters.tickets.items()}
        relieved = self.relieved()
        try:
            self.matters.merge(*ids)
        except Refused:
            assert {id_: repr(ticket) for id_, ticket in self.matters.tickets.items()} == states
        police = {unit for id_, unit in self.relieved() - relieved if ROLES[unit.split("@")[0]] is Role.POLICE}
        categories = {self.matters.cases[id_].case.category for id_, unit in self.relieved() - relieved if unit in police}
        assert not categories & POLICE_MATTERS, "no police unit loses a police matter by a merger"

    def relieved(self) -> set[tuple[str, str]]:
        """Return the relieved units by case; the assignment's number keeps several apart."""
        return {
            (id_, f"{one.payload.by}@{one.payload.assignment}")
            for id_, told in self.matters.cases.items()
            for one in told.said
            if one.payload.type == "assignment.relieved.v1"
        }

    @precondition(lambda self: self.matters.tickets)
    @rule(
        one=ids,
        which=ids,
        command=st.sampled_from([Command.SIGN, Command.HAND_UP, Command.HANDLE, Command.RETURN, Command.VERIFY]),
    )
    def unit_reports(self, one: int, which: int, command: Command) -> None:
        id_ = self.pick(one)
        named = self.matters.cases[id_].case.assignments
        if named:
            unit = named[which % len(named)].to
            report = Report(command, unit, f"app-of-{unit}", passed=True, reason=ReturnReason.NOT_MY_DUTY)
            with suppress(Refused):
                self.matters.act(id_, lambda told: commands.execute(told.case, report, told.context))

    @precondition(lambda self: self.matters.tickets)
    @rule(one=ids, unit=st.sampled_from(sorted(ROLES)))
    def supervisor_rules(self, one: int, unit: str) -> None:
        report = Report(Command.RULE, COMMUNITY, "app-of-boss", to=unit)
        with suppress(Refused):
            self.matters.act(self.pick(one), lambda told: commands.execute(told.case, report, told.context))

    @precondition(lambda self: self.matters.tickets)
    @rule(one=ids, days=st.integers(1, 9))
    def desk_parks(self, one: int, days: int) -> None:
        with suppress(Refused):
            self.matters.say(
                operator_commands.park(self.matters.tickets[self.pick(one)], "awaits_budget", T0 + timedelta(days=days), T0)
            )

    @precondition(lambda self: self.matters.tickets)
    @rule(one=ids, reject=st.booleans())
    def one_party_ends_it(self, one: int, reject: bool) -> None:
        with suppress(Refused):
            self.matters.end(self.pick(one), reject)

    @precondition(lambda self: self.matters.tickets)
    @rule(one=ids, closed=st.booleans())
    def one_party_reopens(self, one: int, closed: bool) -> None:
        survivor = self.matters.survivor(self.pick(one))
        if closed and survivor.state in {State.HANDLED, State.VERIFYING, State.REVISITING}:
            survivor.close(Closure.NO_ANSWER, T0)
        with suppress(Refused):
            self.matters.reopen(self.pick(one))

    @invariant()
    def nobody_follows_what_was_cancelled_or_rejected(self) -> None:
        for id_, one in self.matters.tickets.items():
            above = self.matters.above(id_)
            assert bool(above) == (one.state is State.MERGED)
            assert not above or above[-1].state in OPEN_STATES | {State.CLOSED}
            assert all(id_ in other.followers for other in above)
            assert all(one in self.matters.above(follower) for follower in one.followers)

    @invariant()
    def a_police_matter_is_with_the_police_alone(self) -> None:
        for id_, one in self.matters.tickets.items():
            case = self.matters.cases[id_].case
            if one.category not in POLICE_MATTERS and case.category not in POLICE_MATTERS:
                continue
            assert one.category == case.category
            named = {other.to for other in case.assignments if other.purpose is Purpose.HANDLE}
            assert not {unit for unit in named if ROLES[unit] in NEVER}
            assert not any(mediation_of(run) for run in case.level_runs)
            assert (one.state, one.followers) != (State.MERGED, []) or not one.merged_into
            assert not one.followers

    @invariant()
    def tickets_and_dispatch_agree_on_the_generation_and_somebody_is_responsible(self) -> None:
        for id_, one in self.matters.tickets.items():
            case = self.matters.cases[id_].case
            if one.state in OPEN_STATES:
                assert (case.generation, case.category) == (one.generation, one.category)
            if case.state in UNDER_WAY:
                at_work = any(other.open and other.counted_on for other in case.of_generation(Purpose.HANDLE))
                assert at_work or case.ruling_asked or case.state is CaseState.EXHAUSTED


AnyMerger.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyMerger = AnyMerger.TestCase
