"""The kinds of field in the contracts, as marshmallow fields. `contracts.limits` has their limits."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

from contracts import limits

F = TypeVar("F", bound=fields.Field[Any])


class Whole(validate.Regexp):
    """A pattern that must match the whole text: Python's ``$`` also matches before a line break at the end."""

    def __call__(self, value: Any) -> Any:
        if re.fullmatch(self.regex, value) is None:
            raise ValidationError(self._format_error(value))
        return value


def unicode(value: str) -> None:
    """Refuse lone surrogates: JSON can escape them, but neither UTF-8 nor a store can hold them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValidationError("Not Unicode text.") from None


class FreeText(fields.String):
    """A text that a person wrote. Views for a person leave out its invisible characters; events carry the original."""


def ident(about: str, most: int = limits.ID, **kwargs: Any) -> fields.String:
    """Return a field for an opaque id: printable, no spaces, at most 80 characters. Python and ECMAScript agree on these
    spaces."""
    return _required(
        fields.String,
        about,
        validate=[validate.Length(1, most), Whole(r"^[^\s\x00-\x1f\x7f-\x9f\ufeff]+$", error="Not an id."), unicode],
        **kwargs,
    )


def name(about: str, **kwargs: Any) -> fields.String:
    """Return a field for a short text without control characters, at most 200 characters."""
    return _required(
        FreeText,
        about,
        validate=[validate.Length(1, limits.NAME), Whole(r"^[^\x00-\x1f\x7f-\x9f]*$", error="Not a name."), unicode],
        **kwargs,
    )


def text(about: str, most: int = limits.TEXT, **kwargs: Any) -> fields.String:
    """Return a field for a free text, by default at most 4,000 characters; U+0000 is refused because no store can hold it."""
    return _required(
        FreeText,
        about,
        validate=[validate.Length(max=most), Whole(r"^[^\x00]*$", error="Contains U+0000."), unicode],
        **kwargs,
    )


class Code(fields.Enum[StrEnum]):
    """An enum by value that is written from the member or from the plain text that a store returned."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(None if value is None else self.enum(value), attr, obj, **kwargs)


def code(kind: type[StrEnum], about: str, only: Sequence[StrEnum] = (), title: str | None = None, **kwargs: Any) -> Code:
    """Return a field for one code of a list, or of a part of it, which needs a ``title``: generated types are named by it."""
    if bool(only) != bool(title):
        raise TypeError(f"{about}: a part of a list needs a title, and nothing else has one")
    if only:
        kwargs["validate"] = validate.OneOf(only)
        kwargs["metadata"] = {"title": title, **kwargs.get("metadata", {})}
    return _required(Code, about, enum=kind, by_value=True, **kwargs)


def is_business_time(value: datetime) -> bool:
    """Return whether a time is in the supported range: beyond it calendars and other time zones fail."""
    return value.year in limits.YEARS


def _in_range(value: datetime) -> None:
    if not is_business_time(value):
        raise ValidationError(f"Not from {limits.YEARS.start} to {limits.YEARS.stop - 1}.")


def instant(about: str, **kwargs: Any) -> fields.AwareDateTime:
    """Return a field for an instant in ISO 8601 with an offset, from 1900 to 2199."""
    return _required(
        fields.AwareDateTime, about, format="iso", validate=_in_range, metadata={"pattern": "^(19|20|21)[0-9]{2}-"}, **kwargs
    )


def count(about: str, **kwargs: Any) -> fields.Integer:
    """Return a field for an integer from 0 to 2^53 - 1, which every JSON parser reads exactly."""
    return _required(fields.Integer, about, strict=True, validate=validate.Range(0, 2**53 - 1), **kwargs)


class Flag(fields.Boolean):
    """A boolean that accepts neither 1, which is equal to True, nor a text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return bool(super()._deserialize(value, attr, data, **kwargs))


def flag(about: str, **kwargs: Any) -> Flag:
    """Return a field for a boolean that accepts true and false alone."""
    return _required(Flag, about, **kwargs)


class Number(fields.Float):
    """A number that is not accepted as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


def degrees(about: str, most: int, **kwargs: Any) -> Number:
    """Return a field for an angle from -most to most."""
    return _required(Number, about, validate=validate.Range(-most, most), **kwargs)


def idents(about: str, most: int = 100, **kwargs: Any) -> fields.List[Any]:
    """Return a field for a list of ids."""
    return _required(fields.List, about, cls_or_instance=ident(about), validate=validate.Length(max=most), **kwargs)


def codes(kind: type[StrEnum], about: str, least: int = 0, **kwargs: Any) -> fields.List[Any]:
    """Return a field for a list of codes, at most as long as the list of all codes."""
    bounds = validate.Length(least, len(kind))
    return _required(fields.List, about, cls_or_instance=code(kind, about), validate=bounds, **kwargs)


def names(about: str, most: int = 20, **kwargs: Any) -> fields.List[Any]:
    """Return a field for a list of short texts."""
    return _required(fields.List, about, cls_or_instance=name(about), validate=validate.Length(max=most), **kwargs)


class Part(fields.Nested):
    """A nested object that treats unknown fields at any depth as the top schema does: it ignores or refuses them."""

    @property
    def schema(self) -> Schema:
        """Return the nested schema, made once for each schema instance to which this field is bound."""
        made = super().schema
        if isinstance(self.root, Schema):
            made.unknown = self.root.unknown
        return made


def nested(schema: type[Schema], about: str, **kwargs: Any) -> Part:
    """Return a field for a part with its own fields."""
    return _required(Part, about, nested=schema, **kwargs)


def parts(schema: type[Schema], about: str, most: int, **kwargs: Any) -> fields.List[Any]:
    """Return a field for a list of parts with their own fields."""
    return _required(fields.List, about, cls_or_instance=nested(schema, about), validate=validate.Length(max=most), **kwargs)


def _required(kind: type[F], about: str, **kwargs: Any) -> F:
    """Return a field that is required unless it has ``optional=True``; an optional one may also be null."""
    optional = kwargs.pop("optional", False)
    described = {"description": about, **kwargs.pop("metadata", {})}
    return kind(required=not optional, allow_none=optional, metadata=described, **kwargs)
