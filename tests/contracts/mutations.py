"""Data that nearly fits a contract: every way to spoil one field, and the path by which the refusal has to name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from marshmallow import Schema, fields, validate


class Mutation(NamedTuple):
    """``what`` was done to the field at ``path``, and the data with it."""

    what: str
    path: str
    data: dict[str, Any]


def mutations(schema: type[Schema], data: Mapping[str, Any]) -> Iterator[Mutation]:
    """Each spoils one field of data as it is on the wire; the parts that the data has are spoilt from within too."""
    for name, field in schema().fields.items():
        if field.required:
            yield Mutation("dropped", name, {key: value for key, value in data.items() if key != name})
            yield Mutation("null", name, {**data, name: None})
        for what, value in _spoilt(field):
            yield Mutation(what, name, {**data, name: value})
        if isinstance(field, fields.Nested) and data.get(name):
            for inner in mutations(type(field.schema), data[name]):
                yield Mutation(inner.what, f"{name}.{inner.path}", {**data, name: inner.data})


def with_more(data: Mapping[str, Any], extra: Any) -> dict[str, Any]:
    """The same data with a field that no contract has, at every depth."""
    more = {name: with_more(value, extra) if isinstance(value, Mapping) else deepcopy(value) for name, value in data.items()}
    return {**more, "not_in_any_contract": extra}


def _spoilt(field: Any) -> Iterator[tuple[str, Any]]:
    for kind, values in _WRONG.items():
        if isinstance(field, kind):
            yield from ((f"not {kind.__name__}: {value!r:.30}", value) for value in values)
            break
    for check in field.validators:
        yield from _beyond(field, check)


def _beyond(field: Any, check: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(check, validate.Length) and check.max is not None:
        longer = ["x"] if isinstance(field, fields.List) else "x"
        yield "too long", longer * (check.max + 1)
    if isinstance(check, validate.Range):
        yield "too much", check.max + 1
        yield "too little", check.min - 1


_WRONG: dict[type[fields.Field[Any]], tuple[Any, ...]] = {
    fields.Enum: ("no such word", "", 7, True, [], {}),
    fields.AwareDateTime: ("yesterday", "2026-03-03T09:42:00", "9999-12-31T23:59:59-14:00", 7, True, []),
    fields.Boolean: (1, 0, "true", "", []),
    fields.Integer: ("1", 1.5, True, float("nan"), 10**400, []),
    fields.Float: ("1.5", True, float("nan"), float("inf"), 10**400, []),
    fields.List: ("x", {"0": "x"}, 7, [None], [{}]),
    fields.Nested: ("x", [], 7, True),
    fields.String: (7, True, ["x"], {"x": "x"}, "a\0b", "\ud800"),
}
"""Of another type, or none of the values that the type has."""
