"""Whatever fits a contract survives the wire, and the published JSON Schema agrees with the code."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.generators.schemas import json_schema
from contracts.payload import EventPayload, InvalidEvent, all_payloads
from tests.contracts.strategies import data_for

EVERY_CONTRACT = pytest.mark.parametrize("schema", all_payloads(), ids=lambda schema: schema.type)
# building the characters that a field takes is slow the first time, and says nothing about the contract
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 0.0, 1.0, -1, 2**53, 1.5]),
    st.sampled_from(["", "0", "1", "true", "1.5", " ", "E0", "2026-03-03T09:12:00+08:00"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    st.just([]),
    st.just({}),
)


@cache
def validator(schema: type[EventPayload]) -> Draft202012Validator:
    return Draft202012Validator(json_schema(schema))


@EVERY_CONTRACT
def test_the_published_schema_is_one(schema: type[EventPayload]) -> None:
    Draft202012Validator.check_schema(json_schema(schema))


@EVERY_CONTRACT
@FEW
@given(draw=st.data())
def test_what_is_written_is_read_back(schema: type[EventPayload], draw: st.DataObject) -> None:
    said = schema.of(draw.draw(data_for(schema.schema)))
    written = said.to_wire()
    validator(schema).validate(written)
    body = json.dumps(written, ensure_ascii=False).encode()
    assert schema.load(json.loads(body)) == said


@EVERY_CONTRACT
@FEW
@given(draw=st.data())
def test_what_is_read_the_published_schema_accepts_too(schema: type[EventPayload], draw: st.DataObject) -> None:
    """Else a producer could come to rely on something that the contract does not say."""
    data = schema.of(draw.draw(data_for(schema.schema))).to_wire()
    if not (places := list(_places(data))):
        return
    holder, key = draw.draw(st.sampled_from(places))
    holder[key] = draw.draw(JSON_VALUES)
    try:
        schema.load(data)
    except InvalidEvent:
        return
    validator(schema).validate(data)


def _places(data: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Every field of the data, at any depth, as the mapping that holds it and its name there."""
    inner = [place for value in data.values() if isinstance(value, dict) for place in _places(value)]
    return [(data, key) for key in sorted(data)] + inner
