"""Specifiers of payload fields: each has the type of its field's value and carries the marshmallow field behind it.

A field is required unless it has ``default=None``; then it may be left out or null, and its annotation ends in ``| None``.
`contracts.marshmallow_fields` defines what each kind of field accepts.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar, overload

from marshmallow import Schema
from marshmallow import fields as plain

from contracts import marshmallow_fields
from contracts.limits import ID, TEXT

FIELD, KIND = "field", "kind"
"""Keys of a dataclass field's metadata: the marshmallow field, and the type of the value that it loads."""


class Described(Protocol):
    """A class with its own marshmallow schema: `contracts.payload.Part`."""

    schema: ClassVar[type[Schema]]


E = TypeVar("E", bound=StrEnum)
P = TypeVar("P", bound=Described)


@overload
def ident(about: str, most: int = ID) -> str: ...
@overload
def ident(about: str, most: int = ID, *, default: None) -> str | None: ...
def ident(about: str, most: int = ID, **optional: None) -> Any:
    """Return the specifier of an opaque id."""
    return _specified(str, marshmallow_fields.ident(about, most, optional=bool(optional)))


@overload
def name(about: str) -> str: ...
@overload
def name(about: str, *, default: None) -> str | None: ...
def name(about: str, **optional: None) -> Any:
    """Return the specifier of a short text without control characters."""
    return _specified(str, marshmallow_fields.name(about, optional=bool(optional)))


@overload
def text(about: str, most: int = TEXT) -> str: ...
@overload
def text(about: str, most: int = TEXT, *, default: None) -> str | None: ...
def text(about: str, most: int = TEXT, **optional: None) -> Any:
    """Return the specifier of a free text."""
    return _specified(str, marshmallow_fields.text(about, most, optional=bool(optional)))


@overload
def code(kind: type[E], about: str, only: Sequence[E] = (), title: str | None = None) -> E: ...
@overload
def code(kind: type[E], about: str, only: Sequence[E] = (), title: str | None = None, *, default: None) -> E | None: ...
def code(kind: type[E], about: str, only: Sequence[E] = (), title: str | None = None, **optional: None) -> Any:
    """Return the specifier of one code of a list, or of a part of a list, which needs a ``title``."""
    return _specified(kind, marshmallow_fields.code(kind, about, only, title, optional=bool(optional)))


@overload
def instant(about: str) -> datetime: ...
@overload
def instant(about: str, *, default: None) -> datetime | None: ...
def instant(about: str, **optional: None) -> Any:
    """Return the specifier of an instant with an offset."""
    return _specified(datetime, marshmallow_fields.instant(about, optional=bool(optional)))


@overload
def count(about: str) -> int: ...
@overload
def count(about: str, *, default: None) -> int | None: ...
def count(about: str, **optional: None) -> Any:
    """Return the specifier of an integer from 0."""
    return _specified(int, marshmallow_fields.count(about, optional=bool(optional)))


@overload
def flag(about: str) -> bool: ...
@overload
def flag(about: str, *, default: None) -> bool | None: ...
def flag(about: str, **optional: None) -> Any:
    """Return the specifier of a boolean."""
    return _specified(bool, marshmallow_fields.flag(about, optional=bool(optional)))


def degrees(about: str, most: int) -> float:
    """Return the specifier of an angle from -most to most."""
    specified: float = _specified(float, marshmallow_fields.degrees(about, most))
    return specified


@overload
def idents(about: str, most: int = 100) -> list[str]: ...
@overload
def idents(about: str, most: int = 100, *, default: None) -> list[str] | None: ...
def idents(about: str, most: int = 100, **optional: None) -> Any:
    """Return the specifier of a list of ids."""
    return _specified(list[str], marshmallow_fields.idents(about, most, optional=bool(optional)))


@overload
def names(about: str, most: int = 20) -> list[str]: ...
@overload
def names(about: str, most: int = 20, *, default: None) -> list[str] | None: ...
def names(about: str, most: int = 20, **optional: None) -> Any:
    """Return the specifier of a list of short texts."""
    return _specified(list[str], marshmallow_fields.names(about, most, optional=bool(optional)))


def codes(kind: type[E], about: str, least: int = 0) -> list[E]:
    """Return the specifier of a list of codes."""
    specified: list[E] = _specified(list[kind], marshmallow_fields.codes(kind, about, least))  # type: ignore[valid-type]
    return specified


@overload
def nested(part: type[P], about: str) -> P: ...
@overload
def nested(part: type[P], about: str, *, default: None) -> P | None: ...
def nested(part: type[P], about: str, **optional: None) -> Any:
    """Return the specifier of a part with its own fields."""
    return _specified(part, marshmallow_fields.nested(part.schema, about, optional=bool(optional)))


@overload
def parts(part: type[P], about: str, most: int) -> list[P]: ...
@overload
def parts(part: type[P], about: str, most: int, *, default: None) -> list[P] | None: ...
def parts(part: type[P], about: str, most: int, **optional: None) -> Any:
    """Return the specifier of a list of parts with their own fields."""
    return _specified(list[part], marshmallow_fields.parts(part.schema, about, most, optional=bool(optional)))  # type: ignore[valid-type]


def _specified(kind: Any, field: plain.Field[Any]) -> Any:
    metadata = {FIELD: field, KIND: kind if field.required else kind | None}
    if field.required:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(metadata=metadata, default=None)
