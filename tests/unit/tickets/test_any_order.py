"""A machine that tries every fact and every command, in any order and of any generation."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chassis.effects import ArmTimer, CancelTimer, Effects
from contracts.codes import RejectReason, Urgency
from services.tickets.domain import duplicates, mergers, operator_commands, resident_commands
from services.tickets.domain.allowed_commands import ALLOWED, FINAL, OPEN_STATES, Command, NotNow, State
from services.tickets.domain.ticket import REVIEW, REVISIT, WATCHDOG, SelfVerification
from tests.unit.tickets.tickets import RULES, T0, ticket

generations = st.integers(1, 5)
units = st.sampled_from(["a", "b"])


class AnyOrder(RuleBasedStateMachine):
    """Time goes on between the steps; a timer may ring at any time after it is due, armed still or locked when disarmed."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = T0
        self.ticket = ticket()
        self.survivor = ticket(id="T2")
        self.closed: Counter[int] = Counter()
        self.handled: dict[int, list[str]] = {}
        self.armed: dict[str, ArmTimer] = {}
        self.last = (State.OPEN, 1, Urgency.E2)
        self.events = 0

    @initialize()
    def opened(self) -> None:
        self.note(self.ticket.open(RULES))

    def note(self, outcome: Effects) -> None:
        for effect in outcome:
            if isinstance(effect, ArmTimer):
                self.armed[effect.name] = effect
            elif isinstance(effect, CancelTimer):
                self.armed.pop(effect.name, None)
        for happened in outcome.events:
            self.events += 1
            kind, data = happened.payload.type.removesuffix(".v1"), happened.payload.by_name()
            happened.payload.to_wire()
            if kind == "ticket.closed":
                self.closed[data["generation"]] += 1
            elif kind == "ticket.handled":
                self.handled[data["generation"]] = data["handled_by"]
            elif kind == "ticket.verified":
                assert data["verified_by"] not in self.handled[data["generation"]]

    def command(self, command: Command, effect: Callable[[], Effects], *refusals: type[Exception]) -> None:
        """The table says whether it is allowed; a refused command changes nothing."""
        before, allowed = vars(self.ticket).copy(), self.ticket.state in ALLOWED[command]
        try:
            self.note(effect())
            assert allowed
        except NotNow:
            assert not allowed
            assert vars(self.ticket) == before
        except refusals:
            assert allowed
            assert vars(self.ticket) == before

    # --- facts

    @rule(hours=st.sampled_from([1, 24, 24 * 8, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def started(self) -> None:
        self.note(self.ticket.case_started("property"))

    @rule(generation=generations)
    def assigned(self, generation: int) -> None:
        self.note(self.ticket.work_assigned(generation, "property"))

    @rule(generation=generations, by=units)
    def completed(self, generation: int, by: str) -> None:
        self.note(self.ticket.case_completed(generation, [by]))

    @rule(generation=generations)
    def verifier_named(self, generation: int) -> None:
        self.note(self.ticket.verification_assigned(generation))

    @rule(generation=generations, by=units, passed=st.booleans())
    def verified(self, generation: int, by: str, passed: bool) -> None:
        try:
            self.note(self.ticket.verification_done(generation, by, passed, RULES, self.now))
        except SelfVerification:
            assert by in self.ticket.handled_by

    @rule(name=st.sampled_from([WATCHDOG, REVISIT, REVIEW]), generation=generations, armed=st.booleans())
    def rings(self, name: str, generation: int, armed: bool) -> None:
        """What is armed rings when it is due; what was disarmed while it rang may ring all the same, of any generation."""
        if armed and name in self.armed:
            timer = self.armed.pop(name)
            self.now, generation = max(self.now, timer.due), timer.generation
        if name == WATCHDOG:
            self.note(self.ticket.unattended(generation, RULES, self.now))
        elif name == REVISIT:
            self.note(self.ticket.revisit_lapsed(generation, self.now))
        else:
            self.note(operator_commands.review(self.ticket, RULES, self.now))

    @rule(again=st.sampled_from(["T8", "T9"]))
    def doubted(self, again: str) -> None:
        twice = again in self.ticket.doubted_by
        said = duplicates.doubt_closure(self.ticket, again)
        assert bool(said) == (self.ticket.state is State.CLOSED and not twice)

    # --- commands

    @rule()
    def rejected(self) -> None:
        self.command(Command.REJECT, lambda: operator_commands.reject(self.ticket, RejectReason.NOT_OURS))

    @rule()
    def merged(self) -> None:
        self.command(Command.MERGE, lambda: mergers.merge(self.ticket, self.survivor))

    @rule(hours=st.sampled_from([-1, 0, 48]))
    def parked(self, hours: int) -> None:
        review_at = self.now + timedelta(hours=hours)
        self.command(
            Command.PARK, lambda: operator_commands.park(self.ticket, "awaits", review_at, self.now), operator_commands.NotLater
        )

    @rule()
    def resumed(self) -> None:
        self.command(Command.RESUME, lambda: operator_commands.resume(self.ticket, RULES, self.now))

    @rule(urgency=st.sampled_from(Urgency))
    def raised(self, urgency: Urgency) -> None:
        self.command(
            Command.RAISE_URGENCY, lambda: operator_commands.raise_urgency(self.ticket, urgency), operator_commands.NotRaised
        )

    @rule(resolved=st.booleans(), satisfied=st.booleans())
    def rated(self, resolved: bool, satisfied: bool) -> None:
        self.command(Command.RATE, lambda: resident_commands.rate(self.ticket, resolved, satisfied, self.now))

    @rule()
    def reopened(self) -> None:
        self.command(Command.REOPEN, lambda: resident_commands.reopen(self.ticket, RULES, self.now), resident_commands.TooLate)

    @rule()
    def cancelled(self) -> None:
        self.command(Command.CANCEL, lambda: resident_commands.cancel(self.ticket))

    # --- what always holds

    @invariant()
    def closed_once_in_a_generation_and_with_a_reason(self) -> None:
        assert all(times == 1 for times in self.closed.values())
        assert (self.closed[self.ticket.generation] == 1) == (self.ticket.state is State.CLOSED)
        assert (self.ticket.closure is not None) == (self.ticket.closed_at is not None) == (self.ticket.state is State.CLOSED)

    @invariant()
    def the_steps_are_those_of_the_domain_page(self) -> None:
        state, generation, urgency = self.last
        now = self.ticket.state
        if state in FINAL:
            assert now is state
        if state is State.PARKED:
            # a case that is completed while parked is resumed and handled in one step
            assert now in {State.PARKED, State.HANDLING, State.HANDLED, State.CANCELLED}
        if state is State.CLOSED:
            assert now in {State.CLOSED, State.REOPENED}
        assert self.ticket.generation in {generation, generation + 1}
        assert self.ticket.urgency.value <= urgency.value
        self.last = (now, self.ticket.generation, self.ticket.urgency)

    @invariant()
    def what_is_known_fits_the_state(self) -> None:
        one = self.ticket
        parked = one.state is State.PARKED
        assert parked == (one.review_at is not None) == (one.parked_for is not None) == (one.parked_from is not None)
        assert (one.state is State.MERGED) == (one.merged_into is not None) == ("T1" in self.survivor.followers)
        assert (one.state is State.REJECTED) == (one.rejected_for is not None)

    @invariant()
    def whoever_waits_is_woken(self) -> None:
        """Where a ticket waits for what may never come, a timer is armed; where it is over, none is."""
        one = self.ticket
        assert (REVIEW in self.armed) == (one.state is State.PARKED)
        assert (REVISIT in self.armed) == (one.state is State.REVISITING)
        if one.state not in OPEN_STATES:
            assert not self.armed
        elif one.state in {State.OPEN, State.REOPENED} and self.events:
            assert WATCHDOG in self.armed


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
