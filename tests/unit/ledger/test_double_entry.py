"""Double entry, whatever happens in whatever order: debits equal credits, and no closed ticket holds anybody's points."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.effects import Refused
from contracts.codes import Outcome
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.ledger.domain.double_entry import ISSUED, OPENING, Posting, Side, State, Transfer, balances, correcting_transfer
from services.ledger.domain.members import Account
from services.ledger.domain.points import PointsHolds
from tests.kit.payloads import some

STARTS_WITH, REWARD = 10, 2
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
MEMBERS = st.sampled_from(["wang", "li"])
TICKETS = st.sampled_from(["T1", "T2", "T3"])


def event(schema: type[EventPayload], at: datetime = NOW, **data: Any) -> Event:
    return Event(some(schema, **data), f"/{schema.producer}", subject="T", id="e", time=at, sequence=1)


class Books(RuleBasedStateMachine):
    """Facts about three tickets and two mediators, each of which may be said again; and an operator who takes back."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Account] = {}
        self.stakes: dict[str, PointsHolds] = {}
        self.rows: list[Posting] = []
        self.before: list[Posting] = []
        self.now, self.number = NOW, 0

    def record(self, transfers: tuple[Transfer, ...]) -> None:
        self.now += timedelta(minutes=1)
        for transfer in transfers:
            assert transfer.id not in {row.transfer for row in self.rows}, "booked twice"
            self.rows += transfer.rows()

    def stake(self, ticket: str) -> PointsHolds:
        return self.stakes.setdefault(ticket, PointsHolds(ticket))

    @rule(member=MEMBERS, volunteer=st.booleans())
    def register(self, member: str, volunteer: bool) -> None:
        self.number += 1
        self.record(self.accounts.setdefault(member, Account(member)).register(self.number, volunteer, self.now, STARTS_WITH))

    @rule(ticket=TICKETS, member=MEMBERS)
    def open_mediation(self, ticket: str, member: str) -> None:
        self.record(self.stake(ticket).hold(f"{ticket}-m", member, REWARD, NOW))

    @rule(ticket=TICKETS, schema=st.sampled_from([d.MediationAgreed, d.MediationFailed]))
    def end_mediation(self, ticket: str, schema: type[EventPayload]) -> None:
        self.record(self.stake(ticket).take(event(schema, mediation=f"{ticket}-m")))

    @rule(ticket=TICKETS)
    def withdraw(self, ticket: str) -> None:
        self.record(self.stake(ticket).take(event(d.CaseWithdrawn)))

    @rule(ticket=TICKETS, outcome=st.sampled_from(list(Outcome)))
    def complete(self, ticket: str, outcome: Outcome) -> None:
        self.record(self.stake(ticket).take(event(d.CaseCompleted, generation=1, outcome=outcome)))

    @rule(ticket=TICKETS)
    def close(self, ticket: str) -> None:
        self.record(self.stake(ticket).take(event(t.TicketClosed, self.now, generation=1)))

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        if not self.rows:
            return
        transfer = data.draw(st.sampled_from(sorted({row.transfer for row in self.rows})))
        if f"correction:{transfer}" in {row.transfer for row in self.rows}:
            return
        rows = [row for row in self.rows if row.transfer == transfer]
        if rows[0].state is State.POSTED and not transfer.startswith("correction:"):
            self.record((correcting_transfer(rows, "by_mistake"),))
        else:
            with pytest.raises(Refused):
                correcting_transfer(rows, "by_mistake")

    @invariant()
    def debits_equal_credits(self) -> None:
        for state in State:
            sides = {side: sum(r.amount for r in self.rows if r.side is side and r.state is state) for side in Side}
            assert sides[Side.DEBIT] == sides[Side.CREDIT]
        total = balances(self.rows).values()
        assert sum(one.posted for one in total) == sum(one.held for one in total) == 0

    @invariant()
    def no_entry_changes(self) -> None:
        assert self.rows[: len(self.before)] == self.before
        self.before = list(self.rows)

    @invariant()
    def a_balance_is_the_opening_and_what_was_posted_and_not_taken_back(self) -> None:
        for member, balance in balances(self.rows).items():
            if member != ISSUED:
                mine = [row for row in self.rows if row.account == member and row.state is State.POSTED]
                given = sum(row.amount for row in mine if row.side is Side.CREDIT)
                taken = sum(row.amount for row in mine if row.side is Side.DEBIT)
                assert balance.posted == given - taken >= 0
                assert balance.held >= 0

    @invariant()
    def the_opening_is_one_posting(self) -> None:
        for member, account in self.accounts.items():
            openings = [row for row in self.rows if row.account == member and row.cause == OPENING]
            assert [row.amount for row in openings] == [STARTS_WITH] * account.opened
            assert account.opened == any(one.volunteer for one in account.registrations.values())

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


LATER = NOW + timedelta(days=3)
AGREED = {
    "open": None,
    "agree": event(d.MediationAgreed, mediation="m"),
    "end": event(d.CaseCompleted, generation=1, outcome=Outcome.AGREED),
    "close": event(t.TicketClosed, LATER, generation=1),
}
FAILED = AGREED | {
    "agree": event(d.MediationFailed, mediation="m"),
    "end": event(d.CaseCompleted, generation=1, outcome=Outcome.JOINT),
}
PASSED_OVER = {key: fact for key, fact in AGREED.items() if key != "agree"} | {
    "end": event(d.CaseCompleted, generation=1, outcome=Outcome.HANDLED)
}
WITHDRAWN = {"open": None, "withdraw": event(d.CaseWithdrawn)}
STORIES = [(AGREED, State.POSTED), (FAILED, State.VOIDED), (PASSED_OVER, State.VOIDED), (WITHDRAWN, State.VOIDED)]


@pytest.mark.parametrize(("story", "end"), STORIES, ids=["agreed", "failed", "passed over", "withdrawn"])
def test_whatever_order_the_facts_come_in_the_end_is_the_same(story: dict[str, Event | None], end: State) -> None:
    for order in permutations(story.values()):
        stake = PointsHolds("T")
        made = [transfer for fact in order for transfer in (stake.take(fact) if fact else stake.hold("m", "wang", REWARD, NOW))]
        assert [transfer.state for transfer in made] == [State.HELD, end], order
        assert balances(row for transfer in made for row in transfer.rows())["wang"].held == 0


def test_a_mediation_after_a_reopening_is_not_settled_by_the_closure_before() -> None:
    stake = PointsHolds("T")
    stake.take(event(d.CaseCompleted, generation=1, outcome=Outcome.HANDLED))
    stake.take(event(t.TicketClosed, NOW, generation=1))
    (held,) = stake.hold("m2", "wang", REWARD, NOW + timedelta(days=1))
    assert held.state is State.HELD
    stake.take(event(d.MediationAgreed, mediation="m2"))
    (posted,) = stake.take(event(t.TicketClosed, NOW + timedelta(days=2), generation=2))
    assert (posted.state, posted.settles) == (State.POSTED, "hold:m2")


@pytest.mark.parametrize(
    ("registrations", "member"),
    [
        ([], None),
        ([(1, True, -1)], True),
        ([(1, False, -1)], False),
        ([(1, True, +1)], None),
        ([(1, True, -2), (2, False, -1)], False),
        ([(2, False, +1), (1, True, -1)], True),
        ([(2, True, -1), (1, False, -2)], True),
    ],
    ids=["unknown", "volunteer", "paid", "later", "no longer", "left later", "out of order"],
)
def test_who_was_a_member_when_the_mediation_was_opened(
    registrations: list[tuple[int, bool, int]], member: bool | None
) -> None:
    account = Account("wang")
    for number, volunteer, days in registrations:
        account.register(number, volunteer, NOW + timedelta(days=days), STARTS_WITH)
    assert account.member_at(NOW) is member


def test_an_act_waits_until_its_registration_is_heard_and_is_answered_once() -> None:
    account = Account("wang")
    account.wait("T1", "m1", NOW)
    account.wait("T2", "m2", NOW - timedelta(days=9))
    account.register(1, True, NOW - timedelta(days=1), STARTS_WITH)
    assert [act.mediation for act in account.resolve_pending()] == ["m1"]
    assert account.resolve_pending() == []
    assert [act.mediation for act in account.waiting] == ["m2"], "of that time nothing is known yet"
