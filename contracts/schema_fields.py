"""The kinds of field the contracts are made of, each with its bound: what has no bound can be used to fill a disk."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

F = TypeVar("F", bound=fields.Field[Any])

ID = 80
NAME = 200
ADDRESS = 200
"""A notice tells an address whole, so whatever a channel allows must hold the longest one."""
TEXT = 4000
YEARS = range(1900, 2200)


class Whole(validate.Regexp):
    """A pattern for the whole text: Python's ``$`` also holds before a line break at the end."""

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
    """Words that somebody wrote. Whatever shows them to a person leaves out what is invisible; events carry the original."""


def ident(about: str, most: int = ID, **kwargs: Any) -> fields.String:
    """An opaque id: printable, no spaces, at most 80 characters. What a space is, Python and ECMAScript agree on here."""
    return _required(
        fields.String,
        about,
        validate=[validate.Length(1, most), Whole(r"^[^\s\x00-\x1f\x7f-\x9f\ufeff]+$", error="Not an id."), unicode],
        **kwargs,
    )


def name(about: str, **kwargs: Any) -> fields.String:
    """A short text without control characters, at most 200 characters."""
    return _required(
        FreeText,
        about,
        validate=[validate.Length(1, NAME), Whole(r"^[^\x00-\x1f\x7f-\x9f]*$", error="Not a name."), unicode],
        **kwargs,
    )


def text(about: str, most: int = TEXT, **kwargs: Any) -> fields.String:
    """Free text, at most 4,000 characters unless the field says otherwise; U+0000 is refused because no store keeps it."""
    return _required(
        FreeText,
        about,
        validate=[validate.Length(max=most), Whole(r"^[^\x00]*$", error="Contains U+0000."), unicode],
        **kwargs,
    )


class Code(fields.Enum[StrEnum]):
    """An enum by value that may be written as the member or as the plain word a store gave back."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(None if value is None else self.enum(value), attr, obj, **kwargs)


def code(kind: type[StrEnum], about: str, only: Sequence[StrEnum] = (), title: str | None = None, **kwargs: Any) -> Code:
    """One word of a fixed list, or of a part of it, which needs a ``title``: generated code names its type by it."""
    if bool(only) != bool(title):
        raise TypeError(f"{about}: a part of a list needs a title, and nothing else has one")
    if only:
        kwargs["validate"] = validate.OneOf(only)
        kwargs["metadata"] = {"title": title, **kwargs.get("metadata", {})}
    return _required(Code, about, enum=kind, by_value=True, **kwargs)


def is_business_time(value: datetime) -> bool:
    """Whether all can be done with it that is done with times: far out, neither calendars nor other zones know one."""
    return value.year in YEARS


def _in_range(value: datetime) -> None:
    if not is_business_time(value):
        raise ValidationError(f"Not from {YEARS.start} to {YEARS.stop - 1}.")


def instant(about: str, **kwargs: Any) -> fields.AwareDateTime:
    """An instant in ISO 8601 with an offset, from 1900 to 2199."""
    return _required(
        fields.AwareDateTime, about, format="iso", validate=_in_range, metadata={"pattern": "^(19|20|21)[0-9]{2}-"}, **kwargs
    )


def count(about: str, **kwargs: Any) -> fields.Integer:
    """A whole number from 0 to 2^53 - 1, which every JSON reader keeps exact."""
    return _required(fields.Integer, about, strict=True, validate=validate.Range(0, 2**53 - 1), **kwargs)


class Flag(fields.Boolean):
    """A boolean that takes neither 1, which is equal to True, nor a word."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return bool(super()._deserialize(value, attr, data, **kwargs))


def flag(about: str, **kwargs: Any) -> Flag:
    """True or false, and nothing that merely looks like it."""
    return _required(Flag, about, **kwargs)


class Number(fields.Float):
    """A number that may not come as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


def degrees(about: str, most: int) -> Number:
    """An angle from -most to most."""
    return _required(Number, about, validate=validate.Range(-most, most))


def idents(about: str, most: int = 100, **kwargs: Any) -> fields.List[Any]:
    """A list of ids."""
    return _required(fields.List, about, cls_or_instance=ident(about), validate=validate.Length(max=most), **kwargs)


def codes(kind: type[StrEnum], about: str, least: int = 0, **kwargs: Any) -> fields.List[Any]:
    """A list of words of a fixed list, at most as many as that has."""
    bounds = validate.Length(least, len(kind))
    return _required(fields.List, about, cls_or_instance=code(kind, about), validate=bounds, **kwargs)


def names(about: str, most: int = 20, **kwargs: Any) -> fields.List[Any]:
    """A list of short texts."""
    return _required(fields.List, about, cls_or_instance=name(about), validate=validate.Length(max=most), **kwargs)


class Part(fields.Nested):
    """A nested object that treats unknown fields as the schema at the top does, at any depth: ignores or refuses them."""

    @property
    def schema(self) -> Schema:
        """The nested schema, made once for each schema instance that this field is bound to."""
        made = super().schema
        if isinstance(self.root, Schema):
            made.unknown = self.root.unknown
        return made


def nested(schema: type[Schema], about: str, **kwargs: Any) -> Part:
    """A part with fields of its own."""
    return _required(Part, about, nested=schema, **kwargs)


def parts(schema: type[Schema], about: str, most: int, **kwargs: Any) -> fields.List[Any]:
    """A list of parts with fields of their own."""
    return _required(fields.List, about, cls_or_instance=nested(schema, about), validate=validate.Length(max=most), **kwargs)


def _required(kind: type[F], about: str, **kwargs: Any) -> F:
    """A field is required unless it says ``optional=True``; an optional one may also be null."""
    optional = kwargs.pop("optional", False)
    described = {"description": about, **kwargs.pop("metadata", {})}
    return kind(required=not optional, allow_none=optional, metadata=described, **kwargs)
