"""The page on which anybody looks up the state of a public matter by its number. It shows nothing private."""

import re
from http import HTTPStatus

from starlette.responses import Response

from console.page import View
from console.service_client import Json, Refusal
from contracts.http import tickets

_NUMBER = re.compile("[A-Z0-9]{1,40}")


async def show(view: View) -> Response:
    """Show the form, and the matter whose number was entered. Raises TooManyAttempts for a client that asks too often."""
    entered = view.request.query_params.get("ticket", "").strip()[:80]
    if not entered:
        return view.page("status.html", entered="", ticket=None, wrong=False)
    view.console.lookups.take(view.client)
    ticket = await _public_ticket(view, "".join(entered.split()).upper())
    status = HTTPStatus.OK if ticket else HTTPStatus.NOT_FOUND
    return view.page("status.html", status, entered=entered, ticket=ticket, wrong=ticket is None)


async def _public_ticket(view: View, number: str) -> Json | None:
    """Return the ticket; None where there is none, and likewise where not everybody may know that there is one."""
    if _NUMBER.fullmatch(number) is None:
        return None
    try:
        ticket = await view.services.ask(tickets.GET_TICKET, view.console.own_token(), ticket=number)
    except Refusal as refused:
        if refused.status is HTTPStatus.NOT_FOUND:
            return None
        raise
    return ticket if view.console.public.includes(ticket) else None
