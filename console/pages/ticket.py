"""A ticket: where it stands, what was reported, who works on it until when, what may be done, and what happened."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from console.command_forms import DESK_COMMANDS, REPORT_FIELDS, desk_body, report_body
from console.page import View, choices, redirect
from console.service_client import Refusal, all_or_missing
from contracts.codes import Command, TicketCommand
from contracts.http import desk, dispatch, dispatch_cases, dispatch_lists, ledger, notify, photographs, tickets

READERS = ("desk", "reader", "responder")


async def show(view: View) -> Response:
    """Show the ticket."""
    return await _page(view, HTTPStatus.OK, None)


async def give_desk_command(view: View) -> Response:
    """Give a command of the desk, and show the ticket again."""
    person, form = view.require("desk"), await view.form()
    ticket = view.request.path_params["ticket"]
    try:
        command = TicketCommand(form.get("command", ""))
        wanted = DESK_COMMANDS[command]
    except (ValueError, KeyError):
        return await _page(view, HTTPStatus.UNPROCESSABLE_ENTITY, Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "command: unknown"))
    body = desk_body(command, form, view.console.renderer.zone)
    allowed = {name: value for name, value in body.items() if name in wanted.operation.body_fields}
    try:
        await view.services.command(wanted.operation, allowed, form.get("key", ""), person.token, ticket=ticket)
    except Refusal as refused:
        return await _page(view, refused.status, refused)
    return redirect(f"/tickets/{ticket}", told=command.value)


async def give_report(view: View) -> Response:
    """Give a responder's command, and show the page again from which it came."""
    person, form = view.require("responder"), await view.form()
    ticket = view.request.path_params["ticket"]
    body = report_body(form, ticket, view.console.renderer.zone)
    try:
        await view.services.command(dispatch.FILE_REPORT, body, form.get("key", ""), person.token)
    except Refusal as refused:
        return await _page(view, refused.status, refused)
    return redirect(f"/tickets/{ticket}", told=str(body["command"]))


async def attach_photograph(view: View) -> Response:
    """Attach a photograph, and show the ticket again."""
    person, ticket = view.require("desk", "responder"), view.request.path_params["ticket"]
    try:
        async with view.picture() as one:
            sent = (one.chunks(), one.media_type, one.size, one.form.get("key", ""))
            await view.services.upload(photographs.ATTACH_PHOTOGRAPH, *sent, token=person.token, ticket=ticket)
    except Refusal as refused:
        return await _page(view, refused.status, refused)
    return redirect(f"/tickets/{ticket}", told="photograph")


async def _page(view: View, status: int, refused: Refusal | None) -> Response:
    person = view.require(*READERS)
    ticket, token, services = view.request.path_params["ticket"], person.token, view.services
    asked = {
        "case": services.ask(dispatch.GET_CASE, token, ticket=ticket),
        "clocks": services.ask(dispatch_cases.GET_CLOCKS, token, ticket=ticket),
        "matter": services.ask(desk.GET_MATTER, token, ticket=ticket),
    }
    if person.has("reader"):
        asked |= {
            "ticket": services.ask(tickets.GET_TICKET, token, ticket=ticket),
            "story": services.ask(ledger.GET_ENTRIES, token, subject=ticket),
            "notices": services.ask(notify.GET_NOTICES, token, ticket=ticket),
        }
    if person.has("desk"):
        asked["desk"] = services.ask(desk.GET_TICKET_COMMANDS, token, ticket=ticket)
        asked["related"] = services.ask(desk.LIST_RELATED, token, ticket=ticket)
        asked["directory"] = services.ask(dispatch_lists.GET_DIRECTORY, token)
    if person.has("responder"):
        asked["reports"] = services.ask(dispatch_cases.GET_COMMANDS, token, ticket=ticket)
    found, missing = await all_or_missing(**asked)
    if not missing and not found.keys() & {"ticket", "case"}:
        return view.page("message.html", HTTPStatus.NOT_FOUND, kind="no_ticket")
    return view.page("ticket.html", status, id=ticket, missing=missing, refused=refused, **_values(view, found))


def _values(view: View, found: dict[str, Any]) -> dict[str, Any]:
    story = found.get("story", {"entries": []})["entries"]
    return {
        **{name: found.get(name) for name in ("ticket", "case", "matter")},
        "clocks": found.get("clocks", {"clocks": []})["clocks"],
        "story": [entry for entry in story if not entry["type"].startswith(QUIET)],
        "notices": found.get("notices", {"notices": []})["notices"],
        "categories": choices(
            [one["code"] for one in found.get("directory", {"categories": []})["categories"]],
            lambda code: view.texts.named(code, "categories"),
        ),
        "related": found.get("related", {"related": []})["related"],
        "desk_commands": [
            {**one, "fields": DESK_COMMANDS[TicketCommand(one["command"])].fields}
            for one in found.get("desk", {"commands": []})["commands"]
        ],
        "units": [_with_fields(unit) for unit in found.get("reports", {"units": []})["units"]],
    }


def _with_fields(unit: dict[str, Any]) -> dict[str, Any]:
    commands = [{**one, "fields": REPORT_FIELDS.get(Command(one["command"]), ())} for one in unit["commands"]]
    return {**unit, "commands": commands}


QUIET = ("deadline.set", "notification.")
"""The types of events that a ticket's time line leaves out: clocks and notices have sections of their own."""
