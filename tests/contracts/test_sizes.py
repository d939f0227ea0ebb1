"""Whatever the contracts allow can be read: no event and no body comes near the bounds of the reader."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, fields, validate

from chassis.size_limits import MAX_BODY_BYTES, MAX_DEPTH
from contracts.http import BY_SERVICE
from contracts.payload import all_payloads

BODIES = [one.body_schema for operations in BY_SERVICE.values() for one in operations if one.body_schema]
LONGEST_CHARACTER = 6
"""Bytes of a control character, which is spelt out; the longest of UTF-8 has four."""


EVENTS = [payload.schema for payload in all_payloads()]


@pytest.mark.parametrize("schema", [*EVENTS, *BODIES], ids=lambda schema: schema.__name__)
def test_the_largest_of_a_contract_fits(schema: type[Schema]) -> None:
    size, depth = largest(schema)
    assert size < MAX_BODY_BYTES
    assert depth <= 4 < MAX_DEPTH


def largest(schema: type[Schema]) -> tuple[int, int]:
    """Bytes and depth of the largest data that fits."""
    parts = [(len(name) + 4, _largest(field)) for name, field in schema().fields.items()]
    return 2 + sum(name + size for name, (size, _) in parts), 1 + max((depth for _, (_, depth) in parts), default=0)


def _largest(field: Any) -> tuple[int, int]:
    if isinstance(field, fields.Nested):
        return largest(type(field.schema))
    most = next((check.max for check in field.validators if isinstance(check, validate.Length)), None)
    if isinstance(field, fields.List):
        assert most, "a list without a bound"
        size, depth = _largest(field.inner)
        return 2 + most * (size + 1), depth + 1
    if isinstance(field, fields.String) and not isinstance(field, fields.Enum):
        assert most, "a text without a bound"
        return 2 + most * LONGEST_CHARACTER, 0
    return 64, 0  # a number, a flag, an instant or a word of ours
