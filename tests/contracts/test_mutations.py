"""One field spoilt in every way there is: the refusal names it. One more field: nobody minds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.envelope import EventSchema, InvalidEvent, all_schemas
from tests.contracts.mutations import mutations, with_more
from tests.contracts.strategies import data_for

few = settings(deadline=None, derandomize=True, max_examples=3, suppress_health_check=list(HealthCheck))
each_type = pytest.mark.parametrize("schema", all_schemas(), ids=lambda schema: schema.type)


@each_type
@few
@given(st.data())
def test_a_spoilt_field_is_refused_by_its_name(schema: type[EventSchema], data: st.DataObject) -> None:
    good = schema.write(data.draw(data_for(schema)))
    tried = 0
    for what, path, spoilt in mutations(schema, good):
        with pytest.raises(InvalidEvent) as refused:
            schema.read(spoilt)
        named = {field for field in refused.value.errors if field == path or field.startswith(f"{path}.")}
        assert named == set(refused.value.errors), (what, path, refused.value.errors)
        tried += 1
    assert tried >= len(schema().fields)


@each_type
@few
@given(st.data(), st.sampled_from([None, 7, "x", "\0", "\ud800", [[]], {"a": {}}, float("nan"), 10**400]))
def test_a_field_that_no_contract_has_is_ignored_at_every_depth(
    schema: type[EventSchema], data: st.DataObject, extra: object
) -> None:
    good = schema.write(data.draw(data_for(schema)))
    assert schema.read(with_more(good, extra)) == schema.read(good)
