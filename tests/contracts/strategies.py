"""Data that fits a contract, made from the marshmallow fields that declare it."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from marshmallow import Schema, ValidationError, fields, validate

Values = SearchStrategy[Any]

_MOST_ITEMS = 5


def data_for(schema: type[Schema]) -> SearchStrategy[dict[str, Any]]:
    """What a service might hand to ``write``: members of enums, aware datetimes; optional fields at times."""
    required: dict[Any, Values] = {}
    optional: dict[Any, Values] = {}
    for name, field in schema().fields.items():
        if field.required:
            required[name] = _values(field)
        else:
            optional[name] = _values(field) | st.none() if field.allow_none else _values(field)
    return st.fixed_dictionaries(required, optional=optional)


def _values(field: Any) -> Values:
    for kind, make in _MAKERS.items():
        if isinstance(field, kind):
            return make(field)
    raise TypeError(f"no strategy for {type(field).__name__}: add it to tests/contracts/strategies.py")


def _codes(field: Any) -> Values:
    return st.sampled_from(list(field.enum))


def _instants(_field: Any) -> Values:
    # RFC 3339 has no seconds in an offset, so a zone of the nineteenth century cannot be written
    zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31), timezones=zones)


def _counts(field: Any) -> Values:
    low, high = _range(field)
    return st.integers(low, high)


def _numbers(field: Any) -> Values:
    low, high = _range(field)
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def _texts(field: Any) -> Values:
    shortest, longest = _length(field)
    others = [check for check in field.validators if not isinstance(check, validate.Length)]
    # UTF-8 has no lone surrogates; every other character that the field takes by itself it takes among others
    alphabet = st.characters(exclude_categories=["Cs"]).filter(lambda character: _passes(others, character))
    return st.text(alphabet, min_size=shortest, max_size=longest)


def _lists(field: Any) -> Values:
    shortest, longest = _length(field)
    return st.lists(_values(field.inner), min_size=shortest, max_size=min(longest or _MOST_ITEMS, _MOST_ITEMS))


def _parts(field: Any) -> Values:
    return data_for(type(field.schema))


_MAKERS: dict[type[fields.Field[Any]], Callable[[Any], Values]] = {
    fields.Enum: _codes,
    fields.AwareDateTime: _instants,
    fields.Boolean: lambda _field: st.booleans(),
    fields.Integer: _counts,
    fields.Float: _numbers,
    fields.List: _lists,
    fields.Nested: _parts,
    fields.String: _texts,
}


def _range(field: Any) -> tuple[Any, Any]:
    bounds = next(check for check in field.validators if isinstance(check, validate.Range))
    return bounds.min, bounds.max


def _length(field: Any) -> tuple[int, int | None]:
    bounds = next((check for check in field.validators if isinstance(check, validate.Length)), validate.Length())
    return bounds.min or 0, bounds.max


def _passes(checks: list[Callable[[str], Any]], character: str) -> bool:
    try:
        for check in checks:
            check(character)
    except ValidationError:
        return False
    return True
