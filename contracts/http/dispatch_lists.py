"""The HTTP operations of dispatch that list: cases, the work of an account's units, and the directory."""

from http import HTTPStatus

from marshmallow import Schema

from contracts import codes
from contracts import marshmallow_fields as fields
from contracts.codes import CaseState, Step
from contracts.http import paging
from contracts.http.operation import Operation


class CaseSearch(Schema):
    """The query parameters of a list of cases. All conditions must hold."""

    state = fields.code(CaseState, "only those whose work stands there", optional=True)
    level = fields.ident("only those at this level of their ladder", optional=True)
    urgency = fields.code(codes.Urgency, "only those of this urgency", optional=True)
    category = fields.ident("only those of this category", optional=True)
    area = fields.ident("only those of this area, and of all that nests in it", optional=True)
    estate = fields.ident("only those of this estate", optional=True)
    unit = fields.ident("only those in which this unit has an open assignment", optional=True)
    due_before = fields.instant("only those whose next due time is before this instant", optional=True)
    breached = paging.yes_or_no("only those with a breached running clock, or only those without")
    open = paging.yes_or_no("only those in which something may still be asked of a responder, or only the others")
    nobody = paging.yes_or_no("only those that wait for work while no unit has an open assignment, or only the others")
    after = paging.after()
    limit = paging.limit("at most so many cases")


class UnitAtWork(Schema):
    """A unit with an open assignment."""

    unit = fields.ident("the responder")
    purpose = fields.code(codes.Purpose, "what for")
    step = fields.code(Step, "how far it is")


class CaseItem(Schema):
    """A case in a list: where it stands, who works on it, and by when."""

    id = fields.ident("the ticket's id, which is the case's")
    state = fields.code(CaseState, "where the work stands")
    category = fields.ident("the category's code")
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast")
    dispute = fields.flag("two parties are at odds")
    level = fields.ident("the level of the ladder it stands at", optional=True)
    opened_at = fields.instant("when the ticket was opened")
    generation = fields.count("the ticket's generation of work")
    paused = fields.flag("the clocks stand still")
    due = fields.instant("the next due time; null where no clock runs", optional=True)
    due_clock = fields.code(codes.Clock, "the clock of that due time", optional=True)
    breached = fields.flag("a clock of it ran out, and calls ever higher")
    units = fields.nested(UnitAtWork, "the open assignments", many=True)
    nobody = fields.flag("the case is open, and no unit has an open assignment")


class CasePage(Schema):
    """Cases, the earliest due first; those without a due time come last."""

    cases = fields.nested(CaseItem, "the cases of this page", many=True)
    next = paging.following()


class WorkSearch(Schema):
    """The query parameters of the work of an account's units."""

    unit = fields.ident("only the work of this unit, for which the account must speak", optional=True)
    after = paging.after()
    limit = paging.limit("at most so many pieces of work")


class WorkItem(Schema):
    """A piece of work of one unit: an open assignment, or a decision that a case asks of it as a supervisor."""

    ticket = fields.ident("the ticket's id")
    assignment = fields.ident("the assignment's id; null for a decision", optional=True)
    asked = fields.code(codes.Asked, "the decision that is asked; null for an assignment", optional=True)
    unit = fields.ident("the responder")
    purpose = fields.code(codes.Purpose, "what the assignment is for; of a decision, what the named unit would do")
    level = fields.ident("the level of the ladder, or verify", optional=True)
    step = fields.code(Step, "how far the assignment is; null for a decision", optional=True)
    contacted = fields.flag("the unit reached a person")
    made_at = fields.instant("when the assignment was made; null for a decision", optional=True)
    category = fields.ident("the category's code")
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast")
    due = fields.instant("the next due time of the clocks that concern it; null where none runs", optional=True)
    due_clock = fields.code(codes.Clock, "the clock of that due time", optional=True)
    breached = fields.flag("one of these clocks ran out")


class WorkPage(Schema):
    """The work of an account's units, the earliest due first."""

    work = fields.nested(WorkItem, "the pieces of work of this page", many=True)
    next = paging.following()


class DirectoryArea(Schema):
    """An area."""

    code = fields.ident("its code")
    kind = fields.code(codes.AreaKind, "what it is")
    parent = fields.ident("the area it nests in", optional=True)


class DirectoryCategory(Schema):
    """A category of matters."""

    code = fields.ident("its code")
    urgency = fields.code(codes.Urgency, "how fast its matters are")
    dispute = fields.flag("in its matters two parties are at odds")


class DirectoryResponder(Schema):
    """A unit or person that can be called."""

    code = fields.ident("its code")
    role = fields.code(codes.Role, "what it is to the areas it serves")
    areas = fields.idents("the areas it serves")
    categories = fields.idents("the categories it takes; empty means every category")


class DirectoryShown(Schema):
    """The whole directory."""

    version = fields.count("grows with each change of the directory")
    areas = fields.nested(DirectoryArea, "the areas, in the order of code", many=True)
    categories = fields.nested(DirectoryCategory, "the categories, in the order of code", many=True)
    responders = fields.nested(DirectoryResponder, "the responders, in the order of code", many=True)


_TICKET = "TMFQWCZLOEBSG44DF"

LIST_CASES = Operation(
    method="GET",
    path="/cases",
    id="listCases",
    summary="Cases, the earliest due first, page by page: `next` of one is `after` of the next.",
    role="reader",
    status=HTTPStatus.OK,
    answer=CasePage,
    search=CaseSearch,
    answered={
        "cases": [
            {
                "id": _TICKET,
                "state": "working",
                "category": "noise",
                "area": "shanqi-1",
                "estate": "yangguang",
                "urgency": "E2",
                "dispute": True,
                "level": "property",
                "opened_at": "2026-03-03T09:12:00+08:00",
                "generation": 1,
                "paused": False,
                "due": "2026-03-03T10:12:01+08:00",
                "due_clock": "sign",
                "breached": False,
                "units": [{"unit": "yangguang-property", "purpose": "handle", "step": "made"}],
                "nobody": False,
            }
        ],
        "next": None,
    },
)

LIST_WORK = Operation(
    method="GET",
    path="/work",
    id="listWork",
    summary="The open work of the units that the account speaks for, the earliest due first, page by page.",
    role="responder",
    personal=True,
    status=HTTPStatus.OK,
    answer=WorkPage,
    search=WorkSearch,
    refusals={HTTPStatus.FORBIDDEN: "The account lacks the role, or does not speak for the unit."},
    answered={
        "work": [
            {
                "ticket": _TICKET,
                "assignment": f"{_TICKET}-1",
                "asked": None,
                "unit": "yangguang-property",
                "purpose": "handle",
                "level": "property",
                "step": "signed",
                "contacted": False,
                "made_at": "2026-03-03T09:12:01+08:00",
                "category": "noise",
                "area": "shanqi-1",
                "estate": "yangguang",
                "urgency": "E2",
                "due": "2026-03-04T09:12:00+08:00",
                "due_clock": "contact",
                "breached": False,
            }
        ],
        "next": None,
    },
)

GET_DIRECTORY = Operation(
    method="GET",
    path="/directory",
    id="getDirectory",
    summary="The areas, categories and responders by which cases are dispatched.",
    role="reader",
    status=HTTPStatus.OK,
    answer=DirectoryShown,
    answered={
        "version": 3,
        "areas": [{"code": "shanqi-1", "kind": "grid", "parent": "shanqi"}],
        "categories": [{"code": "noise", "urgency": "E2", "dispute": True}],
        "responders": [{"code": "yangguang-property", "role": "property", "areas": ["yangguang"], "categories": []}],
    },
)

OPERATIONS = (LIST_CASES, LIST_WORK, GET_DIRECTORY)
