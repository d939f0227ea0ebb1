"""The HTTP face of notify."""

from enum import StrEnum
from http import HTTPStatus

from marshmallow import Schema

from contracts import fields
from contracts.http.operation import Operation


class NoticeState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    EXHAUSTED = "exhausted"


class Notice(Schema):
    """One notice to one recipient. Its text and the address are private and stay in notify."""

    id = fields.ident("the notice's id")
    audience = fields.ident("resident, duty, or the responder's code")
    template = fields.ident("the template")
    asked = fields.ident("the language that the recipient wants", optional=True)
    locale = fields.ident("the language it is in: another than asked where there is no such text")
    channel = fields.ident("the channel it takes")
    state = fields.code(NoticeState, "how far it is")
    attempts = fields.count("how often it was handed to the channel; the end of one may be unknown")
    reason = fields.ident("code of the last failure; none once it is sent", optional=True)


class Notices(Schema):
    """What was told about a ticket."""

    ticket = fields.ident("the ticket's id")
    notices = fields.nested(Notice, "every notice, by id", many=True)


GET_NOTICES = Operation(
    method="GET",
    path="/tickets/{ticket}/notices",
    id="getNotices",
    summary="Who was told what about a ticket, and how far that is; empty for a ticket that notify has not heard of.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Notices,
    parameters={"ticket": "The ticket's id."},
    refusals={HTTPStatus.NOT_FOUND: "That is no id."},
    answered={
        "ticket": "TMFQWCZLOEBSG44DF",
        "notices": [
            {
                "id": "5d3f1c1e-7d0c-5f0e-9f2b-2f6f8f0c9a11-resident",
                "audience": "resident",
                "template": "ticket_opened",
                "asked": "bo",
                "locale": "zh",
                "channel": "sms",
                "state": "sent",
                "attempts": 1,
                "reason": None,
            }
        ],
    },
)

OPERATIONS = (GET_NOTICES,)
