"""Points over the real tables: who gets them, what takes them back, and that no row ever changes."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.unit_of_work import UnitOfWork
from contracts.codes import Closure, Outcome, Role
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.events.ledger import PointsCorrected, PointsHeld, PointsPosted, PointsVoided
from services.ledger import store
from services.ledger.domain.double_entry import Balance, balances
from services.ledger.projections.points import correct
from tests.component.ledger_alone import RULES, START, LedgerAlone, happened, whistle

MEDIATION = {"mediation": "M"}


def registered(responder: str, number: int = 1, **more: Any) -> Event:
    return happened(d.ResponderRegistered, responder, number, role=Role.MEDIATOR, areas=["shanqi"], **more)


def story(mediator: str = "wang", agreed: bool = True) -> list[Event]:
    """A ticket that was mediated and closed."""
    ended = (
        happened(d.MediationAgreed, "T", 2, **MEDIATION, sessions=3, perform_by=START + timedelta(days=30))
        if agreed
        else happened(d.MediationFailed, "T", 2, **MEDIATION, cause="failed")
    )
    outcome = Outcome.AGREED if agreed else Outcome.JOINT
    return [
        happened(d.MediationOpened, "T", 1, **MEDIATION, mediator=mediator, parties=["applicant"], steps=["说事"]),
        ended,
        happened(d.CaseCompleted, "T", 3, level="mediation", rung=2, outcome=outcome, generation=1, handled_by=[mediator]),
        happened(t.TicketClosed, "T", 1, closure=Closure.SATISFIED, generation=1),
    ]


def rows(ledger: LedgerAlone) -> list[tuple[Any, ...]]:
    with ledger.store.transaction() as connection:
        return [tuple(row) for row in connection.execute(select(store.postings).order_by(store.postings.c.time))]


def balance(ledger: LedgerAlone, account: str) -> Balance | None:
    with ledger.store.transaction() as connection:
        return balances(store.postings_of(connection)).get(account)


@pytest.mark.parametrize("agreed", [True, False], ids=["agreed", "failed"])
def test_a_volunteer_mediator_gets_points_and_whatever_order_is_heard_gets_the_same(agreed: bool, ledger: LedgerAlone) -> None:
    ends = set()
    for number, order in enumerate(permutations([registered("wang", volunteer=True), *story(agreed=agreed)])):
        if number % 10 == 0:  # a hundred and twenty orders take long
            with ledger.store.transaction() as connection:
                for table in (store.postings, store.accounts, store.stakes, store.entries, store.logs):
                    connection.execute(table.delete())
                for table in (ledger.store.tables.inbox, ledger.store.tables.outbox):
                    connection.execute(table.delete())
            for event in order:
                ledger.hear(event)
            ends.add(balance(ledger, "wang"))
    earned = RULES.acts["mediation"] if agreed else 0
    assert ends == {Balance(posted=RULES.opening + earned, held=0)}
    assert len(ledger.said(PointsHeld)) == 1
    assert (len(ledger.said(PointsPosted)), len(ledger.said(PointsVoided))) == ((2, 0) if agreed else (1, 1))


def test_who_is_paid_has_no_account(ledger: LedgerAlone) -> None:
    ledger.hear(registered("court", volunteer=False), registered("bureau"), *story("court"))
    assert rows(ledger) == []


def test_a_correction_is_a_new_entry_and_changes_no_other(ledger: LedgerAlone) -> None:
    ledger.hear(registered("wang", volunteer=True), *story())
    before = rows(ledger)
    _correct(ledger, "posted:M")
    after = rows(ledger)
    assert set(before) < set(after)
    assert len(after) == len(before) + 2
    assert balance(ledger, "wang") == Balance(posted=RULES.opening, held=0)
    (said,) = ledger.said(PointsCorrected, "wang")
    assert (said["entry"], said["corrects"], said["amount"]) == ("correction:posted:M", "posted:M", RULES.acts["mediation"])
    audit = ledger.store.tables.audit.c
    with ledger.store.transaction() as connection:
        audited = connection.execute(select(audit.who, audit.action)).all()
    assert [tuple(row) for row in audited] == [("an operator", "points.correct")]
    for again in ("posted:M", "hold:M", "correction:posted:M", "no such"):
        with pytest.raises(Refused):
            _correct(ledger, again)
    assert rows(ledger) == after


def test_an_operator_takes_a_posting_back(ledger: LedgerAlone, ledger_url: str) -> None:
    ledger.hear(registered("wang", volunteer=True), *story())
    done = whistle(ledger_url, "correct", "posted:M", "--cause", "by_mistake")
    assert (done.exit_code, done.output) == (0, "correction:posted:M: 2 points of wang taken back\n")
    again = whistle(ledger_url, "correct", "posted:M", "--cause", "by_mistake")
    assert (again.exit_code, again.output) == (1, "Error: entry: it was taken back before\n")


def _correct(ledger: LedgerAlone, entry: str) -> None:
    with ledger.store.transaction() as connection:
        unit = UnitOfWork(ledger.store, connection, "/ledger")
        correct(entry, "by_mistake", "an operator", HandlerContext(unit, ledger.clock.now(), entry))
        unit.flush()
