"""Reading a file against its schema, and the kinds of field that the files share."""

from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from chassis.configuration.yaml_files import BadConfig, read_yaml
from contracts.codes import Clock
from contracts.payload import flatten
from services.dispatch.domain.work_calendar import BadSpan, parse


def checked(schema: type[Schema], path: Path) -> dict[str, Any]:
    """Return a file's content. Raises BadConfig with file, path within it and reason."""
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        raise BadConfig(f"{path}: {named(wrong.messages)}") from None
    return loaded


def named(messages: Any) -> str:
    """Return the problems of a file as one line, each with its path."""
    return "; ".join(f"{name}: {what}" for name, what in flatten(messages).items())


def code(kind: Any, **kwargs: Any) -> Any:
    """Return a field for one word of a fixed list."""
    return fields.Enum(kind, by_value=True, **kwargs)


def span(**kwargs: Any) -> fields.String:
    """Return a field for a span such as 1h or 5wd."""
    return fields.String(validate=_is_span, **kwargs)


def spans(clocks: list[Clock], **kwargs: Any) -> fields.Dict:
    """Return a field for the spans of some clocks."""
    return fields.Dict(keys=code(Clock, validate=validate.OneOf(clocks)), values=span(), **kwargs)


def _is_span(value: Any) -> None:
    try:
        parse(str(value))
    except BadSpan as wrong:
        raise ValidationError(str(wrong)) from None
