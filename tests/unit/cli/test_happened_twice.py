"""Two events of one ticket that ``whistle reconcile`` reports as one event written twice."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from cli.reconcile import checks
from cli.reconcile.snapshot import OutboxRow, StoreSnapshot


def unattended(number: int, cause: str | None) -> OutboxRow:
    at = datetime(2026, 3, 2, 15, 10, tzinfo=UTC)
    return OutboxRow(
        "tickets",
        "/tickets",
        f"e{number}",
        "ticket.unattended.v1",
        "T",
        number,
        "published",
        cause,
        {"waited_seconds": 300},
        at,
    )


@pytest.mark.parametrize(
    ("second", "doubled"),
    [
        pytest.param("desk/unmerge", 0, id="the ticket was merged and unmerged: it waits anew, for as long"),
        pytest.param("gateway/whistle", 1, id="one wait is reported twice"),
    ],
)
def test_two_unattended_events_of_as_long_a_wait_are_told_apart_by_their_cause(second: str, doubled: int) -> None:
    story = [unattended(3, "gateway/whistle"), unattended(6, second)]
    found = checks.Findings()
    checks._happened_twice(cast("StoreSnapshot", SimpleNamespace(by_subject={"T": story})), found)
    assert len(found.doubled) == doubled
