"""The HTTP operations of tickets."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import codes
from contracts import fields as typed
from contracts import marshmallow_fields as fields
from contracts.codes import TicketState
from contracts.events import intake
from contracts.http import paging
from contracts.http.links import OVER, show_link
from contracts.http.operation import Operation
from contracts.payload import Part


class Advice(Schema):
    """The advice for the reporter in danger of life: the numbers to call at once, in the deployment's own words."""

    zh = fields.text("in Chinese")
    en = fields.text("in English")


class Whistle(intake.WhistleBlown):
    """A matter that a person or a sensor raises: the data of `whistle.blown.v1`."""


class WhistleTaken(Schema):
    """The whistle was stored and belongs to this ticket."""

    ticket = fields.ident("the ticket's id; the same for a repeated whistle")
    source = fields.name(
        "the source under which the whistle was taken in: with the Idempotency-Key it names the whistle, in `same_as` of a "
        "later one and in the file of `whistle reconcile --sent`"
    )
    status = fields.name("address of the ticket")
    advice = fields.nested(Advice, "to be told to the reporter at once; none where there is no danger", optional=True)


class WhistleSearch(Schema):
    """The query parameters that identify one of the account's own whistles."""

    id = plain.String(
        required=True,
        validate=[validate.Length(1, 255), fields.unicode],
        metadata={"description": "its `ce-id`, or its Idempotency-Key"},
    )
    source = fields.ident("its `ce-source`; without it the one of what the account sends over HTTP", optional=True)


class WhistleFound(Schema):
    """The ticket of a whistle."""

    ticket = fields.ident("the ticket's id")
    source = fields.ident("the whistle's source")
    status = fields.name("address of the ticket")


class Ticket(Schema):
    """The current state of a ticket, as its reporter may see it too. The private part of the matter is not included."""

    id = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where the matter stands")
    category = fields.ident("the category's code")
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast")
    dispute = fields.flag("two parties are at odds")
    channel = fields.code(codes.Channel, "how it reached us")
    opened_at = fields.instant("when the whistle was taken: every clock runs from here")
    occurred_at = fields.instant("when it occurred, where the whistle says so", optional=True)
    generation = fields.count("how often it was worked on")
    level = fields.ident("the level of the playbook last heard to work on it, once one is", optional=True)
    handled_by = fields.idents("the units that say it is done; empty until they do")
    closure = fields.code(codes.Closure, "why it was closed, once it is", optional=True)
    closed_at = fields.instant("when it was closed", optional=True)
    reopen_until = fields.instant("until when a closed ticket may be reopened", optional=True)
    parked_for = fields.ident("why it is parked, as a code, while it is", optional=True)
    review_at = fields.instant("when a parked ticket is looked at again", optional=True)
    rejected_for = fields.code(codes.RejectReason, "why it was rejected, where it was", optional=True)
    merged_into = fields.ident("the ticket that goes on in its place, where it was merged", optional=True)
    split_from = fields.ident("the ticket of which it is a part, where it was split", optional=True)
    looks_like = fields.ident("the ticket that it was proposed to be a duplicate of", optional=True)
    looks_like_by = fields.codes(codes.Likeness, "by what it looks like that ticket, the strongest first; empty without one")
    unusable_contacts = fields.names(
        "the fields of the whistle whose contact point nobody can be reached by, such as reporter.phone", optional=True
    )
    requests = plain.List(
        fields.code(codes.Request, "a request"),
        required=True,
        metadata={"description": "what its reporter may ask of it as it stands"},
    )
    advice = fields.nested(Advice, "to be told to the reporter at once; none where there is no danger", optional=True)


class TicketSearch(Schema):
    """The query parameters of a list of tickets. All conditions must hold."""

    state = fields.code(TicketState, "only those that stand there", optional=True)
    category = fields.ident("only those of this category", optional=True)
    area = fields.ident("only those of this area, and of all that nests in it", optional=True)
    estate = fields.ident("only those of this estate", optional=True)
    urgency = fields.code(codes.Urgency, "only those of this urgency", optional=True)
    channel = fields.code(codes.Channel, "only those that came in this way", optional=True)
    open = fields.code(codes.Truth, "true: only those that are not settled; false: only those that are", optional=True)
    opened_from = fields.instant("only those that were opened then or later", optional=True)
    opened_before = fields.instant("only those that were opened earlier", optional=True)
    after = fields.ident("only those that come after this ticket: `next` of the page before", optional=True)
    limit = paging.limit("at most so many tickets")


class TicketPage(Schema):
    """Tickets, the newest first."""

    tickets = fields.nested(Ticket, "the tickets of this page", many=True)
    next = fields.ident("where the next page begins; null where there is none", optional=True)


class Rejection(Part):
    """The rejection of a matter that is not taken on."""

    reason: codes.RejectReason = typed.code(codes.RejectReason, "why; the notice tells the route it has instead")


class Merger(Part):
    """The merger with another ticket of the same matter."""

    into: str = typed.ident("the ticket that goes on; the merged reporter follows its notices")


class Parking(Part):
    """The parking of a ticket that cannot be solved now (挂账)."""

    reason: str = typed.ident("why, as a code")
    review_at: datetime = typed.instant("when it goes back to work; ahead")


class Resumption(Part):
    """The resumption of a parked ticket before its review date. It has no fields."""


class RaisedUrgency(Part):
    """The urgency that a person raises."""

    urgency: codes.Urgency = typed.code(codes.Urgency, "the new urgency, above the old")


class ResidentRequest(intake.RequestMade):
    """A request of a resident: the data of `request.made.v1`, limited to the requests for tickets."""

    request: codes.Request = typed.code(
        codes.Request,
        "what is asked",
        only=[codes.Request.RATE, codes.Request.REOPEN, codes.Request.CANCEL],
        title="ResidentRequestKind",
    )


class TicketMoved(Schema):
    """The command took effect."""

    ticket = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where it stands now")
    status = fields.name("address of the ticket")


_ID = "TMFQWCZLOEBSG44DF"
_SEEN = {
    "id": _ID,
    "state": "verifying",
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "urgency": "E2",
    "dispute": True,
    "channel": "hotline",
    "opened_at": "2026-03-03T09:12:00+08:00",
    "occurred_at": None,
    "generation": 1,
    "level": "property",
    "handled_by": ["yangguang-property"],
    "closure": None,
    "closed_at": None,
    "reopen_until": None,
    "parked_for": None,
    "review_at": None,
    "rejected_for": None,
    "merged_into": None,
    "split_from": None,
    "looks_like": None,
    "looks_like_by": [],
    "unusable_contacts": [],
    "requests": ["cancel"],
    "advice": None,
}

GET_TICKET = Operation(
    method="GET",
    path="/tickets/{ticket}",
    id="getTicket",
    summary="A ticket as it stands, without its private part.",
    role="reader",
    own_role="producer",
    status=HTTPStatus.OK,
    answer=Ticket,
    parameters={"ticket": "The ticket's id."},
    refusals={HTTPStatus.NOT_FOUND: "No such ticket."},
    answered=_SEEN,
)

LIST_TICKETS = Operation(
    method="GET",
    path="/tickets",
    id="listTickets",
    summary="Tickets, the newest first, page by page: `next` of one is `after` of the next.",
    role="reader",
    status=HTTPStatus.OK,
    answer=TicketPage,
    search=TicketSearch,
    answered={"tickets": [_SEEN], "next": None},
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
    answered={"ticket": _ID, "source": "/accounts/hotline", "status": f"/tickets/{_ID}", "advice": None},
)

FIND_WHISTLE = Operation(
    method="GET",
    path="/whistles",
    id="findWhistle",
    summary="The ticket that came of a whistle of the account's own, by the id that the account gave it.",
    role="producer",
    personal=True,
    status=HTTPStatus.OK,
    answer=WhistleFound,
    search=WhistleSearch,
    refusals={HTTPStatus.NOT_FOUND: "No whistle of that source and id is kept."},
    answered={"ticket": _ID, "source": "/hotline", "status": f"/tickets/{_ID}"},
)


def ticket_command(id_: str, under: str, summary: str, body: type[Part], asked: Mapping[str, Any], state: str) -> Operation:
    """Return a command of the desk on a ticket; ``state`` is of the example."""
    return Operation(
        method="POST",
        path=f"/tickets/{{ticket}}/{under}",
        id=id_,
        summary=summary,
        role="desk",
        by_link=issubclass(body, ResidentRequest),
        status=HTTPStatus.ACCEPTED,
        body=body,
        answer=TicketMoved,
        parameters={"ticket": "The ticket's id."},
        headers={"Location": "Address of the ticket."},
        refusals={
            HTTPStatus.NOT_FOUND: "No such ticket.",
            **({HTTPStatus.GONE: OVER} if issubclass(body, ResidentRequest) else {}),
        },
        asked=asked,
        answered={"ticket": _ID, "state": state, "status": f"/tickets/{_ID}"},
    )


MAKE_REQUEST = ticket_command(
    "makeRequest",
    "requests",
    "A resident rates, reopens or cancels: by the signed link of a notice, or noted down by somebody on duty.",
    ResidentRequest,
    {"request": "rate", "resolved": True, "satisfied": True, "comment": "很快就修好了"},
    "closed",
)
SHOW_LINK = show_link("/tickets/{ticket}", "showLink", codes.LinkPurpose.RATE)
REJECT = ticket_command(
    "rejectTicket", "rejections", "The matter is not taken on.", Rejection, {"reason": "in_court"}, "rejected"
)
MERGE = ticket_command(
    "mergeTicket", "merges", "It is the same matter as another ticket.", Merger, {"into": "T3ZK5QZ7XJ2M4N6PA"}, "merged"
)
PARK = ticket_command(
    "parkTicket",
    "parkings",
    "It cannot be solved now: kept until its review date.",
    Parking,
    {"reason": "awaits_budget", "review_at": "2026-06-01T09:00:00+08:00"},
    "parked",
)
RESUME = ticket_command("resumeTicket", "resumptions", "A parked ticket goes back to work at once.", Resumption, {}, "handling")
RAISE_URGENCY = ticket_command(
    "raiseUrgency", "urgency", "A person raises the urgency; nobody lowers it.", RaisedUrgency, {"urgency": "E1"}, "handling"
)

OPERATIONS = (
    BLOW_WHISTLE,
    FIND_WHISTLE,
    LIST_TICKETS,
    GET_TICKET,
    SHOW_LINK,
    MAKE_REQUEST,
    REJECT,
    MERGE,
    PARK,
    RESUME,
    RAISE_URGENCY,
)
