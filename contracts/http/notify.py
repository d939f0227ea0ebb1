"""The HTTP operations of notify."""

from http import HTTPStatus

from marshmallow import Schema

from contracts import fields as typed
from contracts import marshmallow_fields as fields
from contracts.codes import FallbackReason, NoticeState, Receipt
from contracts.http.operation import Operation
from contracts.payload import Part


class Notice(Schema):
    """One notice to one recipient. Its text and the address are private and stay in notify."""

    id = fields.ident("the notice's id")
    audience = fields.ident("resident, respondent, duty, or the responder's code")
    template = fields.ident("the template")
    asked = fields.ident("the language that the recipient wants", optional=True)
    locale = fields.ident("the language it is in")
    fell_back = fields.flag("it is not in the language, or not in the script, that was asked for")
    fallback_reason = fields.code(FallbackReason, "why not", optional=True)
    urgent = fields.flag("it ignores quiet hours")
    channel = fields.ident("the channel it takes")
    given_up = fields.idents("the channels of earlier sendings that came to nothing, in order")
    state = fields.code(NoticeState, "how far it is")
    ended = fields.flag(
        "nothing more will be done: delivered, exhausted, cancelled, or sent by a channel that gives no receipts"
    )
    attempts = fields.count("how often it was handed to the channel; the end of one may be unknown")
    reason = fields.ident("code of the last failure, or why it was cancelled; none once it is sent", optional=True)
    superseded_by = fields.ident("of a cancelled one: the event that made it pointless", optional=True)


class ReceiptGiven(Part):
    """The result of a notice that a gateway accepted."""

    key: str = typed.ident("the idempotency key that came with the notice")
    outcome: Receipt = typed.code(Receipt, "delivered; undelivered: try again; rejected: this way it never can be")


class ReceiptTaken(Schema):
    """The receipt was stored. A late or repeated receipt changes nothing."""

    notice = fields.ident("the notice's id")
    state = fields.code(NoticeState, "how far it is now")


class Notices(Schema):
    """The notices about a ticket."""

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
                "fell_back": True,
                "fallback_reason": "no_text",
                "urgent": False,
                "channel": "mail",
                "given_up": ["sms"],
                "state": "delivered",
                "ended": True,
                "attempts": 3,
                "reason": None,
                "superseded_by": None,
            }
        ],
    },
)

GIVE_RECEIPT = Operation(
    method="POST",
    path="/receipts",
    id="giveReceipt",
    summary="A gateway that gives receipts says what became of a notice. Giving it again changes nothing.",
    role="gateway",
    status=HTTPStatus.ACCEPTED,
    body=ReceiptGiven,
    answer=ReceiptTaken,
    refusals={HTTPStatus.NOT_FOUND: "No notice was sent under that key."},
    asked={"key": "5d3f1c1e-7d0c-5f0e-9f2b-2f6f8f0c9a11-resident", "outcome": "delivered"},
    answered={"notice": "5d3f1c1e-7d0c-5f0e-9f2b-2f6f8f0c9a11-resident", "state": "delivered"},
)


class NoticeText(Schema):
    """The text and the address of a notice. They are private, for the desk alone."""

    notice = fields.ident("the notice's id")
    ticket = fields.ident("what it is about")
    audience = fields.ident("resident, respondent, duty, or the responder's code")
    locale = fields.ident("the language it is in")
    subject = fields.text("the subject line, for channels that have one", optional=True)
    text = fields.text("the whole text; a channel with a limit may have shortened it", most=20_000)
    address = fields.name("the number or address of the present channel; none where its channel has none", optional=True)


GET_NOTICE_TEXT = Operation(
    method="GET",
    path="/notices/{notice}/text",
    id="getNoticeText",
    summary="What a notice says and where it goes. The account that reads it is logged.",
    role="desk",
    status=HTTPStatus.OK,
    answer=NoticeText,
    parameters={"notice": "The notice's id."},
    refusals={HTTPStatus.NOT_FOUND: "No such notice."},
    answered={
        "notice": "5d3f1c1e-7d0c-5f0e-9f2b-2f6f8f0c9a11-resident",
        "ticket": "TMFQWCZLOEBSG44DF",
        "audience": "resident",
        "locale": "zh",
        "subject": "您反映的事项已受理",
        "text": "您反映的事项已受理，编号TMFQWCZLOEBSG44DF。我们会尽快安排人员与您联系。",
        "address": "+862988887777",
    },
)

OPERATIONS = (GET_NOTICES, GET_NOTICE_TEXT, GIVE_RECEIPT)
