"""Report a matter: by a resident without an account, or by an officer who takes it down.

A resident is first shown what others have reported of the same kind in the same estate. The reports of one client are limited.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from console.attempt_limit import TooManyAttempts
from console.forms import Form
from console.page import View, choices, redirect
from console.service_client import Json, Refusal
from contracts.codes import Channel, Truth
from contracts.http import dispatch_lists, tickets

WEB = Channel.MINI_PROGRAM
"""The channel of what residents report on this page."""
MAX_OFFERS = 5
"""The matters of others that a resident is shown before the report is sent."""


async def show(view: View) -> Response:
    """Show the empty form."""
    return await _page(view, {}, {}, HTTPStatus.OK)


async def send(view: View) -> Response:
    """Blow the whistle and show the ticket's number. A refused form comes back as it was, with the reasons."""
    form = await view.form()
    officer = view.person if view.person and view.person.has("producer") else None
    token = officer.token if officer else view.console.own_token()
    if officer is None:
        if offers := await _offers(view, form):
            return await _page(view, form, {}, HTTPStatus.OK, offers=offers)
        try:
            view.console.reports.take(view.client)
        except TooManyAttempts as wait:
            return await _page(view, form, {}, HTTPStatus.TOO_MANY_REQUESTS, minutes=math.ceil(wait.seconds / 60))
    try:
        taken = await view.services.command(
            tickets.BLOW_WHISTLE, whistle(form, officer is not None), form.get("key", ""), token
        )
    except Refusal as refused:
        return await _page(view, form, refused.errors or {"form": refused.detail}, HTTPStatus.UNPROCESSABLE_ENTITY)
    if officer and officer.has("reader"):
        return redirect(f"/tickets/{taken['ticket']}", told="reported")
    return view.page(
        "reported.html",
        ticket=taken["ticket"],
        advice=taken.get("advice"),
        shown_publicly=form.get("category") in view.console.public.categories,
    )


async def _offers(view: View, form: Form) -> list[Json]:
    """Return the open public matters of the form's category and estate, the newest first, unless these were offered before."""
    _, _, estate = form.get("place", "").partition("/")
    if not estate or form.get("category") not in view.console.public.categories or form.get("offered") == _subject(form):
        return []
    search = {"category": form["category"], "estate": estate, "open": Truth.TRUE.value}
    try:
        page = await view.services.ask(tickets.LIST_TICKETS, view.console.own_token(), search)
    except Refusal:
        return []  # tickets refuses the report for the same reason, with the field's name
    return [ticket for ticket in page["tickets"] if view.console.public.includes(ticket)][:MAX_OFFERS]


def _subject(form: Mapping[str, str]) -> str:
    """Return what the offers depend on, as one text."""
    return f"{form.get('category', '')} {form.get('place', '')}"


def whistle(form: Form, by_officer: bool) -> dict[str, Any]:
    """Return the whistle of a form. An area that is missing is refused by tickets, with the field's name."""
    reporter = {name: form.get(f"reporter.{name}") for name in ("name", "phone", "locale")}
    contact = {name: value for name, value in reporter.items() if value}
    area, _, estate = form.get("place", "").partition("/")
    return {
        "category": form.get("category", ""),
        "area": area,
        "estate": estate or None,
        "channel": form.get("channel", Channel.HOTLINE.value) if by_officer else WEB.value,
        "text": form.get("text", ""),
        "address": form.get("address"),
        "reporter": contact if contact.get("phone") or contact.get("name") else None,
    }


async def _page(
    view: View,
    form: Mapping[str, str],
    errors: Mapping[str, str],
    status: int,
    offers: Sequence[Json] = (),
    minutes: int = 0,
) -> Response:
    known = await view.services.ask(dispatch_lists.GET_DIRECTORY, view.console.own_token())
    return view.page(
        "report.html",
        status,
        form=form,
        errors=errors,
        offers=offers,
        offered=_subject(form),
        minutes=minutes,
        officer=view.person is not None and view.person.has("producer"),
        categories=choices([one["code"] for one in known["categories"]], lambda code: view.texts.named(code, "categories")),
        places=places(view, known["areas"]),
        channels=choices(
            [one.value for one in Channel if one is not Channel.SENSOR], lambda code: view.texts.label(code, "channel")
        ),
    )


def places(view: View, areas: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the places to choose from: each grid alone, and each estate with every grid, as ``grid/estate``."""
    grids = [area["code"] for area in areas if area["kind"] == "grid"]
    estates = [area["code"] for area in areas if area["kind"] == "estate"]
    named = view.texts.named
    pairs = [(f"{grid}/{estate}", f"{named(estate, 'areas')} · {named(grid, 'areas')}") for estate in estates for grid in grids]
    return pairs + [(grid, named(grid, "areas")) for grid in grids]
