"""The HTTP operations of the ledger."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.http import paging
from contracts.http.operation import Operation


class LogHead(Schema):
    """The size and the root of the log (RFC 9162, SHA-256)."""

    size = fields.count("entries")
    root = fields.ident("the tree's hash, hexadecimal")


def _attribute(about: str, **how: Any) -> plain.String:
    return plain.String(metadata={"description": about}, validate=validate.Length(1, 255), **how)


class Entry(Schema):
    """One recorded event: its CloudEvents attributes and its data, which in the ledger is never private."""

    position = fields.count("its place in the log, from 0")
    type = _attribute("the event's type", required=True)
    source = _attribute("who said it", required=True)
    subject = _attribute("what it is about", required=True)
    id = _attribute("the event's id", required=True)
    time = fields.instant("business time")
    correlationid = _attribute("the ticket or account whose story it belongs to", allow_none=True)
    causationid = _attribute("the event or timer that made it", allow_none=True)
    sequence = fields.count("its number from this source about this subject")
    data = plain.Dict(keys=plain.String(), required=True, metadata={"description": "the event's data, as its type says"})


class Entries(Schema):
    """The recorded events about a subject."""

    subject = fields.ident("what they are about")
    entries = fields.nested(Entry, "in the order they were recorded", many=True)


GET_LOG = Operation(
    method="GET",
    path="/log",
    id="getLog",
    summary="How large the log is, and its root.",
    role="reader",
    status=HTTPStatus.OK,
    answer=LogHead,
    answered={"size": 1342, "root": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
)

GET_ENTRIES = Operation(
    method="GET",
    path="/log/{subject}",
    id="getEntries",
    summary="What happened to a subject, in the order it was recorded; empty where nothing did.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Entries,
    parameters={"subject": "Id of a ticket, or of what else events are about."},
    refusals={HTTPStatus.NOT_FOUND: "That is no id."},
    answered={
        "subject": "TMFQWCZLOEBSG44DF",
        "entries": [
            {
                "position": 1341,
                "type": "ticket.closed.v1",
                "source": "/tickets",
                "subject": "TMFQWCZLOEBSG44DF",
                "id": "0d0c5f0e-9f2b-52f6-8f0c-9a115d3f1c1e",
                "time": "2026-03-05T10:00:00+08:00",
                "correlationid": "TMFQWCZLOEBSG44DF",
                "causationid": "/desk/rate-TMFQWCZLOEBSG44DF-1",
                "sequence": 5,
                "data": {"closure": "satisfied", "generation": 1},
            }
        ],
    },
)


MAX_WAIT_SECONDS = 25
"""The longest wait for an entry: proxies close a connection on which nothing happens for longer."""


class FeedSearch(Schema):
    """The query parameters of the feed."""

    start = paging.Digits(
        allow_none=True, metadata={"description": "the first position that is wanted; without it, the end of the log alone"}
    )
    wait = paging.Digits(
        load_default=0,
        validate=validate.Range(0, MAX_WAIT_SECONDS),
        metadata={"description": "how many seconds to wait for an entry, where none is there yet"},
    )
    limit = paging.limit("at most so many entries")


class Feed(Schema):
    """The recorded events from a position on."""

    entries = fields.nested(Entry, "in the order they were recorded", many=True)
    next = fields.count("the `start` of the next request")


GET_FEED = Operation(
    method="GET",
    path="/feed",
    id="getFeed",
    summary="The public events from a position on, as they are recorded: `next` of one answer is `start` of the next request.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Feed,
    search=FeedSearch,
    waits_for="entries",
    answered={
        "entries": [
            {
                "position": 1341,
                "type": "ticket.closed.v1",
                "source": "/tickets",
                "subject": "TMFQWCZLOEBSG44DF",
                "id": "0d0c5f0e-9f2b-52f6-8f0c-9a115d3f1c1e",
                "time": "2026-03-05T10:00:00+08:00",
                "correlationid": "TMFQWCZLOEBSG44DF",
                "causationid": "/desk/rate-TMFQWCZLOEBSG44DF-1",
                "sequence": 5,
                "data": {"closure": "satisfied", "generation": 1},
            }
        ],
        "next": 1342,
    },
)


class Filters(Schema):
    """The query parameters of the figures. Without any, every ticket is counted."""

    area = fields.ident("an area or estate; it stands for all that nests in it", optional=True)
    category = fields.ident("a category's code", optional=True)
    urgency = fields.code(codes.Urgency, "urgency", optional=True)
    level = fields.ident("a playbook's level: where the case stands, or what ended it", optional=True)
    unit = fields.ident("a responder: of the tickets that it was called to, what is its own", optional=True)
    month = plain.String(
        allow_none=True,
        validate=fields.Whole(r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", error="Want a month such as 2026-03."),
        metadata={"description": "when the tickets were opened, in the deployment's time zone"},
    )


class By(StrEnum):
    """A grouping of a figure. An area is the ticket's own; a ticket is in the group of each unit that was called."""

    AREA = "area"
    CATEGORY = "category"
    URGENCY = "urgency"
    LEVEL = "level"
    UNIT = "unit"
    MONTH = "month"


class GroupedFilters(Filters):
    """The query parameters of one figure."""

    by = fields.code(By, "also the same figure of each area, category, urgency, level, unit or month", optional=True)
    ids = paging.yes_or_no("false: the lists of tickets stay empty, for whoever wants the counts alone")


class Alarm(StrEnum):
    """The side of the band on which a rate is."""

    LOW = "low"
    HIGH = "high"


def _apart() -> plain.Dict:
    return plain.Dict(
        keys=plain.String(), values=plain.Integer(), metadata={"description": "what has no answer yet, shown beside, by kind"}
    )


class Figure(Schema):
    """A rate with its numerator and denominator, by a versioned formula."""

    kpi = fields.ident("which figure")
    title = fields.name("its name in Chinese")
    version = fields.count("the formula's version")
    formula = fields.name("numerator / denominator, in words")
    formula_zh = fields.name("the same in Chinese")
    numerator = fields.count("what counts")
    denominator = fields.count("of how many")
    rate = plain.Float(allow_none=True, metadata={"description": "their quotient; null where nothing counts yet"})
    apart = _apart()
    alarm = fields.code(
        Alarm, "the rate is outside the band that the deployment expects; null within, or without a band", optional=True
    )


class Figures(Schema):
    """Every figure at an instant."""

    at = fields.instant("as of when")
    figures = fields.nested(Figure, "the figures", many=True)


class _Tickets(Schema):
    tickets = plain.List(plain.String(), metadata={"description": "the tickets in the denominator"})
    hits = plain.List(plain.String(), metadata={"description": "those in the numerator"})
    apart_tickets = plain.Dict(
        keys=plain.String(), values=plain.List(plain.String()), metadata={"description": "those shown beside, by kind"}
    )


class Group(_Tickets):
    """A figure over a part of the tickets."""

    part = fields.name("the area, category, urgency, level, unit or month")
    numerator = fields.count("what counts")
    denominator = fields.count("of how many")
    rate = plain.Float(allow_none=True, metadata={"description": "their quotient; null where nothing counts yet"})
    apart = _apart()


class FigureTickets(_Tickets, Figure):
    """A figure with the tickets behind it."""

    at = fields.instant("as of when")
    groups = fields.nested(Group, "the same figure of each part, by name; none where none was asked for", many=True)


_FIGURE = {
    "kpi": "resolution",
    "title": "解决率",
    "version": 2,
    "formula": "answers that say resolved / answers; no answer apart",
    "formula_zh": "答复“已解决”的次数 / 答复次数；未答复另列",
    "numerator": 1,
    "denominator": 1,
    "rate": 1.0,
    "apart": {"no_answer": 1, "no_contact": 0},
    "alarm": None,
}

GET_KPIS = Operation(
    method="GET",
    path="/kpis",
    id="getKpis",
    summary="The figures.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Figures,
    search=Filters,
    answered={"at": "2026-03-31T18:00:00+08:00", "figures": [_FIGURE]},
)

GET_KPI = Operation(
    method="GET",
    path="/kpis/{kpi}",
    id="getKpi",
    summary="A figure, with the tickets behind it.",
    role="reader",
    status=HTTPStatus.OK,
    answer=FigureTickets,
    search=GroupedFilters,
    parameters={"kpi": "Which figure."},
    refusals={HTTPStatus.NOT_FOUND: "There is no such figure."},
    answered={
        **_FIGURE,
        "at": "2026-03-31T18:00:00+08:00",
        "tickets": ["TMFQWCZLOEBSG44DF"],
        "hits": ["TMFQWCZLOEBSG44DF"],
        "apart_tickets": {"no_answer": ["T3ZK5QZ7XJ2M4N6PA"], "no_contact": []},
        "groups": [
            {
                "part": "2026-03",
                "numerator": 1,
                "denominator": 1,
                "rate": 1.0,
                "apart": {"no_answer": 1, "no_contact": 0},
                "tickets": ["TMFQWCZLOEBSG44DF"],
                "hits": ["TMFQWCZLOEBSG44DF"],
                "apart_tickets": {"no_answer": ["T3ZK5QZ7XJ2M4N6PA"], "no_contact": []},
            }
        ],
    },
)


class Account(Schema):
    """A member's points: posted and held, from the entries alone."""

    account = fields.ident("the member")
    posted = plain.Integer(required=True, metadata={"description": "points it owns"})
    held = plain.Integer(required=True, metadata={"description": "points set aside for it"})


GET_ACCOUNT = Operation(
    method="GET",
    path="/accounts/{account}",
    id="getAccount",
    summary="A member's points.",
    role="reader",
    status=HTTPStatus.OK,
    answer=Account,
    parameters={"account": "The member: a responder's code."},
    refusals={HTTPStatus.NOT_FOUND: "That member has no account."},
    answered={"account": "shanqi-mediator", "posted": 12, "held": 2},
)

OPERATIONS = (GET_LOG, GET_ENTRIES, GET_FEED, GET_KPIS, GET_KPI, GET_ACCOUNT)
