"""Which two events of one ticket ``whistle reconcile`` reports as one event that was written twice."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from cli import findings
from cli.books import Books, Said


def unattended(number: int, cause: str | None) -> Said:
    at = datetime(2026, 3, 2, 15, 10, tzinfo=UTC)
    return Said(
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
    found = findings.Findings()
    findings._happened_twice(cast("Books", SimpleNamespace(by_subject={"T": story})), found)
    assert len(found.doubled) == doubled
