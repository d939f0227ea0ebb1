"""``openapi/<service>.yaml``: what each service answers over HTTP, from the operations in `contracts.http`."""

import inspect
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from contracts.envelope import EventSchema
from contracts.generators import samples
from contracts.generators.asyncapi import PlainDumper
from contracts.generators.schemas import GENERATED
from contracts.http import BY_SERVICE, Operation
from contracts.http.operation import IDEMPOTENCY_KEY, KEY_PATTERN, PathValues
from contracts.http.problem import MEDIA_TYPE, OF_COMMANDS, OF_EVERYTHING, ProblemDocument

Node = dict[str, Any]

_ABOUT = """\
Every problem is a problem document by RFC 9457: another method on a path (405, with Allow), an unknown path (404) and what
nobody foresaw (500) too.

A command's `Idempotency-Key` is the account's own id of it. The same key with the same body is one command and gets the same
answer; with another body it is a conflict. A refused command leaves nothing behind. Fields that are not described are ignored.
"""


def render(service: str, root: Path) -> str:
    """The file ``openapi/<service>.yaml``."""
    body = yaml.dump(document(service, root), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# {GENERATED}\n{body}"


def document(service: str, root: Path) -> Node:
    """The whole document as plain data. Raises LookupError where a body has neither an example nor a sample."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(title=f"whistle {service}", version="1.0.0", openapi_version="3.1.0", plugins=[plugin])
    # apispec gives an enum no type, and so cannot say that one may be null
    plugin.map_to_openapi_type(fields.Enum, "string", None)  # type: ignore[no-untyped-call]
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_part_of_enum)  # type: ignore[no-untyped-call]
    known = samples.read(root)
    for operation in BY_SERVICE[service]:
        spec.path(operation.path, operations={operation.method.lower(): _operation(operation, known)})
    for status, about in _COMMON.items():
        spec.components.response(_word(status), _problem(status, about))
    schemas = {_name(key[0]): key[0] for key in plugin.converter.refs}
    made = spec.to_dict()
    parts = made["components"]
    return {
        "openapi": "3.1.0",
        "info": {**made["info"], "description": _ABOUT},
        "servers": [{"url": f"http://{service}:8000", "description": "The host is the deployment's."}],
        "security": [{"token": []}],
        "paths": made["paths"],
        "components": {
            "schemas": {name: _described(parts["schemas"][name], schemas[name]) for name in sorted(parts["schemas"])},
            "responses": parts["responses"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "The account's own token."}},
        },
    }


def _part_of_enum(_converter: Any, declared: Any, **_: Any) -> Node:
    """Of an enum the members that a field takes: apispec names them all."""
    only = next((check for check in declared.validators if isinstance(check, validate.OneOf)), None)
    return {"enum": [one.value for one in only.choices]} if only and isinstance(declared, fields.Enum) else {}


def _name(schema: type[Schema] | Schema) -> str:
    return schema.__name__ if isinstance(schema, type) else type(schema).__name__


def _described(converted: Node, schema: type[Schema]) -> Node:
    # what is not described is ignored in a body and may come to be in an answer
    converted.pop("additionalProperties", None)
    return {"description": inspect.getdoc(schema) or "", **converted}


def _operation(operation: Operation, known: list[samples.Sample]) -> Node:
    made: Node = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"The account needs the role `{operation.role}`.{_LINK if operation.by_link else ''}",
        **({"security": [{"token": []}, {}]} if operation.by_link else {}),
        "parameters": [_path_parameter(name, about) for name, about in operation.parameters.items()],
    }
    if operation.search:
        made["parameters"] += _search_parameters(operation.search)
    if operation.body:
        made["parameters"].append(_idempotency_key())
        made["requestBody"] = {"required": True, "content": _json(operation.body, _asked(operation, known))}
    made["responses"] = {str(int(operation.status)): _answer(operation)}
    for status, about in operation.problems().items():
        made["responses"][str(int(status))] = _word(status) if _COMMON.get(status) == about else _problem(status, about)
    made["responses"]["default"] = _word(HTTPStatus.INTERNAL_SERVER_ERROR)
    return made


def _path_parameter(name: str, about: str) -> Node:
    plain = MarshmallowPlugin(schema_name_resolver=_name)
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plain])
    assert plain.converter is not None
    schema = plain.converter.field2property(PathValues().fields["value"])
    schema.pop("description")
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _search_parameters(search: type[Schema]) -> list[Node]:
    plain = MarshmallowPlugin(schema_name_resolver=_name)
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plain])
    assert plain.converter is not None
    made: list[Node] = []
    for name, declared in search().fields.items():
        schema = plain.converter.field2property(declared)
        about = schema.pop("description")
        made.append({"name": name, "in": "query", "required": declared.required, "description": about, "schema": schema})
    return made


def _idempotency_key() -> Node:
    return {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": True,
        "description": "The account's own id of this command: what makes repeating it harmless.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
        "example": "hotline-2026-000183",
    }


def _asked(operation: Operation, known: list[samples.Sample]) -> Node:
    if operation.asked is not None:
        return dict(operation.asked)
    if operation.body is not None and issubclass(operation.body, EventSchema):
        return samples.richest(known, operation.body.type).data
    raise LookupError(f"{operation.id} has no example of its body: give it `asked`")


def _answer(operation: Operation) -> Node:
    made: Node = {"description": operation.answer.__doc__ or "", "content": _json(operation.answer, dict(operation.answered))}
    if operation.headers:
        made["headers"] = {name: _header(about) for name, about in operation.headers.items()}
    return made


def _json(schema: type[Schema], example: Node) -> Node:
    return {"application/json": {"schema": schema, "examples": {"one": {"value": example}}}}


_LINK = " Whoever has none may come without a token: the signed link in the body's field `link` is then the authority."

_COMMON = {
    **OF_EVERYTHING,
    **OF_COMMANDS,
    HTTPStatus.METHOD_NOT_ALLOWED: "The path has no such method.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Anything else, as a problem document.",
}
"""The problems that are described once. No operation can name 405: it is the answer to a method that is none."""

_PROBLEM_HEADERS: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "Seconds to wait."),
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "Bearer."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow", "The methods that the path has."),
}


def _word(status: HTTPStatus) -> str:
    """The name of a common problem in the components, which is how apispec refers to it."""
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
