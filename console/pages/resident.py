"""The page that the link of a notice opens: where the matter stands, who has it until when, and the one thing the link allows.

No account is needed: the token in the address is the authority, and the services check it.
"""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from console.command_forms import request_body
from console.forms import Form
from console.page import View, redirect
from console.service_client import Refusal, all_or_missing
from contracts.codes import LinkPurpose, Party, Request
from contracts.http import desk, dispatch, dispatch_cases, photographs, tickets
from contracts.http.operation import Operation

OF_PARTIES = {LinkPurpose.CONSENT: Party.APPLICANT, LinkPurpose.RESPOND: Party.RESPONDENT}
"""The party that a link of a mediation speaks for."""


async def show(view: View) -> Response:
    """Show the page."""
    return await _page(view, HTTPStatus.OK, None)


async def send(view: View) -> Response:
    """Make the request of the form, and show the page again. A repeated form has its effect once."""
    form = await view.form()
    ticket, purpose, token = _link(view)
    try:
        operation, body = _request(LinkPurpose(purpose), form, token)
        await view.services.command(operation, body, form.get("key", ""), ticket=ticket)
    except ValueError:
        return view.page("message.html", HTTPStatus.NOT_FOUND, kind="no_link")
    except Refusal as refused:
        return await _page(view, refused.status, refused)
    return redirect(f"/t/{ticket}/{purpose}", token=token, told=str(body["request"]))


async def attach_photograph(view: View) -> Response:
    """Attach a photograph, and show the page again. The link is checked before the picture is read."""
    ticket, purpose, token = _link(view)
    authority = {"token": token}
    try:
        await view.services.ask(desk.SHOW_TICKET, search=authority, ticket=ticket)
        async with view.picture() as one:
            sent = (one.chunks(), one.media_type, one.size, one.form.get("key", ""))
            await view.services.upload(photographs.ATTACH_PHOTOGRAPH, *sent, search=authority, ticket=ticket)
    except Refusal as refused:
        return await _page(view, refused.status, refused)
    return redirect(f"/t/{ticket}/{purpose}", token=token, told="photograph")


def _link(view: View) -> tuple[str, str, str]:
    values = view.request.path_params
    return values["ticket"], values["purpose"], view.request.query_params.get("token", "")


def _request(purpose: LinkPurpose, form: Form, token: str) -> tuple[Operation, dict[str, Any]]:
    """Return the operation and body of a request. Raises ValueError for a request that the link is not for."""
    if purpose in OF_PARTIES:
        asked = Request(form.get("request", ""))
        return dispatch.ASK_AS_PARTY, {"request": asked.value, "party": OF_PARTIES[purpose].value, "link": token}
    return tickets.MAKE_REQUEST, request_body(purpose.value, form, token)


async def _page(view: View, status: int, refused: Refusal | None) -> Response:
    ticket, purpose, token = _link(view)
    search = {"token": token}
    try:
        shown = await view.services.ask(desk.SHOW_TICKET, search=search, ticket=ticket)
    except Refusal as wrong:
        kind = "link_over" if wrong.status is HTTPStatus.GONE else "no_link"
        return view.page("message.html", wrong.status, kind=kind)
    link = dispatch.SHOW_PARTY_LINK if purpose in OF_PARTIES else tickets.SHOW_LINK
    found, missing = await all_or_missing(
        progress=view.services.ask(dispatch_cases.SHOW_PROGRESS, search=search, ticket=ticket),
        usable=view.services.ask(link, search=search, ticket=ticket, purpose=purpose),
    )
    return view.page(
        "resident.html",
        status,
        ticket=shown,
        purpose=purpose,
        token=token,
        progress=found.get("progress"),
        usable="usable" in found,
        missing=missing,
        refused=refused,
    )
