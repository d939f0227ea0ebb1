"""``openapi/<service>.yaml``: the HTTP interface of each service, from the operations in `contracts.http`."""

import inspect
from http import HTTPStatus
from pathlib import Path

import yaml
from marshmallow import Schema, fields

from contracts.generators import georeport, samples
from contracts.generators.asyncapi import PlainDumper
from contracts.generators.converter import Converter, Node, name_of, new_spec
from contracts.generators.nulls import references, tell_apart
from contracts.generators.parameters import idempotency_key, path_parameter, search_parameters
from contracts.generators.schemas import GENERATED
from contracts.http import BY_SERVICE, Operation
from contracts.http.files import Download, Upload
from contracts.http.open311 import GeoReport
from contracts.http.problem import MEDIA_TYPE, OF_COMMANDS, OF_EVERYTHING, ProblemDocument
from contracts.payload import EventPayload

RESPONSES = "#/components/responses/"
_ABOUT = """\
Every problem is a problem document by RFC 9457: another method on a path (405, with Allow), an unknown path (404) and what
nobody foresaw (500) too.

A command's `Idempotency-Key` is the account's own id of it. The same key with the same body is one command and gets the same
answer; with another body it is a conflict. A refused command leaves nothing behind.

A command's body has no fields but the described ones: any other is refused by its name, at every depth. A field without a
value is left out: null is refused. An answer may come to have more fields than are described; a field that may be null is
always there.
"""


def render(service: str, root: Path) -> str:
    """Return the file ``openapi/<service>.yaml``."""
    body = yaml.dump(document(service, root), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# {GENERATED}\n{body}"


def document(service: str, root: Path) -> Node:
    """Return the whole document as plain data. Raises LookupError if a body has neither an example nor a sample."""
    spec, converter = new_spec(f"whistle {service}")
    known = samples.read(root)
    for operation in BY_SERVICE[service]:
        if isinstance(operation, GeoReport):
            described = georeport.described(operation, converter)
        else:
            described = _operation(operation, known, converter)
        spec.path(operation.path, operations={operation.method.lower(): {"tags": [service], **described}})
    for status, about in _COMMON.items():
        spec.components.response(_word(status), _problem(status, about))
    standard = {operation.path for operation in BY_SERVICE[service] if isinstance(operation, GeoReport)}
    for name, node in (georeport.errors() if standard else {}).items():
        spec.components.response(name, node)
    schemas = {name_of(key[0]): key[0] for key in converter.refs}
    closed = _closed(service)
    made = spec.to_dict()
    parts = made["components"]
    tell_apart(made["paths"], parts, standard)
    # no operation can name 405, which is the answer to an unknown method
    named = {*references(made["paths"]), RESPONSES + _word(HTTPStatus.METHOD_NOT_ALLOWED)}
    return {
        "openapi": "3.1.0",
        "info": {**made["info"], "description": _ABOUT},
        "servers": [{"url": f"http://{service}:8000", "description": "The host is the deployment's."}],
        "security": [{"token": []}],
        "tags": [{"name": service, "description": f"What is asked of {service}."}],
        "paths": made["paths"],
        "components": {
            "schemas": {
                name: _described(parts["schemas"][name], schemas.get(name), name in closed) for name in sorted(parts["schemas"])
            },
            "responses": {name: node for name, node in parts["responses"].items() if RESPONSES + name in named},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The account's own token."},
                **(georeport.SECURITY if standard else {}),
            },
        },
    }


def _described(converted: Node, schema: type[Schema] | None, closed: bool) -> Node:
    if schema is None:  # a list of codes, which describes itself
        return converted
    # an answer may get more fields later; a form of the standard too
    converted.pop("additionalProperties", None)
    element = getattr(schema, "element", None)
    return {
        "description": inspect.getdoc(schema) or "",
        **converted,
        **({"additionalProperties": False} if closed else {}),
        **({"xml": {"name": element}} if element else {}),
    }


def _closed(service: str) -> set[str]:
    """Return the names of the schemas that refuse unknown fields: of commands' bodies, and of their nested parts."""
    ours = [operation for operation in BY_SERVICE[service] if not isinstance(operation, GeoReport)]
    asked = set().union(*(_nested(operation.body_schema()) for operation in ours if operation.body_schema))
    answered = set().union(*(_nested(operation.answer()) for operation in ours))
    if both := asked & answered:
        raise LookupError(f"{', '.join(sorted(both))}: in a body and in an answer; give each a schema of its own")
    return asked


def _nested(schema: Schema) -> set[str]:
    """Return the names of a schema and of all its nested schemas."""
    inner = (getattr(field, "inner", field) for field in schema.fields.values())
    return {name_of(schema)}.union(*(_nested(field.schema) for field in inner if isinstance(field, fields.Nested)))


def _operation(operation: Operation, known: list[samples.Sample], converter: Converter) -> Node:
    made: Node = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": _who(operation),
        **({"security": [{"token": []}, {}]} if operation.by_link else {"security": []} if operation.public else {}),
        "parameters": [path_parameter(name, about, converter) for name, about in operation.parameters.items()],
    }
    if operation.search:
        made["parameters"] += search_parameters(operation.search, converter)
    if operation.body_schema:
        made["parameters"].append(idempotency_key())
        made["requestBody"] = {"required": True, "content": _json(operation.body_schema, _asked(operation, known))}
    elif isinstance(operation, Upload):
        made["parameters"].append(idempotency_key())
        made["requestBody"] = {"required": True, "content": {name: _bytes() for name in operation.media_types}}
    made["responses"] = {str(int(operation.status)): _answer(operation)}
    for status, about in operation.problems().items():
        made["responses"][str(int(status))] = _word(status) if _COMMON.get(status) == about else _problem(status, about)
    made["responses"]["default"] = _word(HTTPStatus.INTERNAL_SERVER_ERROR)
    return made


def _who(operation: Operation) -> str:
    if operation.public:
        return "Anybody may ask." + (" A browser, which asks for `text/html`, gets a page." if operation.page else "")
    if isinstance(operation, Upload):
        own = f" With the role `{operation.own_role}` it may for its own." if operation.own_role else ""
        return f"The account needs the role `{operation.role}`.{own}{_TOKEN if operation.by_link else ''}"
    return f"The account needs the role `{operation.role}`.{_LINK if operation.by_link else ''}{_own(operation)}"


def _own(operation: Operation) -> str:
    return f" With the role `{operation.own_role}` it sees its own, and nothing else is there." if operation.own_role else ""


def _asked(operation: Operation, known: list[samples.Sample]) -> Node:
    if operation.asked is not None:
        return dict(operation.asked)
    if operation.body is not None and issubclass(operation.body, EventPayload):
        return samples.richest(known, operation.body.type).data
    raise LookupError(f"{operation.id} has no example of its body: give it `asked`")


def _answer(operation: Operation) -> Node:
    if isinstance(operation, Download):
        content: Node = {operation.media_type: _bytes()}
    else:
        content = _json(operation.answer, dict(operation.answered))
    made: Node = {"description": operation.answer.__doc__ or "", "content": content}
    if operation.headers:
        made["headers"] = {name: _header(about) for name, about in operation.headers.items()}
    return made


def _bytes() -> Node:
    return {"schema": {"type": "string", "format": "binary"}}


def _json(schema: type[Schema], example: Node) -> Node:
    return {"application/json": {"schema": schema, "examples": {"one": {"value": example}}}}


_LINK = " Whoever has none may come without a token: the signed link in the body's field `link` is then the authority."

_TOKEN = " Whoever has none may come without one: the signed link in the query parameter `token` is then the authority."

_COMMON = {
    **OF_EVERYTHING,
    **OF_COMMANDS,
    HTTPStatus.METHOD_NOT_ALLOWED: "The path has no such method.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Anything else, as a problem document.",
}
"""The problems that are described once. No operation can name 405: it is the answer to an unknown method."""

_PROBLEM_HEADERS: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "Seconds to wait."),
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "Bearer."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow", "The methods that the path has."),
}


def _word(status: HTTPStatus) -> str:
    """Return the name of a common problem in the components, by which apispec refers to it."""
    return status.phrase.title().replace(" ", "")


def _problem(status: HTTPStatus, about: str) -> Node:
    example: Node = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": about}
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"field": "location.lat", "detail": "Not a valid number."}]
    made: Node = {"description": about}
    if status in _PROBLEM_HEADERS:
        name, says = _PROBLEM_HEADERS[status]
        made["headers"] = {name: _header(says)}
    made["content"] = {MEDIA_TYPE: {"schema": ProblemDocument, "examples": {"one": {"value": example}}}}
    return made


def _header(about: str) -> Node:
    return {"description": about, "required": True, "schema": {"type": "string"}}
