"""The HTTP operations of the ledger that list or count the tickets of its book."""

from enum import StrEnum
from http import HTTPStatus

from marshmallow import Schema
from marshmallow import fields as plain

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.http import paging
from contracts.http.ledger import By, Filters
from contracts.http.operation import Operation


class Side(StrEnum):
    """A ticket and its share of a figure's numerator and denominator."""

    HIT = "hit"
    MISS = "miss"
    APART = "apart"


class FigureTicketSearch(Filters):
    """The query parameters of the tickets behind a figure. All conditions must hold."""

    side = fields.code(
        Side,
        "hit: only those in the numerator; miss: only those that add more to the denominator than to the numerator; "
        "apart: only those shown beside",
        optional=True,
    )
    after = fields.ident("only those that come after this ticket: `next` of the page before", optional=True)
    limit = paging.limit("at most so many tickets")


class FigureTicket(Schema):
    """A ticket behind a figure, as the ledger recorded it, with what it adds."""

    id = fields.ident("the ticket's id")
    category = fields.ident("the category's code", optional=True)
    area = fields.ident("code of the smallest area", optional=True)
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast", optional=True)
    level = fields.ident("the level of the case, or the one that ended it", optional=True)
    opened_at = fields.instant("when it was opened")
    due = fields.instant("when it is to be handled, where that is known", optional=True)
    closed_at = fields.instant("when it was closed; null while it is not", optional=True)
    numerator = fields.count("what it adds to the numerator")
    denominator = fields.count("what it adds to the denominator")
    apart = plain.List(plain.String(), required=True, metadata={"description": "the kinds under which it is shown beside"})


class FigureTicketPage(Schema):
    """Tickets behind a figure, in the order of their ids."""

    at = fields.instant("as of when")
    tickets = fields.nested(FigureTicket, "the tickets of this page; a page may be empty though another one follows", many=True)
    next = fields.ident("where the next page begins; null where there is none", optional=True)


class CountSearch(Filters):
    """The query parameters of the counts."""

    by = fields.code(By, "also the counts of each area, category, urgency, level, unit or month", optional=True)


class Counts(Schema):
    """The numbers of tickets by their state. `open`, `closed`, and the three that are out add up to `opened`."""

    opened = fields.count("tickets that were opened")
    open = fields.count("those neither closed nor out")
    overdue = fields.count("of the open ones, those whose time to be handled is over")
    closed = fields.count("closed ones")
    rejected = fields.count("out: rejected")
    merged = fields.count("out: merged with another one")
    cancelled = fields.count("out: withdrawn by their reporter")


class CountGroup(Counts):
    """The counts of a part of the tickets."""

    part = fields.name("the area, category, urgency, level, unit or month")


class TicketCounts(Schema):
    """The counts at an instant."""

    at = fields.instant("as of when")
    total = fields.nested(Counts, "all of the chosen tickets")
    groups = fields.nested(CountGroup, "those of each part, by name; none where none was asked for", many=True)


LIST_FIGURE_TICKETS = Operation(
    method="GET",
    path="/kpis/{kpi}/tickets",
    id="listFigureTickets",
    summary="The tickets behind a figure with what each adds, page by page: `next` of one is `after` of the next.",
    role="reader",
    status=HTTPStatus.OK,
    answer=FigureTicketPage,
    search=FigureTicketSearch,
    parameters={"kpi": "Which figure."},
    refusals={HTTPStatus.NOT_FOUND: "There is no such figure."},
    answered={
        "at": "2026-03-31T18:00:00+08:00",
        "tickets": [
            {
                "id": "TMFQWCZLOEBSG44DF",
                "category": "noise",
                "area": "shanqi-1",
                "estate": "yangguang",
                "urgency": "E2",
                "level": "property",
                "opened_at": "2026-03-03T09:12:00+08:00",
                "due": "2026-03-10T09:12:00+08:00",
                "closed_at": "2026-03-05T10:00:00+08:00",
                "numerator": 1,
                "denominator": 1,
                "apart": [],
            }
        ],
        "next": None,
    },
)

_COUNTS = {"opened": 9, "open": 3, "overdue": 1, "closed": 4, "rejected": 1, "merged": 1, "cancelled": 0}
COUNT_TICKETS = Operation(
    method="GET",
    path="/counts",
    id="countTickets",
    summary="How many tickets there are, by where they stand.",
    role="reader",
    status=HTTPStatus.OK,
    answer=TicketCounts,
    search=CountSearch,
    answered={"at": "2026-03-31T18:00:00+08:00", "total": _COUNTS, "groups": [{"part": "noise", **_COUNTS}]},
)

OPERATIONS = (LIST_FIGURE_TICKETS, COUNT_TICKETS)
