"""The HTTP face of the ledger."""

from http import HTTPStatus
from typing import Any

from marshmallow import Schema, validate
from marshmallow import fields as plain

from contracts import fields
from contracts.http.operation import Operation


class LogHead(Schema):
    """How large the log is and what its root is (RFC 9162, SHA-256)."""

    size = fields.count("entries")
    root = fields.ident("the tree's hash, hexadecimal")


def _attribute(about: str, **how: Any) -> plain.String:
    return plain.String(metadata={"description": about}, validate=validate.Length(1, 255), **how)


class Entry(Schema):
    """One recorded event: its CloudEvents attributes and its data, which for the ledger are never private."""

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
    """What happened to a subject."""

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

OPERATIONS = (GET_LOG, GET_ENTRIES)
