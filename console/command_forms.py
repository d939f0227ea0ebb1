"""The forms of commands: which fields each one asks for, and the body that a filled form makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from console.forms import Form
from contracts.codes import Command, TicketCommand
from contracts.http import desk, tickets
from contracts.http.operation import Operation

REPORT_FIELDS: Mapping[Command, tuple[str, ...]] = {
    Command.PROGRESS: ("note",),
    Command.RETURN: ("return_reason", "note"),
    Command.HAND_UP: ("note",),
    Command.HANDLE: ("note",),
    Command.FINISH: ("note",),
    Command.VERIFY: ("passed", "note"),
    Command.RULE: ("to", "granted", "note"),
    Command.EXCUSE: ("to", "note"),
    Command.EXTEND: ("until", "note"),
    Command.PAUSE: ("until", "note"),
    Command.SESSION: ("note",),
    Command.AGREE: ("note",),
    Command.FAIL: ("note",),
    Command.PERFORM: ("performed", "note"),
}
"""The fields of a responder's command besides the unit; a command that is not here is one button."""


@dataclass(frozen=True)
class DeskCommand:
    """A command of the desk: its operation and the fields of its form."""

    operation: Operation
    fields: tuple[str, ...] = ()


DESK_COMMANDS: Mapping[TicketCommand, DeskCommand] = {
    TicketCommand.REJECT: DeskCommand(tickets.REJECT, ("reject_reason",)),
    TicketCommand.MERGE: DeskCommand(tickets.MERGE, ("into",)),
    TicketCommand.PARK: DeskCommand(tickets.PARK, ("park_reason", "review_at")),
    TicketCommand.RESUME: DeskCommand(tickets.RESUME),
    TicketCommand.RAISE_URGENCY: DeskCommand(tickets.RAISE_URGENCY, ("urgency",)),
    TicketCommand.RATE: DeskCommand(tickets.MAKE_REQUEST, ("resolved", "satisfied", "comment")),
    TicketCommand.REOPEN: DeskCommand(tickets.MAKE_REQUEST, ("comment",)),
    TicketCommand.CANCEL: DeskCommand(tickets.MAKE_REQUEST, ("comment",)),
    TicketCommand.NOTE: DeskCommand(desk.ADD_NOTE, ("text",)),
    TicketCommand.CORRECT_CONTACT: DeskCommand(desk.CORRECT_CONTACT, ("name", "phone", "locale")),
    TicketCommand.CHANGE_CATEGORY: DeskCommand(desk.CHANGE_CATEGORY, ("category", "why")),
    TicketCommand.SPLIT: DeskCommand(desk.SPLIT_TICKET, ("text", "other_category")),
}
"""The commands of the desk."""


def report_body(form: Form, ticket: str, zone: tzinfo) -> dict[str, Any]:
    """Return the body of a responder's command. What is missing is refused by dispatch, with the field's name."""
    passed = next((answer for name in ("passed", "granted", "performed") if (answer := form.chosen(name)) is not None), None)
    return {
        "ticket": ticket,
        "command": form.get("command", ""),
        "unit": form.get("unit", ""),
        "passed": passed,
        "note": form.get("note"),
        "reason": form.get("return_reason"),
        "to": form.get("to"),
        "until": instant(form.get("until"), zone),
        "acted_at": form.get("acted_at"),
    }


def desk_body(command: TicketCommand, form: Form, zone: tzinfo) -> dict[str, Any]:
    """Return the body of a command of the desk."""
    if DESK_COMMANDS[command].operation is tickets.MAKE_REQUEST:
        return request_body(command.value, form)
    fields: dict[str, Any] = {name: form.get(name) for name in ("into", "urgency", "text", "name", "phone", "locale")}
    return {
        **fields,
        "reason": form.get("reject_reason") or form.get("park_reason") or form.get("why"),
        "category": form.get("category") or form.get("other_category"),
        "review_at": instant(form.get("review_at"), zone),
    }


def request_body(request: str, form: Form, link: str | None = None) -> dict[str, Any]:
    """Return the body of a resident's request, by a link or noted down by an officer."""
    asked = {"request": request, "comment": form.get("comment"), "link": link}
    if request != "rate":
        return asked
    resolved, satisfied = form.chosen("resolved"), form.chosen("satisfied")
    return {**asked, "resolved": resolved, "satisfied": resolved if satisfied is None else satisfied}


def instant(text: str | None, zone: tzinfo) -> str | None:
    """Return the instant of a field of date and time, in the deployment's zone; the text itself where it is none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text
