"""The figures of the ledger, each with its formula."""

from starlette.responses import Response

from console.page import View, choices
from console.service_client import all_or_missing
from contracts.http import dispatch_lists, ledger

FILTERS = ("area", "category", "month")


async def show(view: View) -> Response:
    """Show the figures of a month, an area or a category."""
    person = view.require("reader")
    chosen = {name: view.request.query_params.get(name) or None for name in FILTERS}
    found, missing = await all_or_missing(
        figures=view.services.ask(ledger.GET_KPIS, person.token, chosen),
        log=view.services.ask(ledger.GET_LOG, person.token),
        directory=view.services.ask(dispatch_lists.GET_DIRECTORY, person.token),
    )
    known = found.get("directory", {"areas": [], "categories": []})
    return view.page(
        "statistics.html",
        missing=missing,
        figures=found.get("figures"),
        log=found.get("log"),
        chosen=chosen,
        areas=choices([one["code"] for one in known["areas"]], lambda code: view.texts.named(code, "areas")),
        categories=choices([one["code"] for one in known["categories"]], lambda code: view.texts.named(code, "categories")),
    )
