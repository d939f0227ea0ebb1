"""The HTTP operations of tickets for those who work on a ticket and for whoever holds one of its links."""

from dataclasses import replace
from http import HTTPStatus

from marshmallow import Schema
from marshmallow import fields as plain

from contracts import codes
from contracts import fields as typed
from contracts import marshmallow_fields as fields
from contracts.codes import TicketState
from contracts.http.links import LinkSearch
from contracts.http.operation import Operation
from contracts.http.photographs import EXAMPLE, Photograph
from contracts.http.tickets import Advice, ticket_command
from contracts.payload import Part

_ID = "TMFQWCZLOEBSG44DF"
_TICKET = {"ticket": "The ticket's id."}
_NO_TICKET = {HTTPStatus.NOT_FOUND: "No such ticket."}


class MatterPerson(Schema):
    """A person of a matter: its reporter, or the other party of a dispute."""

    name = fields.name("what to call them", optional=True)
    phone = fields.name("telephone number or e-mail address, as it was given", optional=True)
    locale = fields.ident("language of the notices", optional=True)


class MatterPlace(Schema):
    """A point in WGS-84."""

    lat = fields.degrees("degrees north", 90)
    lon = fields.degrees("degrees east", 180)


class ResidentRequestMade(Schema):
    """A request that a resident made, with its comment."""

    request = fields.code(codes.Request, "what was asked")
    noted_by = fields.ident("the account that took it down; none where the resident asked by a link", optional=True)
    comment = fields.text("the resident's words", optional=True)
    made_at = fields.instant("when it was made")


class TicketNote(Schema):
    """An internal note."""

    about = fields.code(codes.TicketCommand, "the command that it was written with; note where it stands for itself")
    by = fields.ident("the account that wrote it")
    text = fields.text("what it says")
    made_at = fields.instant("when it was written")


class Matter(Schema):
    """The private part of a ticket."""

    ticket = fields.ident("the ticket's id")
    text = fields.text("what is the matter, in the reporter's words")
    address = fields.text("where, in words", optional=True)
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    place = fields.nested(MatterPlace, "where, as a point", optional=True)
    reporter = fields.nested(MatterPerson, "who reported it; none for an anonymous whistle", optional=True)
    respondent = fields.nested(MatterPerson, "the other party, where the whistle names one", optional=True)
    channel = fields.code(codes.Channel, "how it reached us")
    source = fields.name("the source of the whistle")
    opened_at = fields.instant("when the whistle was taken")
    occurred_at = fields.instant("when it occurred, where the whistle says so", optional=True)
    requests = fields.nested(ResidentRequestMade, "what residents asked, in order", many=True)
    notes = fields.nested(TicketNote, "internal notes, in order", many=True)
    photographs = fields.nested(Photograph, "photographs, in the order in which they were attached", many=True)


class CommandReason(Schema):
    """The reason why a command is not allowed, in the words of a duty officer."""

    zh = fields.text("in Chinese")
    en = fields.text("in English")


class CommandStanding(Schema):
    """A command on a ticket, and whether the ticket allows it now."""

    command = fields.code(codes.TicketCommand, "the command")
    allowed = fields.flag("the ticket allows it as it stands")
    code = fields.code(codes.CommandRefusal, "why not, as a code; none where it is allowed", optional=True)
    reason = fields.nested(CommandReason, "why not, in words; none where it is allowed", optional=True)
    wants = fields.idents("the fields that its body needs")


class TicketCommands(Schema):
    """The commands on a ticket, as it stands."""

    ticket = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where it stands")
    commands = fields.nested(CommandStanding, "every command of the desk and of its reporter", many=True)


class TicketStatus(Schema):
    """A ticket as the holder of one of its links sees it."""

    id = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where the matter stands")
    category = fields.ident("the category's code")
    urgency = fields.code(codes.Urgency, "how fast")
    opened_at = fields.instant("when the whistle was taken")
    generation = fields.count("how often it was worked on")
    handled_by = fields.idents("the units that say it is done; empty until they do")
    closure = fields.code(codes.Closure, "why it was closed, once it is", optional=True)
    closed_at = fields.instant("when it was closed", optional=True)
    reopen_until = fields.instant("until when a closed ticket may be reopened", optional=True)
    parked_for = fields.ident("why it is parked, as a code, while it is", optional=True)
    review_at = fields.instant("when a parked ticket is looked at again", optional=True)
    rejected_for = fields.code(codes.RejectReason, "why it was rejected, where it was", optional=True)
    merged = fields.flag("the matter goes on as another ticket")
    purpose = fields.code(codes.LinkPurpose, "what the link is for")
    requests = plain.List(
        fields.code(codes.Request, "a request"),
        required=True,
        metadata={"description": "what the reporter may ask as it stands; empty for anybody else"},
    )
    advice = fields.nested(Advice, "to be told to the reporter at once; none where there is no danger", optional=True)
    text = fields.text("the reporter's own words, for the reporter alone", optional=True)


class RelatedTicket(Schema):
    """A ticket that is related to another one, without its private part."""

    id = fields.ident("the ticket's id")
    state = fields.code(TicketState, "where it stands")
    category = fields.ident("the category's code")
    opened_at = fields.instant("when it was opened")
    by = fields.codes(codes.Likeness, "by what they are related, the strongest first", least=1)


class RelatedTickets(Schema):
    """The tickets that are related to one, whatever their category and state, the newest first."""

    ticket = fields.ident("the ticket's id")
    related = fields.nested(RelatedTicket, "at most 20 of each likeness", many=True)


class Note(Part):
    """An internal note of somebody on duty. It stays in tickets."""

    text: str = typed.text("what it says")


class ContactCorrection(Part):
    """The correction of how the reporter is reached. What is left out stays as it is; at least one field is needed."""

    name: str | None = typed.name("what to call them", default=None)
    phone: str | None = typed.name(
        "exactly one telephone number, or e-mail address where the deployment writes to people by e-mail", default=None
    )
    locale: str | None = typed.ident("language of the notices, such as zh or en", default=None)


class CategoryChange(Part):
    """The change of a ticket's category by the desk."""

    category: str = typed.ident("the right category: a registered one; a police matter stays one")
    reason: str = typed.text("why; it is kept as an internal note")


class Split(Part):
    """The part of a matter that becomes a ticket of its own."""

    text: str = typed.text("what the part is about; it is told to those who will work on it")
    category: str | None = typed.ident("its category; the ticket's where it is left out", default=None)
    area: str | None = typed.ident("the area where it is elsewhere; the ticket's place where it is left out", default=None)


class TicketSplit(Schema):
    """The part is a ticket of its own."""

    ticket = fields.ident("the new ticket's id")
    split_from = fields.ident("the ticket of which it is a part")
    state = fields.code(TicketState, "where the new ticket stands")
    status = fields.name("address of the new ticket")


GET_MATTER = Operation(
    method="GET",
    path="/tickets/{ticket}/matter",
    id="getMatter",
    summary="The private part of a ticket. The account that reads it is logged.",
    role="desk",
    own_role="responder",
    status=HTTPStatus.OK,
    answer=Matter,
    parameters=_TICKET,
    refusals={HTTPStatus.NOT_FOUND: "No such ticket; or none that a unit of the account works on."},
    answered={
        "ticket": _ID,
        "text": "楼上半夜放音乐",
        "address": "3号楼2单元",
        "area": "shanqi-1",
        "estate": "yangguang",
        "place": {"lat": 34.3, "lon": 108.9},
        "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
        "respondent": None,
        "channel": "hotline",
        "source": "/hotline",
        "opened_at": "2026-03-03T09:12:00+08:00",
        "occurred_at": None,
        "requests": [
            {"request": "cancel", "noted_by": "desk", "comment": "已经安静了", "made_at": "2026-03-03T10:00:00+08:00"}
        ],
        "notes": [{"about": "note", "by": "desk", "text": "物业已联系过一次", "made_at": "2026-03-03T10:05:00+08:00"}],
        "photographs": [EXAMPLE],
    },
)

GET_TICKET_COMMANDS = Operation(
    method="GET",
    path="/tickets/{ticket}/commands",
    id="getTicketCommands",
    summary="The commands on a ticket: which it allows as it stands, and why not the others.",
    role="desk",
    status=HTTPStatus.OK,
    answer=TicketCommands,
    parameters=_TICKET,
    refusals=_NO_TICKET,
    answered={
        "ticket": _ID,
        "state": "handling",
        "commands": [
            {"command": "reject", "allowed": True, "code": None, "reason": None, "wants": ["reason"]},
            {
                "command": "resume",
                "allowed": False,
                "code": "not_now",
                "reason": {
                    "zh": "工单目前为“办理中”。恢复办理只适用于“已挂账”的工单。",
                    "en": "The ticket is being handled. To resume it is possible only while it is parked.",
                },
                "wants": [],
            },
        ],
    },
)

SHOW_TICKET = Operation(
    method="GET",
    path="/tickets/{ticket}/status",
    id="showTicket",
    summary="A ticket for the holder of any of its links, used or not, until the link expires.",
    role="",
    public=True,
    status=HTTPStatus.OK,
    answer=TicketStatus,
    search=LinkSearch,
    parameters=_TICKET,
    refusals={HTTPStatus.NOT_FOUND: "No such ticket.", HTTPStatus.GONE: "The link has expired."},
    answered={
        "id": _ID,
        "state": "handling",
        "category": "noise",
        "urgency": "E2",
        "opened_at": "2026-03-03T09:12:00+08:00",
        "generation": 1,
        "handled_by": [],
        "closure": None,
        "closed_at": None,
        "reopen_until": None,
        "parked_for": None,
        "review_at": None,
        "rejected_for": None,
        "merged": False,
        "purpose": "cancel",
        "requests": ["cancel"],
        "advice": None,
        "text": "楼上半夜放音乐",
    },
)

LIST_RELATED = Operation(
    method="GET",
    path="/tickets/{ticket}/related",
    id="listRelated",
    summary="Other tickets of the same reporter, of the same address, and nearby.",
    role="desk",
    status=HTTPStatus.OK,
    answer=RelatedTickets,
    parameters=_TICKET,
    refusals=_NO_TICKET,
    answered={
        "ticket": _ID,
        "related": [
            {
                "id": "T3ZK5QZ7XJ2M4N6PA",
                "state": "closed",
                "category": "leak",
                "opened_at": "2026-02-20T18:40:00+08:00",
                "by": ["address"],
            }
        ],
    },
)

ADD_NOTE = ticket_command(
    "addNote",
    "notes",
    "An internal note, for those who work on the ticket alone.",
    Note,
    {"text": "物业已联系过一次"},
    "handling",
)
CORRECT_CONTACT = ticket_command(
    "correctContact",
    "contact",
    "The reporter is reached another way: pending and later notices go there.",
    ContactCorrection,
    {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
    "handling",
)
CHANGE_CATEGORY = ticket_command(
    "changeCategory",
    "category",
    "The matter is of another category, by which it is routed again.",
    CategoryChange,
    {"category": "leak", "reason": "不是噪声，是楼上漏水"},
    "handling",
)

SPLIT_TICKET = replace(
    ticket_command(
        "splitTicket",
        "splits",
        "A part of the matter becomes a ticket of its own, with the same reporter and, without an area, the same place.",
        Split,
        {"text": "楼道灯也坏了", "category": "lighting"},
        "open",
    ),
    answer=TicketSplit,
    answered={"ticket": "T3ZK5QZ7XJ2M4N6PA", "split_from": _ID, "state": "open", "status": "/tickets/T3ZK5QZ7XJ2M4N6PA"},
    headers={"Location": "Address of the new ticket."},
)

OPERATIONS = (
    GET_MATTER,
    GET_TICKET_COMMANDS,
    SHOW_TICKET,
    LIST_RELATED,
    ADD_NOTE,
    CORRECT_CONTACT,
    CHANGE_CATEGORY,
    SPLIT_TICKET,
)
