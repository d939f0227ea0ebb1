"""The conversion of fields to OpenAPI, where generators of clients need more than apispec writes.

A list of codes is a component under the codes' own name, so that a generated client has one `Urgency` and not one for each
field that is an urgency. A nullable list is written as `anyOf`: generators make three types of `type: [string, 'null']` with an
enum.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, ValidationError, fields

Node = dict[str, Any]


class Converter(OpenAPIConverter):
    """apispec's converter, extended by codes."""

    def field2property(self, field: fields.Field[Any]) -> Node:
        """Return a field's schema."""
        if not isinstance(field, fields.Enum):
            described: Node = super().field2property(field)
            return described
        about = field.metadata["description"]
        codes = self._codes(field)
        return {"description": about, **({"anyOf": [codes, {"type": "null"}]} if field.allow_none else codes)}

    def _codes(self, field: fields.Enum[Any]) -> Node:
        """Return a reference: to the whole list under its name, or to the part that the field's validators allow under the
        field's title."""
        every = [code.value for code in field.enum]
        left = [code for code in every if _accepted(field, code)]
        name = field.enum.__name__ if left == every else field.metadata["title"]
        return self.listed(name, inspect.getdoc(field.enum) or "", left)

    def listed(self, name: str, about: str, codes: Iterable[str]) -> Node:
        """Return a reference to a list of codes by its name; the list is described once."""
        if name not in self.spec.components.schemas:
            self.spec.components.schema(
                name, component={"title": name, "description": about, "type": "string", "enum": list(codes)}
            )
        return {"$ref": f"#/components/schemas/{name}"}


class Plugin(MarshmallowPlugin):
    """apispec's plugin with this converter, and with class names as the names of schemas."""

    Converter = Converter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=name_of)


def new_spec(title: str) -> tuple[APISpec, Converter]:
    """Return an empty document and its converter."""
    plugin = Plugin()
    spec = APISpec(title=title, version="1.0.0", openapi_version="3.1.0", plugins=[plugin])
    assert isinstance(plugin.converter, Converter)
    return spec, plugin.converter


def name_of(schema: type[Schema] | Schema) -> str:
    """Return a schema's name in the document."""
    return schema.__name__ if isinstance(schema, type) else type(schema).__name__


def _accepted(field: fields.Enum[Any], code: str) -> bool:
    try:
        field.deserialize(code)
    except ValidationError:
        return False
    return True
