"""The parameters of an operation as OpenAPI describes them."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema

from contracts.http.operation import IDEMPOTENCY_KEY, KEY_PATTERN, PathValues

Node = dict[str, Any]


def path_parameter(name: str, about: str) -> Node:
    """An id, or the code of something."""
    convert = _converter()
    schema = convert.field2property(PathValues().fields["value"])
    schema.pop("description")
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def search_parameters(search: type[Schema]) -> list[Node]:
    """What may stand behind the question mark."""
    convert = _converter()
    made: list[Node] = []
    for name, declared in search().fields.items():
        schema = convert.field2property(declared)
        about = schema.pop("description")
        made.append({"name": name, "in": "query", "required": declared.required, "description": about, "schema": schema})
    return made


def idempotency_key(required: bool = True) -> Node:
    """The header that makes repeating a command harmless."""
    return {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": required,
        "description": "The account's own id of this command: what makes repeating it harmless.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
        "example": "hotline-2026-000183",
    }


def _converter() -> OpenAPIConverter:
    plugin = MarshmallowPlugin()
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    return plugin.converter
