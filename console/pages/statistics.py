"""The figures of the ledger, each with its formula."""

from typing import Any

from starlette.responses import Response

from console import charts
from console.page import View, choices
from console.service_client import Json, all_or_missing
from contracts.http import dispatch_lists, ledger

FILTERS = ("area", "category", "month")


def chosen_of(view: View) -> dict[str, Any]:
    """Return the filters in the address."""
    return {name: view.request.query_params.get(name) or None for name in FILTERS}


async def show(view: View) -> Response:
    """Show the figures of a month, an area or a category."""
    person, chosen = view.require("reader"), chosen_of(view)
    found, missing = await all_or_missing(
        figures=view.services.ask(ledger.GET_KPIS, person.token, chosen),
        log=view.services.ask(ledger.GET_LOG, person.token),
        directory=view.services.ask(dispatch_lists.GET_DIRECTORY, person.token),
    )
    figures = found.get("figures")
    named = [{"name": view.texts.figure(one), "rate": one["rate"]} for one in figures["figures"]] if figures else []
    return view.page(
        "statistics.html",
        missing=missing,
        figures=figures,
        chart=charts.rates(named, None),
        log=found.get("log"),
        chosen=chosen,
        **directory_choices(view, found.get("directory")),
    )


def directory_choices(view: View, known: Json | None) -> dict[str, Any]:
    """Return the areas and categories to choose from; none without the directory."""
    areas, categories = ([one["code"] for one in known[kind]] if known else [] for kind in ("areas", "categories"))
    return {
        "areas": choices(areas, lambda code: view.texts.named(code, "areas")),
        "categories": choices(categories, lambda code: view.texts.named(code, "categories")),
    }
