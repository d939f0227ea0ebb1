"""The queue of the open matters, those due first, and the page "Now" of what cannot wait."""

import asyncio
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from console.page import View, choices
from console.service_client import all_or_missing
from contracts.codes import CaseState, Urgency
from contracts.http import dispatch_lists

DESK = ("desk", "reader")
SOON = timedelta(hours=1)
FILTERS = ("state", "level", "urgency", "category", "area", "unit", "after")
SHOWN_NOW = 20
"""Matters in one section of the page Now; the queue has the others."""


async def show_queue(view: View) -> Response:
    """Show one page of the queue, by the filters in the address; without a state, of the matters that are open."""
    person = view.require(*DESK)
    chosen: dict[str, Any] = {name: view.request.query_params.get(name) or None for name in FILTERS}
    page, known = await asyncio.gather(
        view.services.ask(dispatch_lists.LIST_CASES, person.token, {**chosen, "open": None if chosen["state"] else True}),
        view.services.ask(dispatch_lists.GET_DIRECTORY, person.token),
    )
    named = view.texts.named
    return view.page(
        "queue.html",
        cases=page["cases"],
        following=page["next"],
        chosen=chosen,
        filters={
            "state": choices([one.value for one in CaseState], lambda code: view.texts.label(code, "case_state")),
            "urgency": [(one.value, view.texts.label(one.value, "urgency")) for one in Urgency],
            "category": choices([one["code"] for one in known["categories"]], lambda code: named(code, "categories")),
            "area": choices([one["code"] for one in known["areas"]], lambda code: named(code, "areas")),
            "unit": choices([one["code"] for one in known["responders"]], lambda code: named(code, "units")),
        },
    )


async def show_now(view: View) -> Response:
    """Show what cannot wait: danger to life, breached, due within the hour, and matters that nobody works on."""
    person = view.require(*DESK)

    def cases(**search: Any) -> Any:
        return view.services.ask(dispatch_lists.LIST_CASES, person.token, {**search, "limit": SHOWN_NOW})

    found, missing = await all_or_missing(
        breached=cases(breached=True),
        soon=cases(due_before=view.now + SOON, breached=False),
        nobody=cases(nobody=True),
        life=cases(urgency=Urgency.E0.value, open=True),
        utilities=cases(urgency=Urgency.E1.value, open=True),
    )
    sections = {name: page["cases"] for name, page in found.items()}
    return view.page("now.html", missing=missing, sections=sections, filled=[name for name, cases in sections.items() if cases])
