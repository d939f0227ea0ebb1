"""The monthly report: one page that a street office prints, with the ledger's root that makes its figures provable."""

import asyncio
from datetime import date
from typing import Any

from starlette.responses import Response

from console.monthly_report import compare, last_month, month_before
from console.page import View
from console.pages.figure import named_groups
from console.pages.statistics import directory_choices
from console.service_client import Json, all_or_missing
from console.sessions import Person
from contracts.http import dispatch_lists, ledger, ledger_tickets
from contracts.http.ledger import By
from contracts.http.ledger_tickets import Side

MAX_OVERDUE = 200
"""The overdue tickets that are listed; of more, the number is told."""
GROUPINGS = (By.CATEGORY, By.AREA, By.URGENCY)


async def show(view: View) -> Response:
    """Show the report of a month; of the last one that is over, unless the address names another."""
    person, query = view.require("reader"), view.request.query_params
    month = query.get("month") or last_month(view.now.astimezone(view.console.renderer.zone).date())
    chosen = {"area": query.get("area") or None, "month": month}
    figures = await view.services.ask(ledger.GET_KPIS, person.token, chosen)  # refuses what is no month
    asked = (view.services.ask(ledger_tickets.COUNT_TICKETS, person.token, {**chosen, "by": by.value}) for by in GROUPINGS)
    counts = await asyncio.gather(*asked)
    before = await view.services.ask(ledger.GET_KPIS, person.token, {**chosen, "month": month_before(month)})
    overdue = await _overdue(view, person, chosen)
    log = await view.services.ask(ledger.GET_LOG, person.token)  # the last: its root covers all that was counted above
    known, _ = await all_or_missing(directory=view.services.ask(dispatch_lists.GET_DIRECTORY, person.token))
    return view.page(
        "monthly_report.html",
        month=date.fromisoformat(f"{month}-01"),
        before=date.fromisoformat(f"{month_before(month)}-01"),
        chosen=chosen,
        at=figures["at"],
        rows=compare(figures["figures"], before["figures"]),
        total=counts[0]["total"],
        groupings=[
            (by.value, named_groups(view.texts, by, found["groups"])) for by, found in zip(GROUPINGS, counts, strict=True)
        ],
        overdue=overdue,
        log=log,
        **directory_choices(view, known.get("directory")),
    )


async def _overdue(view: View, person: Person, chosen: dict[str, Any]) -> list[Json]:
    """Return the tickets that are due and not closed, at most `MAX_OVERDUE`."""
    found: list[Json] = []
    search = {**chosen, "side": Side.MISS.value, "limit": MAX_OVERDUE, "after": None}
    while len(found) < MAX_OVERDUE:
        page = await view.services.ask(ledger_tickets.LIST_FIGURE_TICKETS, person.token, search, kpi="completion")
        found += page["tickets"]
        search["after"] = page["next"]
        if page["next"] is None:
            break
    return sorted(found[:MAX_OVERDUE], key=lambda one: (str(one["due"]), one["id"]))
