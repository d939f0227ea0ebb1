"""The fields that the body of each command on a ticket needs, as the contracts declare them."""

from collections.abc import Mapping

from contracts.http import desk
from contracts.http import tickets as http
from contracts.http.operation import Operation
from services.tickets.domain.allowed_commands import Command
from services.tickets.resident_requests import ANSWERS

_OPERATIONS: Mapping[Command, Operation] = {
    Command.REJECT: http.REJECT,
    Command.MERGE: http.MERGE,
    Command.PARK: http.PARK,
    Command.RESUME: http.RESUME,
    Command.RAISE_URGENCY: http.RAISE_URGENCY,
    Command.RATE: http.MAKE_REQUEST,
    Command.REOPEN: http.MAKE_REQUEST,
    Command.CANCEL: http.MAKE_REQUEST,
    Command.CHANGE_CATEGORY: desk.CHANGE_CATEGORY,
    Command.CORRECT_CONTACT: desk.CORRECT_CONTACT,
    Command.NOTE: desk.ADD_NOTE,
    Command.SPLIT: desk.SPLIT_TICKET,
}


def _required(operation: Operation) -> list[str]:
    schema = operation.body_schema
    assert schema is not None, "a command has a body"
    return [name for name, field in schema().fields.items() if field.required]


WANTS: Mapping[Command, list[str]] = {
    command: [*_required(operation), *(ANSWERS if command is Command.RATE else ())]
    for command, operation in _OPERATIONS.items()
}
"""The fields by command."""
