"""The HTTP operations of dispatch: commands, and the case. Others stand in `dispatch_cases` and `dispatch_lists`."""

from http import HTTPStatus

from marshmallow import Schema

from contracts import codes
from contracts import fields as typed
from contracts import marshmallow_fields as fields
from contracts.codes import CaseState, Step
from contracts.events import intake
from contracts.http import dispatch_cases, dispatch_lists
from contracts.http.links import OVER, show_link
from contracts.http.operation import Operation


class Report(intake.ReportFiled):
    """A responder's command: the data of `report.filed.v1`, and the ticket it is about."""

    ticket: str = typed.ident("the ticket's id")


class ReportTaken(Schema):
    """The report was stored and took effect."""

    ticket = fields.ident("the ticket's id")
    command = fields.code(codes.Command, "what was reported")
    id = fields.name("the report's id: its Idempotency-Key")


class PartyRequest(intake.RequestMade):
    """A request of a party of a mediation: the data of `request.made.v1`, limited to the requests for dispatch."""

    request: codes.Request = typed.code(
        codes.Request, "what is asked", only=[codes.Request.CONSENT, codes.Request.WITHDRAW], title="PartyRequestKind"
    )


class RequestTaken(Schema):
    """The request was stored and took effect."""

    ticket = fields.ident("the ticket's id")
    request = fields.code(codes.Request, "what was asked")


class Assignment(Schema):
    """The assignment of one unit for one purpose."""

    id = fields.ident("the assignment's id")
    to = fields.ident("the responder")
    level = fields.ident("the level of the ladder, or verify")
    purpose = fields.code(codes.Purpose, "what for")
    generation = fields.count("the ticket's generation of work")
    made_at = fields.instant("when it was made")
    step = fields.code(Step, "how far it is")


class Case(Schema):
    """The current state of the work on a ticket."""

    id = fields.ident("the ticket's id, which is the case's")
    state = fields.code(CaseState, "where the work stands")
    category = fields.ident("the category's code")
    area = fields.ident("code of the smallest area")
    estate = fields.ident("code of the estate, where there is one", optional=True)
    urgency = fields.code(codes.Urgency, "how fast")
    opened_at = fields.instant("when the ticket was opened")
    playbook = fields.ident("the playbook it started with; none where none fitted", optional=True)
    playbook_version = fields.ident("its version", optional=True)
    level = fields.ident("the level of the ladder it stands at", optional=True)
    generation = fields.count("the ticket's generation of work")
    assignments = fields.nested(Assignment, "every assignment, in the order they were made", many=True)


GET_CASE = Operation(
    method="GET",
    path="/cases/{ticket}",
    id="getCase",
    summary="The work on a ticket, as it stands.",
    role="reader",
    own_role="responder",
    status=HTTPStatus.OK,
    answer=Case,
    parameters={"ticket": "The ticket's id."},
    refusals={HTTPStatus.NOT_FOUND: "No case for such a ticket, or none of the account's own."},
    answered={
        "id": "TMFQWCZLOEBSG44DF",
        "state": "working",
        "category": "noise",
        "area": "shanqi-1",
        "estate": "yangguang",
        "urgency": "E2",
        "opened_at": "2026-03-03T09:12:00+08:00",
        "playbook": "xianlinli",
        "playbook_version": "1",
        "level": "property",
        "generation": 1,
        "assignments": [
            {
                "id": "TMFQWCZLOEBSG44DF-1",
                "to": "yangguang-property",
                "level": "property",
                "purpose": "handle",
                "generation": 1,
                "made_at": "2026-03-03T09:12:01+08:00",
                "step": "signed",
            }
        ],
    },
)

FILE_REPORT = Operation(
    method="POST",
    path="/reports",
    id="fileReport",
    summary="A responder reports about its assignment.",
    role="responder",
    status=HTTPStatus.ACCEPTED,
    body=Report,
    answer=ReportTaken,
    headers={"Location": "Address of the case."},
    refusals={
        HTTPStatus.FORBIDDEN: "The account lacks the role, or does not speak for the unit.",
        HTTPStatus.NOT_FOUND: "No case for such a ticket.",
        HTTPStatus.CONFLICT: "Another command came first: what, and when. Or the Idempotency-Key was used with another body.",
    },
    asked={"ticket": "TMFQWCZLOEBSG44DF", "command": "sign", "unit": "yangguang-property"},
    answered={"ticket": "TMFQWCZLOEBSG44DF", "command": "sign", "id": "yangguang-0193"},
)

ASK_AS_PARTY = Operation(
    method="POST",
    path="/cases/{ticket}/requests",
    id="askAsParty",
    summary="A party consents to a mediation, or withdraws: by the signed link of a notice, or noted down by somebody on duty.",
    role="desk",
    by_link=True,
    status=HTTPStatus.ACCEPTED,
    body=PartyRequest,
    answer=RequestTaken,
    parameters={"ticket": "The ticket's id."},
    headers={"Location": "Address of the case."},
    refusals={
        HTTPStatus.NOT_FOUND: "No case for such a ticket.",
        HTTPStatus.CONFLICT: "The mediation has ended: how, and when. Or the Idempotency-Key was used with another body.",
        HTTPStatus.GONE: OVER,
    },
    asked={"request": "consent", "party": "respondent"},
    answered={"ticket": "TMFQWCZLOEBSG44DF", "request": "consent"},
)

SHOW_PARTY_LINK = show_link("/cases/{ticket}", "showPartyLink", codes.LinkPurpose.CONSENT)

OPERATIONS = (
    FILE_REPORT,
    ASK_AS_PARTY,
    SHOW_PARTY_LINK,
    GET_CASE,
    *dispatch_cases.OPERATIONS,
    *dispatch_lists.OPERATIONS,
)
