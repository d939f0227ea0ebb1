"""The queue of the open matters, those due first, and the page "Now" of what cannot wait."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from console.page import View, choices
from console.pages import sample
from console.service_client import all_or_missing
from contracts.codes import CaseState, Urgency
from contracts.http import dispatch_lists

DESK = ("desk", "reader")
SOON = timedelta(hours=1)
FILTERS = ("state", "level", "urgency", "category", "area", "unit")
SHOWN_NOW = 20
"""Matters in one section of the page Now; the queue has the others."""


def search_of(view: View) -> dict[str, Any]:
    """Return the search by the filters in the address; without a state, of the matters that are open."""
    chosen: dict[str, Any] = {name: view.request.query_params.get(name) or None for name in FILTERS}
    return {**chosen, "open": None if chosen["state"] else True}


async def show_queue(view: View) -> Response:
    """Show one page of the queue."""
    person, search = view.require(*DESK), search_of(view)
    after = view.request.query_params.get("after") or None
    page, known = await asyncio.gather(
        view.services.ask(dispatch_lists.LIST_CASES, person.token, {**search, "after": after}),
        view.services.ask(dispatch_lists.GET_DIRECTORY, person.token),
    )
    named = view.texts.named
    return view.page(
        "queue.html",
        cases=page["cases"],
        following=page["next"],
        chosen=search,
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
    sections = once_each({name: found[name]["cases"] for name in MOST_PRESSING if name in found})
    empty = not missing and not any(sections.values()) and await sample.offered(view)
    return view.page(
        "now.html", missing=missing, sections=sections, sample=empty, filled=[name for name, cases in sections.items() if cases]
    )


MOST_PRESSING = ("nobody", "life", "breached", "soon", "utilities")
"""The sections of the page Now, in the order in which a duty officer looks at them."""


def once_each(sections: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the sections with each matter in the first one that it belongs to."""
    seen: set[str] = set()
    kept: dict[str, list[dict[str, Any]]] = {}
    for name, cases in sections.items():
        kept[name] = [case for case in cases if case["id"] not in seen]
        seen |= {case["id"] for case in cases}
    return kept
