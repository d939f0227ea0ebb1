"""The HTTP face of tickets."""

from enum import StrEnum
from http import HTTPStatus

from marshmallow import Schema

from contracts import codes, fields
from contracts.events import intake
from contracts.http.operation import Operation


class TicketState(StrEnum):
    """Where the matter stands."""

    OPEN = "open"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFYING = "verifying"
    REVISITING = "revisiting"
    CLOSED = "closed"


class Whistle(intake.WhistleBlown):
    """Somebody, or a sensor, raises a matter: the data of `whistle.blown.v1`."""


class WhistleTaken(Schema):
    """The whistle is kept, and this ticket comes of it."""

    ticket = fields.ident("the ticket's id; the same for a repeated whistle")
    status = fields.name("address of the ticket")


class Ticket(Schema):
    """A ticket as it stands. The matter's private part is not in it."""

    id = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where the matter stands")
    category = fields.ident("the category's code")
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast")
    dispute = fields.flag("two parties are at odds")
    channel = fields.code(codes.Channel, "how it reached us")
    opened_at = fields.instant("when the whistle was taken")
    generation = fields.count("how often it was worked on")
    handled_by = fields.idents("the units that say it is done; empty until they do")
    closure = fields.code(codes.Closure, "why it was closed, once it is", optional=True)


GET_TICKET = Operation(
    method="GET",
    path="/tickets/{ticket}",
    id="getTicket",
    summary="A ticket as it stands, without its private part.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Ticket,
    parameters={"ticket": "The ticket's id."},
    refusals={HTTPStatus.NOT_FOUND: "No such ticket."},
    answered={
        "id": "TMFQWCZLOEBSG44DF",
        "state": "verifying",
        "category": "noise",
        "area": "shanqi-1",
        "estate": "yangguang",
        "urgency": "E2",
        "dispute": True,
        "channel": "hotline",
        "opened_at": "2026-03-03T09:12:00+08:00",
        "generation": 1,
        "handled_by": ["yangguang-property"],
        "closure": None,
    },
)

BLOW_WHISTLE = Operation(
    method="POST",
    path="/whistles",
    id="blowWhistle",
    summary="Blow a whistle. The key is the producer's own id of the matter: the same twice is one ticket.",
    role="producer",
    status=HTTPStatus.ACCEPTED,
    body=Whistle,
    answer=WhistleTaken,
    headers={"Location": "Address of the ticket."},
    answered={"ticket": "TMFQWCZLOEBSG44DF", "status": "/tickets/TMFQWCZLOEBSG44DF"},
)

OPERATIONS = (BLOW_WHISTLE, GET_TICKET)
