"""Gaps between a source's events and the log: noted, given time, published once, and published as filled. The test moves the
time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chassis import failpoints
from chassis.persistence import machine_now
from contracts.events.ledger import GapFilled, GapFound
from services.ledger import store
from tests.component.ledger_alone import LedgerAlone, announced, closed


def missing(first: int, last: int) -> dict[str, Any]:
    """Return the published gaps."""
    return {"origin": "/tickets", "missing_from": first, "missing_to": last}


def states(ledger: LedgerAlone) -> list[tuple[int, int, str]]:
    """The holes that were seen."""
    c = store.gaps.c
    with ledger.store.transaction() as connection:
        rows = connection.execute(select(c.missing_from, c.missing_to, c.state).order_by(c.subject, c.missing_from))
        return [tuple(row) for row in rows]


def said(ledger: LedgerAlone) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Every hole that was found, and every one that was filled."""
    return ledger.said(GapFound), ledger.said(GapFilled)


def test_a_lost_tail_is_found_and_its_coming_after_all_is_said(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1, 2]), announced(1, T=5))
    ledger.let_pass(minutes=2)
    assert (states(ledger), said(ledger)) == ([(3, 5, "noted")], ([], []))
    ledger.let_pass(minutes=10)
    assert (states(ledger), said(ledger)) == ([(3, 5, "found")], ([missing(3, 5)], []))
    ledger.hear(*closed("T", [4]))
    ledger.let_pass(hours=2)
    assert said(ledger) == ([missing(3, 5)], []), "not yet whole"
    ledger.hear(*closed("T", [3, 5]))
    ledger.let_pass(minutes=2)
    assert (states(ledger), said(ledger)) == ([(3, 5, "filled")], ([missing(3, 5)], [missing(3, 5)]))
    ledger.hear(announced(2, T=5))
    ledger.let_pass(hours=2)
    assert said(ledger) == ([missing(3, 5)], [missing(3, 5)]), "each is said once"


def test_a_subject_of_which_nothing_arrived_is_missing_from_its_first_number(ledger: LedgerAlone) -> None:
    ledger.hear(announced(1, A=1, B=2))
    ledger.let_pass(hours=1)
    assert [ledger.said(GapFound, subject) for subject in "AB"] == [[missing(1, 1)], [missing(1, 2)]]


@pytest.mark.parametrize(
    ("there", "late"),
    [([1, 2, 3], []), ([1, 2, 3, 4], []), ([1], [2, 3]), ([], [1, 2, 3])],
    ids=["whole", "more", "overtaken", "all late"],
)
def test_what_is_there_in_time_is_no_gap(there: Collection[int], late: Collection[int], ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", there), announced(1, T=3))
    ledger.let_pass(minutes=3)
    if late:
        ledger.hear(*closed("T", late))
    ledger.let_pass(hours=3)
    assert said(ledger) == ([], [])
    assert {state for *_, state in states(ledger)} <= {"filled"}


def test_a_tail_that_grows_is_said_in_parts(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1]), announced(1, T=3))
    ledger.let_pass(minutes=20)
    ledger.hear(announced(2, T=5))
    ledger.let_pass(minutes=20)
    ledger.hear(*closed("T", [7]))
    ledger.let_pass(minutes=20)
    assert ledger.said(GapFound) == [missing(2, 3), missing(4, 5), missing(6, 6)]
    ledger.hear(*closed("T", [2, 3, 6]))
    ledger.let_pass(minutes=2)
    assert ledger.said(GapFilled) == [missing(2, 3), missing(6, 6)]


def test_a_hole_that_is_partly_filled_when_it_is_found_is_said_as_what_is_left(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1, 7]))
    ledger.let_pass(minutes=2)
    ledger.hear(*closed("T", [4]))
    ledger.let_pass(minutes=20)
    assert said(ledger) == ([missing(2, 3), missing(5, 6)], [])
    ledger.hear(*closed("T", [5, 6]))
    ledger.let_pass(minutes=2)
    assert said(ledger) == ([missing(2, 3), missing(5, 6)], [missing(5, 6)])


def test_a_lost_announcement_shows_by_the_number_of_the_next(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1]), announced(1, T=1), announced(3, T=1))
    ledger.let_pass(hours=1)
    assert ledger.said(GapFound, "tickets") == [missing(2, 2)]


def test_nothing_more_is_due_when_everything_is_said(ledger: LedgerAlone) -> None:
    ledger.hear(*closed("T", [1]), announced(1, T=4))
    ledger.let_pass(hours=3)
    with ledger.store.transaction() as connection:
        assert connection.execute(select(store.DEFINITION.tables.timers)).all() == []


def test_who_is_on_duty_is_called_for_a_gap_once_that_is_committed(
    ledger: LedgerAlone, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer's first transaction is rolled back at its last moment; the second commits."""

    def calls() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.getMessage().startswith("gap")]

    ledger.hear(announced(1, T=5))
    ledger.let_pass(minutes=2)
    failpoints.arm({"WHISTLE_FAILPOINTS": "timers.claimed=error"})
    ledger.ring(minutes=20)
    failpoints.arm({})
    assert (states(ledger), calls()) == ([(1, 5, "noted")], [])
    later = machine_now() + timedelta(days=1)
    monkeypatch.setattr("chassis.timers.machine_now", lambda: later)
    ledger.ring()
    assert (states(ledger), calls()) == ([(1, 5, "found")], ["gap found"])
