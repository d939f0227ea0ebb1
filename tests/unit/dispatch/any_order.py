"""One case in a small town where everybody says anything at any time, and what must hold all the same.

What tickets says comes only where tickets would say it: a ticket is handled after its case is completed, goes back to work when
it was not solved, and is merged only before it was handled. Reports, requests and time come as they like.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.effects import Refused
from contracts.codes import Command, Party, Purpose, ReturnReason, Role, Urgency
from contracts.events.dispatch import MediationPerformanceAsked
from services.dispatch.domain import agreement_compliance, pauses, rerouting, responder_departure, ticket_reactions
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.entities import Step
from services.dispatch.domain.playbook import Playbook
from services.dispatch.domain.responses.convene import joint_action_of
from services.dispatch.domain.responses.mediate import mediation_of
from tests.unit.dispatch.town import BOOK, COMMUNITY, PEOPLE, Told

SUPERVISING = (Command.RULE, Command.EXCUSE, Command.PAUSE, Command.RESUME)
REPORTING = tuple(command for command in Command if command not in {Command.CLAIM, *SUPERVISING})
UNITS = st.sampled_from([one.id for one in PEOPLE])
LEAVING = [one.id for one in PEOPLE if one.role is not Role.SUPERVISOR]
BOOKS = (BOOK, replace(BOOK, name="short", ladder=BOOK.ladder[2:]), replace(BOOK, name="high", ladder=BOOK.ladder[1:]), None)
"""What a more serious category may be routed by."""
HANDLED = frozenset({CaseState.COMPLETED, CaseState.VERIFIED})


class AnyOrder(RuleBasedStateMachine):
    """`told` is the case; what it escalated, and when it was handled, is looked at after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Told(**self.opened())
        self.starts = self.case_clock_starts()

    def opened(self) -> Mapping[str, Any]:
        """How the case differs from the town's usual one."""
        return {}

    @property
    def case(self) -> Case:
        """The case."""
        return self.told.case

    # --- what responders and supervisors say

    @rule(command=st.sampled_from(REPORTING), unit=UNITS, passed=st.booleans(), hours=st.integers(1, 900))
    def unit_reports(self, command: Command, unit: str, passed: bool, hours: int) -> None:
        self.report(command, unit, passed=passed, until=hours, reason=ReturnReason.NOT_MY_DUTY)

    @rule(command=st.sampled_from(REPORTING), which=st.integers(0, 9), passed=st.booleans(), hours=st.integers(1, 900))
    def unit_at_work_reports(self, command: Command, which: int, passed: bool, hours: int) -> None:
        """Somebody who was named: most reports of others are refused."""
        unit = self.case.assignments[which % len(self.case.assignments)].to if self.case.assignments else COMMUNITY
        self.report(command, unit, passed=passed, until=hours, reason=ReturnReason.NOT_MY_DUTY)

    @rule(command=st.sampled_from(SUPERVISING), unit=st.just(COMMUNITY) | UNITS, to=UNITS, hours=st.integers(1, 900))
    def supervisor_says(self, command: Command, unit: str, to: str, hours: int) -> None:
        self.report(command, unit, to=to, until=hours)

    @rule(granted=st.booleans())
    def extension_is_decided(self, granted: bool) -> None:
        self.report(Command.RULE, COMMUNITY, passed=granted)

    def report(self, command: Command, unit: str, until: int = 1, **more: Any) -> None:
        """A command, which may be refused; a refusal changes nothing."""
        before, done = repr(self.case), self.case.state in HANDLED
        try:
            said = self.told.report(command, unit, until=self.told.context.at + timedelta(hours=until), **more)
        except Refused:
            assert repr(self.case) == before, "what is refused has changed nothing"
            return
        if done:
            assert "case.escalated" not in said

    @rule(party=st.sampled_from(Party), give=st.booleans())
    def party_consents_or_withdraws(self, party: Party, give: bool) -> None:
        with suppress(Refused):
            _ = self.told.consent(party) if give else self.told.withdraw_consent(party)

    # --- the same, by those who were asked: left to chance a mediation would hardly ever get to its second session

    @precondition(lambda self: self.mediator is not None)
    @rule(command=st.sampled_from([Command.SESSION, Command.SESSION, Command.AGREE, Command.FAIL]), both=st.booleans())
    def mediation_goes_on(self, command: Command, both: bool) -> None:
        for party in Party if both else ():
            self.party_consents_or_withdraws(party, give=True)
        assert self.mediator is not None
        self.report(command, self.mediator)

    @precondition(lambda self: any(one.open for one in self.case.of_generation(Purpose.VERIFY)))
    @rule(passed=st.booleans())
    def verifier_looks(self, passed: bool) -> None:
        asked = next(one for one in self.case.of_generation(Purpose.VERIFY) if one.open)
        self.report(Command.VERIFY, asked.to, passed=passed)

    @property
    def mediator(self) -> str | None:
        """Who mediates now."""
        going_on = (mediation for mediation in map(mediation_of, self.case.level_runs) if mediation and mediation.goes_on)
        return next((mediation.mediator for mediation in going_on), None)

    # --- who is there

    @precondition(lambda self: len(self.told.context.directory.responders) > len(PEOPLE) - 3)
    @rule(unit=st.sampled_from(LEAVING))
    def unit_leaves(self, unit: str) -> None:
        """At most three do, and the supervisors stay."""
        directory, done = self.told.context.directory, self.case.state in HANDLED
        left = replace(directory, responders=tuple(one for one in directory.responders if one.id != unit))
        self.told.context = replace(self.told.context, directory=left)
        said = self.told.note(responder_departure.leave(self.case, unit, self.told.context))
        assert not (done and "case.escalated" in said)
        assert not responder_departure.leave(self.case, unit, self.told.context), "it leaves once"

    # --- what tickets says

    @precondition(lambda self: self.case.state is CaseState.COMPLETED)
    @rule()
    def ticket_is_handled(self) -> None:
        self.told.note(ticket_reactions.handled(self.case, self.case.generation, self.case.handlers(), self.told.context))

    @precondition(lambda self: self.case.state in HANDLED)
    @rule()
    def ticket_is_reworked_or_reopened(self) -> None:
        self.told.note(ticket_reactions.again(self.case, self.case.generation + 1, self.told.context))

    @rule(back=st.integers(0, 2))
    def old_fact_comes_late(self, back: int) -> None:
        assert not ticket_reactions.again(self.case, self.case.generation - back, self.told.context)
        assert not ticket_reactions.handled(self.case, self.case.generation - back - 1, [], self.told.context)

    @precondition(lambda self: self.case.state in UNDER_WAY and self.told.context.at > self.case.opened_at)
    @rule(cause=st.sampled_from(["merged", "rejected", "cancelled", *["not yet"] * 9]))
    def ticket_is_merged_or_ended(self, cause: str) -> None:
        if cause == "not yet":
            return
        self.told.note(ticket_reactions.withdrawn(self.case, cause))
        assert not self.told.timers

    @precondition(lambda self: self.case.state is not CaseState.WITHDRAWN and not self.case.parked)
    @rule(days=st.integers(1, 60))
    def ticket_is_parked(self, days: int) -> None:
        self.told.note(pauses.parked(self.case, self.told.context.at + timedelta(days=days), self.told.context))
        assert not self.clock_timers(), "no clock of the case rings while it is parked"

    @precondition(lambda self: self.case.parked and self.case.state is not CaseState.WITHDRAWN)
    @rule()
    def ticket_is_resumed(self) -> None:
        self.told.note(pauses.resume(self.case, self.told.context))
        assert not self.case.paused

    @precondition(lambda self: self.case.state is not CaseState.WITHDRAWN and not self.case.parked)
    @rule(book=st.sampled_from(BOOKS), dispute=st.booleans(), sure=st.integers(0, 3))
    def category_becomes_more_serious(self, book: Playbook | None, dispute: bool, sure: int) -> None:
        """Tickets says so only before it hears that the work is done; the case may be completed already."""
        if sure or self.case.state is CaseState.VERIFIED:
            return
        change = rerouting.Change(self.case.category, dispute, self.case.generation + 1, book)
        said = self.told.note(rerouting.category_changed(self.case, change, self.told.context))
        assert said.count("case.rerouted") == 1
        assert self.case.generation == change.generation
        assert not rerouting.category_changed(self.case, change, self.told.context), "it is routed again once"

    @rule(urgency=st.sampled_from(Urgency))
    def ticket_becomes_more_urgent(self, urgency: Urgency) -> None:
        if self.case.state is not CaseState.WITHDRAWN:
            self.told.note(ticket_reactions.urgency_raised(self.case, urgency, self.told.context))

    # --- time

    @rule(hours=st.sampled_from([1, 5, 30, 100, 400]))
    def time_passes(self, hours: int) -> None:
        quiet = self.case.parked or self.case.state is CaseState.WITHDRAWN
        done, before = self.case.state in HANDLED, len(self.told.said)
        self.told.at(self.told.context.at + timedelta(hours=hours))
        new = [happened.payload.type for happened in self.told.said[before:]]
        assert not (quiet and set(new) - {MediationPerformanceAsked.type})
        assert not (done and "case.escalated.v1" in new), "nothing escalates after it was handled"

    @precondition(lambda self: self.told.armed)
    @rule(which=st.integers(0, 10_000))
    def old_timer_rings(self, which: int) -> None:
        timer = self.told.armed[which % len(self.told.armed)]
        if timer != self.told.timers.get(timer.name):
            assert not self.told.ring(timer), "a timer of an older generation does nothing"

    # --- what must hold

    def case_clock_starts(self) -> dict[str, Any]:
        """From when the clocks of the case run."""
        return {one.key: one.start for one in self.case.clocks if one.key in {"contact", "handle"}}

    def clock_timers(self) -> set[str]:
        """What is armed for the case itself. An agreement's performance is due whatever becomes of the case."""
        return {name for name in self.told.timers if not name.startswith(agreement_compliance.PERFORMANCE)}

    def events(self, *types: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What was said of these types, which are named without version."""
        said = [(happened.payload.type.rpartition(".v")[0], happened.payload.by_name()) for happened in self.told.said]
        return [(type_, data) for type_, data in said if type_ in types]

    @invariant()
    def every_open_case_has_an_owner_and_something_is_armed(self) -> None:
        case = self.case
        if case.state not in UNDER_WAY:
            return
        at_work = any(one.open and one.counted_on for one in case.of_generation(Purpose.HANDLE))
        assert at_work or case.ruling_asked or case.state is CaseState.EXHAUSTED
        if case.paused:
            assert case.parked or pauses.REVIEW in self.told.timers
        else:
            assert "handle" in self.told.timers, "the case's own clock"

    @invariant()
    def what_is_to_be_verified_has_a_verifier_or_a_supervisor_and_a_clock(self) -> None:
        asked = any(one.open for one in self.case.of_generation(Purpose.VERIFY))
        if self.case.state is CaseState.COMPLETED and (asked or self.case.verifier_asked) and not self.case.paused:
            assert any(name.startswith("verify") for name in self.told.timers)

    @invariant()
    def nothing_is_newly_asked_of_who_left(self) -> None:
        there = {one.id for one in self.told.context.directory.responders}
        for one in self.case.assignments:
            if one.open and one.to not in there and one.generation == self.case.generation:
                waits_for_a_ruling = self.case.verifier_asked if one.purpose is Purpose.VERIFY else one.given_up
                assert waits_for_a_ruling or self.case.state in HANDLED | {CaseState.WITHDRAWN}

    @invariant()
    def no_session_without_every_partys_consent(self) -> None:
        consents: dict[str, set[str]] = {}
        stages = ("consented", "consent_withdrawn", "session_held", "agreed")
        for type_, data in self.events(*(f"mediation.{stage}" for stage in stages)):
            given = consents.setdefault(data["mediation"], set())
            if type_ == "mediation.consented":
                given.add(data["party"])
            elif type_ == "mediation.consent_withdrawn":
                given.discard(data["party"])
            else:
                assert given == set(Party)

    @invariant()
    def what_was_agreed_is_asked_for_until_somebody_has_looked(self) -> None:
        answered = {data["mediation"] for _, data in self.events("mediation.performed", "mediation.not_performed")}
        agreed = {data["mediation"] for _, data in self.events("mediation.agreed")}
        open_ = agreed - answered if self.case.state is not CaseState.WITHDRAWN else set()
        assert {name for name in self.told.timers if name.startswith("performance")} == {f"performance:{id_}" for id_ in open_}

    @invariant()
    def a_joint_action_has_one_lead_and_completes_only_when_all_are_done(self) -> None:
        for action in filter(None, map(joint_action_of, self.case.level_runs)):
            completed = [data for _, data in self.events("joint_action.completed") if data["joint_action"] == action.id]
            assert action.units.count(action.lead) == 1
            assert action.lead not in action.excused
            assert len(completed) == (set(action.units) <= {*action.finished, *action.excused})

    @invariant()
    def who_handled_never_verified(self) -> None:
        done = [one for one in self.case.assignments if one.step is Step.DONE]
        for verifier in (one for one in done if one.purpose is Purpose.VERIFY):
            handlers = [a for a in done if a.purpose is Purpose.HANDLE and a.generation == verifier.generation]
            assert verifier.to not in {one.to for one in handlers}
            assert not set(verifier.actors) & {actor for one in handlers for actor in one.actors}

    @invariant()
    def case_clocks_never_restart_and_budgets_are_kept(self) -> None:
        assert self.case_clock_starts() == self.starts
        assert self.case.returns <= self.case.playbook_or_default.returns
        asked = [(data["clock"], data["assignment"]) for _, data in self.events("deadline.extension_asked")]
        assert len(asked) == len(set(asked)), "more time is asked once for a clock"
        assert len({one.key for one in self.case.clocks if one.live}) == sum(one.live for one in self.case.clocks)

    @invariant()
    def it_is_completed_once_in_a_generation_and_withdrawn_for_good(self) -> None:
        generations = [data["generation"] for _, data in self.events("case.completed")]
        assert len(generations) == len(set(generations))
        if self.case.state is CaseState.WITHDRAWN:
            assert not [one for one in self.case.assignments if one.open]
            assert not self.told.timers

    @invariant()
    def a_clock_is_armed_as_it_stands(self) -> None:
        for running in self.case.clocks if not self.case.paused else ():
            timer = self.told.timers.get(running.key)
            assert not running.live or (timer is not None and timer.generation == running.version)
