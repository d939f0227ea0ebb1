"""The invariants of the domain page's section 6, against reports, requests, facts and time in any order."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.outcome import Refused
from contracts.codes import Command, Party, Purpose, ReturnReason, Urgency
from services.dispatch.domain import facts, mediating
from services.dispatch.domain.case import CaseState
from services.dispatch.domain.parts import Step
from tests.unit.dispatch.town import PEOPLE, Told

COMMANDS = st.sampled_from([command for command in Command if command is not Command.CLAIM])
UNITS = st.sampled_from([one.id for one in PEOPLE])


class AnyOrder(RuleBasedStateMachine):
    """One case in a small town where everybody says anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Told()
        self.case_clock_starts = {r.key: r.start for r in self.told.case.clocks if r.assignment is None}

    @rule(command=COMMANDS, unit=UNITS, passed=st.booleans(), to=UNITS, hours=st.integers(1, 200))
    def report(self, command: Command, unit: str, passed: bool, to: str, hours: int) -> None:
        before = self.told.case.state
        until = self.told.world.at + timedelta(hours=hours)
        try:
            said = self.told.report(command, unit, passed=passed, to=to, until=until, reason=ReturnReason.NOT_MY_DUTY)
        except Refused:
            return
        if before in {CaseState.COMPLETED, CaseState.VERIFIED, CaseState.WITHDRAWN}:
            assert "case.escalated" not in said

    @rule(party=st.sampled_from(Party), give=st.booleans())
    def consent(self, party: Party, give: bool) -> None:
        try:
            if give:
                self.told.note(mediating.consent(self.told.case, party))
            else:
                self.told.note(mediating.withdraw(self.told.case, party, self.told.world))
        except Refused:
            pass

    @rule(hours=st.sampled_from([1, 5, 30, 100, 400]))
    def time_passes(self, hours: int) -> None:
        done = self.told.case.state in {CaseState.COMPLETED, CaseState.VERIFIED, CaseState.WITHDRAWN}
        before = self.told.types().count("case.escalated")
        self.told.at(self.told.world.at + timedelta(hours=hours))
        if done:
            assert self.told.types().count("case.escalated") == before, "nothing escalates after it was handled"

    @rule()
    def handled(self) -> None:
        case = self.told.case
        self.told.note(facts.handled(case, case.generation, case.handlers(), self.told.world))

    @rule()
    def rework(self) -> None:
        if self.told.case.state is CaseState.COMPLETED:
            self.told.note(facts.again(self.told.case, self.told.case.generation + 1, self.told.world))

    @rule(urgency=st.sampled_from(Urgency))
    def more_urgent(self, urgency: Urgency) -> None:
        self.told.note(facts.urgency_raised(self.told.case, urgency, self.told.world))

    @rule()
    def old_timers_ring(self) -> None:

        for running in self.told.case.clocks:
            assert not facts.rang(self.told.case, running.key, running.version - 1, self.told.world)

    @invariant()
    def no_session_without_every_partys_consent(self) -> None:
        consents: dict[str, set[str]] = {}
        for happened in self.told.said:
            type_, data = happened.schema.type, happened.data
            if type_ == "mediation.consented.v1":
                consents.setdefault(data["mediation"], set()).add(data["party"])
            elif type_ == "mediation.consent_withdrawn.v1":
                consents.setdefault(data["mediation"], set()).discard(data["party"])
            elif type_ in {"mediation.session_held.v1", "mediation.agreed.v1"}:
                assert consents.get(data["mediation"]) == set(Party)

    @invariant()
    def a_joint_action_has_one_lead_and_completes_only_when_all_are_done(self) -> None:
        for rung in self.told.case.rungs:
            if rung.joint:
                assert rung.joint.lead in rung.joint.units
                assert rung.joint.lead not in rung.joint.excused
                said = [h for h in self.told.said if h.data.get("joint_action") == rung.joint.id]
                completed = [h for h in said if h.schema.type == "joint_action.completed.v1"]
                assert len(completed) == rung.joint.complete

    @invariant()
    def who_handled_never_verified(self) -> None:
        for one in self.told.case.assignments:
            if one.purpose is Purpose.VERIFY and one.step is Step.DONE:
                handlers = [a for a in self.told.case.assignments if a.purpose is Purpose.HANDLE and a.step is Step.DONE]
                same = [a for a in handlers if a.generation == one.generation]
                assert one.to not in {a.to for a in same}
                assert not set(one.actors) & {actor for a in same for actor in a.actors}

    @invariant()
    def an_open_case_has_an_owner_and_an_armed_timer(self) -> None:
        case = self.told.case
        if case.state in {CaseState.WORKING, CaseState.EXHAUSTED} and not case.paused:
            assert self.told.timers
            at_work = any(a.open for a in case.of_generation(Purpose.HANDLE))
            supervised = case.ruling_asked or "case.exhausted" in self.told.types()
            assert at_work or supervised

    @invariant()
    def case_clocks_never_restart_and_returns_stay_in_budget(self) -> None:
        case = self.told.case
        assert {r.key: r.start for r in case.clocks if r.assignment is None} == self.case_clock_starts
        assert case.playbook is not None
        assert case.returns <= case.playbook.returns

    @invariant()
    def completed_once_per_generation(self) -> None:
        generations = [h.data["generation"] for h in self.told.said if h.schema.type == "case.completed.v1"]
        assert len(generations) == len(set(generations))


AnyOrder.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
