"""Schemas and checks of the demonstration's files. Errors name file, path and reason."""

from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, validate
from marshmallow import fields as plain

from chassis.configuration.yaml_files import BadConfig, read_yaml
from contracts import marshmallow_fields as fields
from contracts.payload import flatten


def load_checked(schema: type[Schema], path: Path) -> dict[str, Any]:
    """Return a file's content by its schema. Raises BadConfig."""
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        raise BadConfig(f"{path}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    return loaded


def refuse_unless(holds: bool, path: Path, where: str, why: str) -> None:
    """Check a condition that a schema cannot express. Raises BadConfig."""
    if not holds:
        raise BadConfig(f"{path}: {where}: {why}")


def table(values: Any) -> plain.Dict:
    """Return the field of a table by code or name, with at least one line."""
    return plain.Dict(keys=plain.String(), values=values, required=True, validate=validate.Length(min=1))


def nested(shape: type[Schema]) -> plain.Nested:
    """Return the field of a part with fields of its own, and no others."""
    return plain.Nested(shape, unknown=RAISE)


def code(about: str) -> plain.String:
    """Return the field of a code that an event may carry."""
    return fields.ident(about)
