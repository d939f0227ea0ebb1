"""The parameters of an operation as OpenAPI describes them."""

from marshmallow import Schema

from contracts.generators.converter import Converter, Node
from contracts.http.operation import IDEMPOTENCY_KEY, KEY_PATTERN, PathValues


def path_parameter(name: str, about: str, converter: Converter) -> Node:
    """An id, or the code of something."""
    schema = converter.field2property(PathValues().fields["value"])
    schema.pop("description")
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def search_parameters(search: type[Schema], converter: Converter) -> list[Node]:
    """What may stand behind the question mark."""
    made: list[Node] = []
    for name, declared in search().fields.items():
        declared.allow_none = False  # an address has no word for null: what is not searched by is left out
        schema = converter.field2property(declared)
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
