"""Problem documents by RFC 9457, and the problems that every operation can answer with."""

from http import HTTPStatus

from marshmallow import Schema, fields

MEDIA_TYPE = "application/problem+json"

OF_EVERYTHING: dict[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "No bearer token, or one that belongs to no account.",
    HTTPStatus.FORBIDDEN: "The account lacks the role.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store is out of reach, or the service stops. Ask again; a command with the same key.",
}
OF_PUBLIC = {HTTPStatus.SERVICE_UNAVAILABLE: OF_EVERYTHING[HTTPStatus.SERVICE_UNAVAILABLE]}
OF_COMMANDS: dict[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The body is no JSON, or the Idempotency-Key is missing or bad.",
    HTTPStatus.CONFLICT: "The Idempotency-Key was used before, with another body.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body does not say that it is JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Fields are wrong, or the rules forbid it. Nothing is changed, and the key stays unused.",
}
OF_SEARCHES: dict[HTTPStatus, str] = {
    HTTPStatus.UNPROCESSABLE_ENTITY: "What stands behind the question mark is wrong, twice there, or not known.",
}


class FieldProblem(Schema):
    """The error of one field."""

    field = fields.String(required=True, metadata={"description": "path of the field, such as location.lat"})
    detail = fields.String(required=True, metadata={"description": "what is wrong with it; never its value"})


class ProblemDocument(Schema):
    """A problem document: the reason why a request was refused (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "about:blank: the status says what kind it is"})
    title = fields.String(required=True, metadata={"description": "the status in words"})
    status = fields.Integer(required=True, metadata={"description": "the status"})
    detail = fields.String(required=True, metadata={"description": "what happened, for a person"})
    errors = fields.List(fields.Nested(FieldProblem), metadata={"description": "the fields that are wrong, where some are"})
