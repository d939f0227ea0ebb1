"""Double entry, whatever happens in whatever order: debits equal credits, and no closed ticket holds anybody's points."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.codes import Outcome
from services.ledger.domain.points import ISSUED, Account, Row, Side, Stake, State, Transfer, balances

OPENING, REWARD = 10, 2
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
MEMBERS = st.sampled_from(["wang", "li"])
TICKETS = st.sampled_from(["T1", "T2", "T3"])


class Books(RuleBasedStateMachine):
    """Facts about three tickets and two mediators, each of which may be said again."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Account] = {}
        self.stakes: dict[str, Stake] = {}
        self.rows: list[Row] = []
        self.agreed: set[str] = set()
        self.now = NOW

    def book(self, transfers: tuple[Transfer, ...]) -> None:
        self.now += timedelta(minutes=1)
        for transfer in transfers:
            assert transfer.id not in {row.transfer for row in self.rows}, "booked twice"
            self.rows += transfer.rows()

    def stake(self, ticket: str) -> Stake:
        return self.stakes.setdefault(ticket, Stake(ticket))

    @rule(member=MEMBERS)
    def register(self, member: str) -> None:
        self.book(self.accounts.setdefault(member, Account(member)).open(OPENING))

    @rule(ticket=TICKETS, member=MEMBERS)
    def open_mediation(self, ticket: str, member: str) -> None:
        self.book(self.stake(ticket).opened_mediation(f"{ticket}-m", member, REWARD, NOW))

    @rule(ticket=TICKETS)
    def agree(self, ticket: str) -> None:
        self.book(self.stake(ticket).agreed_mediation(f"{ticket}-m"))

    @rule(ticket=TICKETS)
    def fail(self, ticket: str) -> None:
        self.book(self.stake(ticket).failed_mediation(f"{ticket}-m"))

    @rule(ticket=TICKETS)
    def withdraw(self, ticket: str) -> None:
        self.book(self.stake(ticket).withdrawn_case())

    @rule(ticket=TICKETS, outcome=st.sampled_from(list(Outcome)))
    def complete(self, ticket: str, outcome: Outcome) -> None:
        self.book(self.stake(ticket).completed_case(1, outcome))

    @rule(ticket=TICKETS)
    def close(self, ticket: str) -> None:
        self.book(self.stake(ticket).closed_ticket(1, self.now))

    @invariant()
    def debits_equal_credits(self) -> None:
        for state in State:
            sides = {side: sum(r.amount for r in self.rows if r.side is side and r.state is state) for side in Side}
            assert sides[Side.DEBIT] == sides[Side.CREDIT]
        total = balances(self.rows).values()
        assert sum(one.posted for one in total) == sum(one.held for one in total) == 0

    @invariant()
    def a_balance_is_the_opening_and_what_was_posted(self) -> None:
        for member, balance in balances(self.rows).items():
            if member != ISSUED:
                opened = OPENING if member in self.accounts else 0
                settled = [r for r in self.rows if r.account == member and r.settles and r.state is State.POSTED]
                assert balance.posted == opened + sum(row.amount for row in settled)
                assert balance.held >= 0

    @invariant()
    def nothing_is_held_for_a_ticket_that_closed_and_whose_end_is_known(self) -> None:
        for ticket, stake in self.stakes.items():
            known = f"{ticket}-m" in stake.agreed or (stake.ended and "agreed" not in stake.ended.values())
            if stake.closed and known:
                assert all(hold.settled for hold in stake.holds.values())

    @invariant()
    def a_hold_is_settled_once(self) -> None:
        settled = [(row.settles, row.side) for row in self.rows if row.settles]
        assert len(settled) == len(set(settled))


Books.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestBooks = Books.TestCase


AGREED = ["open", "agree", "complete_agreed", "close"]
FAILED = ["open", "fail", "complete_joint", "close"]
PASSED_OVER = ["open", "complete_handled", "close"]


def _happen(stake: Stake, fact: str) -> tuple[Transfer, ...]:
    acts: dict[str, Any] = {
        "open": lambda: stake.opened_mediation("m", "wang", REWARD, NOW),
        "agree": lambda: stake.agreed_mediation("m"),
        "fail": lambda: stake.failed_mediation("m"),
        "close": lambda: stake.closed_ticket(1, NOW + timedelta(days=3)),
    }
    made: tuple[Transfer, ...] = (
        acts[fact]() if fact in acts else stake.completed_case(1, Outcome(fact.removeprefix("complete_")))
    )
    return made


@pytest.mark.parametrize(("story", "end"), [(AGREED, State.POSTED), (FAILED, State.VOIDED), (PASSED_OVER, State.VOIDED)])
def test_whatever_order_the_facts_come_in_the_end_is_the_same(story: list[str], end: State) -> None:
    for order in permutations(story):
        stake = Stake("T")
        made = [transfer for fact in order for transfer in _happen(stake, fact)]
        assert [transfer.state for transfer in made] == [State.HELD, end], order
        assert balances(row for transfer in made for row in transfer.rows())["wang"].held == 0


def test_a_mediation_after_a_reopening_is_not_settled_by_the_closure_before() -> None:
    stake = Stake("T")
    stake.completed_case(1, Outcome.HANDLED)
    stake.closed_ticket(1, NOW)
    (held,) = stake.opened_mediation("m2", "wang", REWARD, NOW + timedelta(days=1))
    assert held.state is State.HELD
    stake.agreed_mediation("m2")
    (posted,) = stake.closed_ticket(2, NOW + timedelta(days=2))
    assert (posted.state, posted.settles) == (State.POSTED, "hold:m2")
