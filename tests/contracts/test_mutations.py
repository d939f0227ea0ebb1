"""One field spoilt in every way there is: the refusal names it. One more field: nobody minds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.payload import EventPayload, InvalidEvent, all_payloads
from tests.contracts.mutations import mutations, with_more
from tests.contracts.strategies import data_for

few = settings(deadline=None, derandomize=True, max_examples=3, suppress_health_check=list(HealthCheck))
each_type = pytest.mark.parametrize("schema", all_payloads(), ids=lambda schema: schema.type)


@each_type
@few
@given(st.data())
def test_a_spoilt_field_is_refused_by_its_name(schema: type[EventPayload], data: st.DataObject) -> None:
    good = schema.of(data.draw(data_for(schema.schema))).to_wire()
    tried = 0
    for what, path, spoilt in mutations(schema.schema, good):
        with pytest.raises(InvalidEvent) as refused:
            schema.load(spoilt)
        named = {field for field in refused.value.errors if field == path or field.startswith(f"{path}.")}
        assert named == set(refused.value.errors), (what, path, refused.value.errors)
        tried += 1
    assert tried >= len(schema.schema().fields)


@each_type
@few
@given(st.data(), st.sampled_from([None, 7, "x", "\0", "\ud800", [[]], {"a": {}}, float("nan"), 10**400]))
def test_a_field_that_no_contract_has_is_ignored_at_every_depth(
    schema: type[EventPayload], data: st.DataObject, extra: object
) -> None:
    good = schema.of(data.draw(data_for(schema.schema))).to_wire()
    assert schema.load(with_more(good, extra)) == schema.load(good)
