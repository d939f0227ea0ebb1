"""The cost of a batch: as many statements for a hundred events as for ten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chassis.unit_of_work import UnitOfWork
from contracts import codes
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from tests.component.counting import Counter, Counting, in_threads, new_store, on_postgres, report
from tests.component.ledger_alone import START, LedgerAlone, happened
from tests.component.statements import counted


@on_postgres  # within the process a statement is no round trip
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_a_batch_of_a_hundred_takes_as_many_statements_as_one_of_ten(known: bool, counting: Counting) -> None:
    inbox = counting.inbox()
    inbox.prefetch = {Counter: lambda event: (event.subject,)}
    if known:
        inbox.take([report(f"s{number}", f"before-{number}") for number in range(110)])
    sizes = []
    for first, last in ((0, 10), (10, 110)):
        batch = [report(f"s{number}", str(number)) for number in range(first, last)]
        with counted(counting.store) as sent:
            inbox.take(batch)
        sizes.append(len(sent))
    assert sizes[0] == sizes[1] <= 8
    assert set(counting.counts.values()) == {2 if known else 1}
    assert len(counting.counts) == 110


def test_what_is_not_there_is_asked_for_once(counting: Counting) -> None:
    with counting.store.transaction() as connection, counted(counting.store) as sent:
        unit = UnitOfWork(counting.store, connection, "/counting")
        unit.lock(Counter, ["a", "b"])
        assert unit.find(Counter, "a") is unit.find(Counter, "b") is None
        unit.add(Counter("a", 7))
        assert unit.find(Counter, "a") == Counter("a", 7)
        unit.flush()
    assert len(sent) == 2, "one look, one insert"
    assert counting.counts == {"a": 7}


def test_batches_that_overlap_do_not_deadlock(counting: Counting, counting_url: str) -> None:
    names = [f"s{number}" for number in range(30)]
    counting.inbox().take([report(name, name) for name in names])
    ones = [Counting(new_store(counting_url)) for _ in range(2)]

    def take(one: Counting, subjects: list[str]) -> None:
        inbox = one.inbox()
        inbox.prefetch = {Counter: lambda event: (event.subject,)}
        for turn in range(10):
            inbox.take([report(name, f"{name}-{turn}-{subjects[0]}") for name in subjects])

    in_threads(lambda: take(ones[0], names), lambda: take(ones[1], names[::-1]))
    for one in ones:
        assert one.watch.batches == [30] * 10, "no batch had to be taken one by one"
        one.store.close()
    assert set(counting.counts.values()) == {21}


def _opened(number: int) -> Event:
    return happened(
        t.TicketOpened,
        f"T{number}",
        1,
        category="noise",
        area="shanqi-1",
        urgency=codes.Urgency.E2,
        dispute=True,
        channel=codes.Channel.HOTLINE,
        opened_at=START,
        private_digest="d",
    )


def _mediated(number: int) -> Event:
    data = {"mediation": f"M{number}", "mediator": "wang", "parties": ["applicant"], "steps": ["说事"]}
    return happened(d.MediationOpened, f"T{number}", 1, **data)


def _agreed(number: int) -> Event:
    return happened(d.MediationAgreed, f"T{number}", 2, mediation=f"M{number}", sessions=1, perform_by=START + timedelta(1))


def _registered(number: int) -> Event:
    return happened(d.ResponderRegistered, f"R{number}", 1, role=codes.Role.MEDIATOR, areas=["shanqi"])


KINDS: dict[str, Callable[[int], Event]] = {
    "opened": _opened,
    "mediation opened": _mediated,
    "mediation agreed": _agreed,
    "responder registered": _registered,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_ledger_records_a_hundred_with_as_many_statements_as_ten(kind: str, ledger: LedgerAlone) -> None:
    ledger.hear(*map(_opened, range(200, 210)), *map(_mediated, range(200, 210)), *map(_registered, range(200, 210)))
    sizes = []
    for first, last in ((0, 10), (10, 110)):
        with counted(ledger.store) as sent:
            ledger.hear(*map(KINDS[kind], range(first, last)))
        sizes.append(len(sent))
    assert sizes[0] == sizes[1] <= 16
