"""One figure: its formula, its groups with a chart, and the tickets behind it."""

from typing import Any

from starlette.responses import Response

from console import charts
from console.page import View
from console.pages.statistics import FILTERS, directory_choices
from console.rendering import Texts
from console.service_client import Json, all_or_missing
from contracts.http import dispatch_lists, ledger, ledger_tickets
from contracts.http.ledger import By
from contracts.http.ledger_tickets import Side

FIGURE_FILTERS = (*FILTERS, "urgency", "level", "unit")
"""The filters of a figure: those of the statistics page, and the parts to which its groups lead."""
NAMED = {By.AREA: "areas", By.CATEGORY: "categories", By.UNIT: "units", By.LEVEL: "levels"}
"""The deployment's names of the parts of a grouping."""


def search_of(view: View) -> dict[str, Any]:
    """Return the filters in the address that choose tickets."""
    return {name: view.request.query_params.get(name) or None for name in (*FIGURE_FILTERS, "side")}


async def show(view: View) -> Response:
    """Show the figure by one grouping, and one page of its tickets."""
    person, kpi = view.require("reader"), view.request.path_params["kpi"]
    chosen, query = search_of(view), view.request.query_params
    by = query.get("by") or By.AREA.value
    of_figure = {name: chosen[name] for name in FIGURE_FILTERS}
    figure = await view.services.ask(ledger.GET_KPI, person.token, {**of_figure, "by": by, "ids": False}, kpi=kpi)
    found, missing = await all_or_missing(
        tickets=view.services.ask(
            ledger_tickets.LIST_FIGURE_TICKETS, person.token, {**chosen, "after": query.get("after") or None}, kpi=kpi
        ),
        directory=view.services.ask(dispatch_lists.GET_DIRECTORY, person.token),
    )
    groups = named_groups(view.texts, By(by), figure["groups"])
    page = found.get("tickets", {"tickets": [], "next": None})
    return view.page(
        "figure.html",
        missing=missing,
        figure=figure,
        groups=groups,
        chart=charts.rates(groups, figure["rate"]),
        chosen={**chosen, "by": by},
        filters={name: chosen[name] for name in FILTERS},
        parts=[(by, part_name(view.texts, By(by), part)) for by in ("urgency", "level", "unit") if (part := chosen[by])],
        by_choices=[(one.value, view.texts.label(one.value, "by")) for one in By],
        side_choices=[(one.value, view.texts.label(one.value, "side")) for one in Side],
        tickets=page["tickets"],
        following=page["next"],
        **directory_choices(view, found.get("directory")),
    )


def named_groups(texts: Texts, by: By, groups: list[Json]) -> list[Json]:
    """Return the groups with the names of their parts, in the order of the names; months in the order of time."""
    named = [{**one, "name": part_name(texts, by, one["part"])} for one in groups]
    return named if by in {By.MONTH, By.URGENCY} else sorted(named, key=lambda one: str(one["name"]))


def part_name(texts: Texts, by: By, part: str) -> str:
    """Return the name of an area, category, urgency, level, unit or month."""
    if by is By.URGENCY:
        return f"{part} {texts.label(part, 'urgency')}"
    return texts.named(part, NAMED[by]) if by in NAMED else part
