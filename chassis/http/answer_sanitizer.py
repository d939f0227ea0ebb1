"""Sanitized answers: the free texts of a schema without invisible characters."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from chassis.untrusted_text import visible_text
from contracts.marshmallow_fields import FreeText


def sanitized(schema: Schema, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer that the schema dumped, with every `FreeText` passed through `visible_text`. Ids stay unchanged."""
    by_key = {field.data_key or name: field for name, field in schema.fields.items()}
    return {name: _shown(by_key.get(name), value) for name, value in dumped.items()}


def _shown(field: fields.Field[Any] | None, value: Any) -> Any:
    if isinstance(field, FreeText) and isinstance(value, str):
        return visible_text(value)
    if isinstance(field, fields.Nested) and value is not None:
        nested = field.schema
        return [sanitized(nested, one) for one in value] if isinstance(value, list) else sanitized(nested, value)
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_shown(field.inner, one) for one in value]
    return value
