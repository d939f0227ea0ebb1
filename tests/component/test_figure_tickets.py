"""The tickets behind a figure, page by page: each once, whatever the size of a page, found by an index."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import insert

from chassis.persistence import Store
from services.ledger import figure_tickets, store
from services.ledger.domain.kpi_formulas import BY_NAME
from services.ledger.domain.ticket_record import Call, TicketRecord
from tests.component.ledger_alone import RULES, START
from tests.component.plans import reads
from tests.component.test_many_rows import FEW, new_database, store_of

__all__ = ["new_database"]

NewDatabase = Callable[[], AbstractContextManager[str]]
NOW = START + timedelta(days=40)


def filled(made: Store) -> None:
    """Put 23 tickets into the book: every third is closed, every fifth was rejected, every seventh is elsewhere."""
    rows = []
    for number in range(23):
        record = TicketRecord(
            f"T{number:02}",
            category="noise" if number % 2 else "leak",
            area="shanqi-2" if number % 7 == 0 else "shanqi-1",
            urgency="E2",
            level="property",
            opened_at=START + timedelta(days=number),
            handle_due=START + timedelta(days=number + 5),
            closed_at=START + timedelta(days=number + 3) if number % 3 == 0 else None,
            out="rejected" if number % 5 == 0 else None,
            calls={"a": Call(unit="p" if number % 2 else "q")},
        )
        mapper = store.TICKET_RECORDS
        rows.append({"id": record.id, "document": mapper.document(record), **mapper.columns(record)})
    with made.transaction() as connection:
        connection.execute(insert(store.ticket_book), rows)


def pages(made: Store, kpi: str, limit: int, **search: Any) -> list[list[str]]:
    """Return the ids of each page."""
    found, after = [], None
    while True:
        with made.reading() as connection:
            page = figure_tickets.tickets_after(
                connection, BY_NAME[kpi], {**search, "limit": limit, "after": after}, RULES.zone, NOW
            )
        found.append([ticket.id for ticket in page.tickets])
        if page.next is None:
            return found
        assert after is None or page.next > after
        after = page.next


def test_every_ticket_of_a_figure_is_on_one_page(new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_tickets, "BATCH", 3)
    counted = [f"T{number:02}" for number in range(23) if number % 5]
    with store_of(new_database, "ledger") as made:
        filled(made)
        for limit in (1, 2, 3, 4, 17, 18, 19, 200):
            found = pages(made, "completion", limit)
            assert list(chain.from_iterable(found)) == counted, limit
            assert all(len(page) == limit for page in found[:-1])
        for search, kept in (
            ({"side": figure_tickets.Side.HIT}, lambda number: number % 3 == 0),
            ({"side": figure_tickets.Side.MISS}, lambda number: number % 3),
            ({"side": figure_tickets.Side.APART}, lambda _: False),
            ({"category": "leak"}, lambda number: number % 2 == 0),
            ({"area": "shanqi-2", "month": "2026-03"}, lambda number: number % 7 == 0),
            ({"unit": "p"}, lambda number: number % 2),
            ({"level": "mediation"}, lambda _: False),
        ):
            want = [id_ for id_ in counted if kept(int(id_[1:]))]
            assert list(chain.from_iterable(pages(made, "completion", 2, **search))) == want, search


def test_a_page_ends_after_so_many_rows_even_where_nothing_fits(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure_tickets, "BATCH", 2)
    monkeypatch.setattr(figure_tickets, "MAX_READ", 4)
    with store_of(new_database, "ledger") as made:
        filled(made)
        found = pages(made, "mediation", 10)
        assert len(found) == 6
        assert list(chain.from_iterable(found)) == []


def test_the_next_page_is_found_by_an_index(new_database: NewDatabase) -> None:
    with store_of(new_database, "ledger") as made:
        filled(made)
        with reads(made) as seen:
            pages(made, "completion", 2)
            pages(made, "completion", 2, area="shanqi-1", category="noise")
        assert {table for table, _ in seen.from_end_to_end()} <= FEW
