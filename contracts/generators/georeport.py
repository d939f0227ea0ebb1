"""OpenAPI descriptions of GeoReport v2: two formats, forms, an api_key, and errors in the standard's format."""

from http import HTTPStatus
from typing import Any

from contracts.generators.converter import Converter, Node
from contracts.generators.parameters import idempotency_key, path_parameter, search_parameters
from contracts.http.open311 import ERRORS, GeoReport, Key
from contracts.http.open311.schemas import FORM, FORMATS, LISTS, ServiceError

SECURITY: Node = {
    "api_key": {"type": "apiKey", "in": "query", "name": "api_key", "description": "The same token, as GeoReport sends it."}
}
_WHO = {
    Key.NEVER: "Anybody may ask.",
    Key.OPTIONAL: "Without a key: public services alone. An account sees its own requests too, one with the role `{role}` all.",
    Key.REQUIRED: "The account needs the role `{role}`. The key may also be in the form.",
}
_SECURITY: dict[Key, list[Node]] = {
    Key.NEVER: [],
    Key.OPTIONAL: [{}, {"api_key": []}, {"token": []}],
    Key.REQUIRED: [{"api_key": []}, {"token": []}, {}],
}
"""The empty object stands for a key in the form, which OpenAPI cannot express."""


def errors() -> dict[str, Node]:
    """Return the error answers by their names in the components."""
    return {
        _word(status): _errors(status, about)
        for status, about in {**ERRORS, HTTPStatus.INTERNAL_SERVER_ERROR: "Anything else."}.items()
    }


def described(operation: GeoReport, converter: Converter) -> Node:
    """Return the description of an operation."""
    made: Node = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": _WHO[operation.key].format(role=operation.role),
        "security": _SECURITY[operation.key],
        "parameters": [_path(name, about, converter) for name, about in operation.parameters.items()],
    }
    if operation.search:
        made["parameters"] += [_exploded(one) for one in search_parameters(operation.search, converter)]
    if operation.body:
        made["parameters"].append(idempotency_key(required=False))
        example = {"one": {"value": dict(operation.asked or {})}}
        made["requestBody"] = {"required": True, "content": {FORM: {"schema": operation.body_schema, "examples": example}}}
    made["responses"] = {
        str(int(operation.status)): {
            "description": operation.answer.__doc__ or "",
            "content": _content(operation.answer, operation.root, dict(operation.answered)),
        },
        **{str(int(status)): _word(status) for status in operation.problems()},
        "default": _word(HTTPStatus.INTERNAL_SERVER_ERROR),
    }
    return made


def _path(name: str, about: str, converter: Converter) -> Node:
    made = path_parameter(name, about, converter)
    return {**made, "schema": converter.listed("Format", "How the answer is written.", FORMATS)} if name == "format" else made


def _exploded(parameter: Node) -> Node:
    return {**parameter, "style": "form", "explode": False} if parameter["schema"].get("type") == "array" else parameter


def _word(status: HTTPStatus) -> str:
    return "Open311" + status.phrase.title().replace(" ", "")


def _errors(status: HTTPStatus, about: str) -> Node:
    made: Node = {
        "description": about,
        "content": _content(ServiceError, "errors", {"code": int(status), "description": about}),
    }
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        made["headers"] = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "string"}}}
    return made


def _content(schema: Any, root: str, example: Node) -> Node:
    listed = root in LISTS
    whole = {"type": "array", "items": schema, "xml": {"name": root, "wrapped": True}} if listed else schema
    value = [example] if listed else example
    return {
        FORMATS["json"]: {"schema": whole, "examples": {"one": {"value": value}}},
        FORMATS["xml"]: {"schema": whole},
    }
