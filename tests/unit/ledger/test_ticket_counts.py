"""How many tickets stand where: each is counted once, and what was never opened not at all."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ledger.domain.ticket_counts import count_tickets
from services.ledger.domain.ticket_record import TicketRecord

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("facts", "counted"),
    [
        ({}, {"opened", "open"}),
        ({"handle_due": AFTER}, {"opened", "open"}),
        ({"handle_due": BEFORE}, {"opened", "open", "overdue"}),
        ({"handle_due": NOW}, {"opened", "open", "overdue"}),
        ({"handle_due": BEFORE, "closed_at": NOW}, {"opened", "closed"}),
        ({"handle_due": BEFORE, "out": "rejected"}, {"opened", "rejected"}),
        ({"out": "merged"}, {"opened", "merged"}),
        ({"out": "cancelled", "closed_at": NOW}, {"opened", "cancelled"}),
        ({"opened_at": None, "handle_due": BEFORE}, set()),
    ],
)
def test_a_ticket_is_counted_where_it_stands(facts: dict[str, Any], counted: set[str]) -> None:
    found = asdict(count_tickets([TicketRecord("T", **{"opened_at": BEFORE, **facts})], NOW))
    assert {name for name, number in found.items() if number} == counted
    assert found["opened"] == sum(found[name] for name in ("open", "closed", "rejected", "merged", "cancelled"))
