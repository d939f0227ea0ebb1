"""How OpenAPI describes a field where a client's generator needs more than apispec says.

A list of codes is a component under the codes' own name, so that a generated client has one `Urgency` and not one for each
field that is an urgency. What may be null is said by `anyOf`: of `type: [string, 'null']` with an enum generators make three.
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
    """apispec's, which knows codes."""

    def field2property(self, field: fields.Field[Any]) -> Node:
        """A field's schema."""
        if not isinstance(field, fields.Enum):
            described: Node = super().field2property(field)
            return described
        about = field.metadata["description"]
        codes = self._codes(field)
        return {"description": about, **({"anyOf": [codes, {"type": "null"}]} if field.allow_none else codes)}

    def _codes(self, field: fields.Enum[Any]) -> Node:
        """The whole list by its name; what the field's validators leave of it by the field's title."""
        every = [code.value for code in field.enum]
        left = [code for code in every if _accepted(field, code)]
        name = field.enum.__name__ if left == every else field.metadata["title"]
        return self.listed(name, inspect.getdoc(field.enum) or "", left)

    def listed(self, name: str, about: str, codes: Iterable[str]) -> Node:
        """A list of codes by its name, described once."""
        if name not in self.spec.components.schemas:
            self.spec.components.schema(
                name, component={"title": name, "description": about, "type": "string", "enum": list(codes)}
            )
        return {"$ref": f"#/components/schemas/{name}"}


class Plugin(MarshmallowPlugin):
    """apispec's plugin with our converter, and schemas under their classes' names."""

    Converter = Converter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=name_of)


def new_spec(title: str) -> tuple[APISpec, Converter]:
    """An empty document, and what fills it."""
    plugin = Plugin()
    spec = APISpec(title=title, version="1.0.0", openapi_version="3.1.0", plugins=[plugin])
    assert isinstance(plugin.converter, Converter)
    return spec, plugin.converter


def name_of(schema: type[Schema] | Schema) -> str:
    """A schema's name in the document."""
    return schema.__name__ if isinstance(schema, type) else type(schema).__name__


def _accepted(field: fields.Enum[Any], code: str) -> bool:
    try:
        field.deserialize(code)
    except ValidationError:
        return False
    return True
