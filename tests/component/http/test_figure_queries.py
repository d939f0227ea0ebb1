"""What a street office asks the ledger: the tickets behind a figure, and how many tickets stand where."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.component.http.client import ask, key, whistle
from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import Reply
from tests.kit.processes import wait_until


def get(stack: Deployment, path: str, account: str | None = "desk", **search: Any) -> Reply:
    """One query of the ledger."""
    return ask(stack, "ledger", "GET", f"{path}?{urlencode(search)}" if search else path, account)


def every(stack: Deployment, kpi: str, limit: int, **search: Any) -> list[dict[str, Any]]:
    """All tickets behind a figure, page by page."""
    found, after = [], {}
    while True:
        page = get(stack, f"/kpis/{kpi}/tickets", limit=limit, **search, **after).body
        found += page["tickets"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def recorded(stack: Deployment, **changes: Any) -> str:
    """A ticket that the ledger knows, with its urgency and area."""
    ticket: str = whistle(stack, key(), **changes).body["ticket"]
    wait_until(lambda: ticket in {one["id"] for one in every(stack, "department_calls", 200)}, "the record")
    return ticket


def test_tickets_behind_a_figure_are_those_of_the_figure(stack: Deployment) -> None:
    mine = recorded(stack, estate="heping", area="shanqi-2", category="parking")
    recorded(stack)
    figure = get(stack, "/kpis/department_calls").body
    assert [one["id"] for one in every(stack, "department_calls", 1)] == figure["tickets"]
    (found,) = [one for one in every(stack, "department_calls", 200, area="shanqi-2") if one["id"] == mine]
    assert (found["category"], found["estate"], found["urgency"]) == ("parking", "heping", "E2")
    assert (found["numerator"], found["denominator"], found["apart"], found["closed_at"]) == (0, 1, [], None)
    assert mine not in [one["id"] for one in every(stack, "department_calls", 200, side="hit")]
    assert mine in [one["id"] for one in every(stack, "department_calls", 200, side="miss")]


def test_a_figure_without_ids_has_the_same_counts(stack: Deployment) -> None:
    recorded(stack)
    full = get(stack, "/kpis/resolution", by="category").body
    short = get(stack, "/kpis/resolution", by="category", ids="false").body
    assert short["tickets"] == short["hits"] == []
    assert [one["part"] for one in short["groups"]] == [one["part"] for one in full["groups"]]
    for long, brief in zip([full, *full["groups"]], [short, *short["groups"]], strict=True):
        assert (long["numerator"], long["denominator"], long["apart"]) == (
            brief["numerator"],
            brief["denominator"],
            brief["apart"],
        )
    assert short["formula_zh"] == "答复“已解决”的次数 / 答复次数；未答复另列"


def test_counts_of_the_parts_add_up_to_the_total(stack: Deployment) -> None:
    recorded(stack, category="parking")
    before = get(stack, "/counts", by="category").body
    recorded(stack, category="parking")
    after = get(stack, "/counts", by="category").body
    for name, total in after["total"].items():
        assert sum(group[name] for group in after["groups"]) == total, name
    assert after["total"]["opened"] == before["total"]["opened"] + 1
    assert get(stack, "/counts", category="parking").body["total"]["opened"] == part(after, "parking")
    assert get(stack, "/counts", month="1999-01").body["total"]["opened"] == 0


def part(counts: dict[str, Any], name: str) -> int:
    """The tickets of one part that were opened."""
    return next(int(group["opened"]) for group in counts["groups"] if group["part"] == name)


@pytest.mark.parametrize(
    ("path", "search", "account", "status"),
    [
        ("/kpis/response/tickets", {}, None, 401),
        ("/kpis/response/tickets", {}, "responders", 403),
        ("/kpis/beauty/tickets", {}, "desk", 404),
        ("/kpis/response/tickets", {"side": "left"}, "desk", 422),
        ("/kpis/response/tickets", {"limit": "0"}, "desk", 422),
        ("/kpis/response/tickets", {"after": "a b"}, "desk", 422),
        ("/kpis/response/tickets", {"by": "area"}, "desk", 422),
        ("/kpis/response", {"ids": "no"}, "desk", 422),
        ("/counts", {}, None, 401),
        ("/counts", {}, "responders", 403),
        ("/counts", {"by": "colour"}, "desk", 422),
        ("/counts", {"month": "March"}, "desk", 422),
    ],
)
def test_what_is_refused(stack: Deployment, path: str, search: dict[str, str], account: str | None, status: int) -> None:
    reply = get(stack, path, account, **search)
    assert reply.status == status
    if status == 422:
        assert [error["field"] for error in reply.body["errors"]] == list(search)
