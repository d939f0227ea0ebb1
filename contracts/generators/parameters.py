"""OpenAPI descriptions of the parameters of an operation."""

from marshmallow import Schema

from contracts.generators.converter import Converter, Node
from contracts.http.operation import IDEMPOTENCY_KEY, KEY_PATTERN, PathValues


def path_parameter(name: str, about: str, converter: Converter) -> Node:
    """Return a path parameter: an id or a code."""
    schema = converter.field2property(PathValues().fields["value"])
    schema.pop("description")
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def search_parameters(search: type[Schema], converter: Converter) -> list[Node]:
    """Return the query parameters."""
    made: list[Node] = []
    for name, declared in search().fields.items():
        declared.allow_none = False  # a query string cannot express null: an unused parameter is left out
        schema = converter.field2property(declared)
        about = schema.pop("description")
        made.append({"name": name, "in": "query", "required": declared.required, "description": about, "schema": schema})
    return made


def idempotency_key(required: bool = True) -> Node:
    """Return the header that makes a repeated command harmless."""
    return {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": required,
        "description": "The account's own id of this command: what makes repeating it harmless.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
        "example": "hotline-2026-000183",
    }
