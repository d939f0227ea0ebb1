"""The HTTP face of notify."""

from enum import StrEnum
from http import HTTPStatus

from marshmallow import Schema

from contracts import fields
from contracts.http.operation import Operation


class NoticeState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    SENT = "sent"
    EXHAUSTED = "exhausted"


class Notice(Schema):
    """One notice to one recipient. Its text is private and stays in notify."""

    id = fields.ident("the notice's id")
    audience = fields.ident("resident, duty, or the responder's code")
    template = fields.ident("the template")
    locale = fields.ident("the language it is in")
    state = fields.code(NoticeState, "how far it is")
    attempts = fields.count("how often it was handed to a channel")


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
                "locale": "zh",
                "state": "sent",
                "attempts": 1,
            }
        ],
    },
)

OPERATIONS = (GET_NOTICES,)
