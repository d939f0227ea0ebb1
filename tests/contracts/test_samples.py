"""Every released shape stays readable, and a consumer minds only what it knows."""

import json
import re
from collections import defaultdict
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat

from contracts.envelope import SEQUENCE_DIGITS
from contracts.generate import ROOT
from contracts.generators import samples
from contracts.generators.released import shape_fields
from contracts.generators.samples import Sample, filled
from contracts.generators.schemas import json_schema
from contracts.payload import EventPayload, all_payloads, payload_for

SAMPLES = samples.read(ROOT)
EVERY_SAMPLE = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
EVERY_CONTRACT = pytest.mark.parametrize("schema", all_payloads(), ids=lambda schema: schema.type)

CHINESE_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def samples_of(schema: type[EventPayload]) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.type == schema.type]


@EVERY_SAMPLE
def test_a_sample_is_read_and_written_again(sample: Sample) -> None:
    schema = payload_for(sample.type)
    assert schema.load(sample.data).to_wire() == _without_null(sample.data)


@EVERY_SAMPLE
def test_a_sample_is_a_cloud_event(sample: Sample) -> None:
    event = JSONFormat().read(None, json.dumps(sample.event))
    schema = payload_for(event.get_type())
    assert event.get_specversion() == "1.0"
    assert event.get_subject()
    assert event.get_datacontenttype() == "application/json"
    assert (time := event.get_time()) is not None
    assert time.tzinfo is not None
    if schema.producer != "intake":
        assert event.get_source() == f"/{schema.producer}"
        assert event.get_extension("correlationid")
        assert re.fullmatch(rf"[0-9]{{{SEQUENCE_DIGITS}}}", event.get_extension("sequence"))


@EVERY_SAMPLE
def test_a_sample_lies_where_its_type_says(sample: Sample) -> None:
    assert sample.event["type"] == sample.type
    assert re.fullmatch(r"[1-9][0-9]*-[a-z][a-z-]*\.json", sample.name.rpartition("/")[2])


def test_samples_are_numbered_without_gaps() -> None:
    numbers = defaultdict(list)
    for sample in SAMPLES:
        numbers[sample.type].append(int(sample.name.rpartition("/")[2].partition("-")[0]))
    assert {type_: sorted(found) for type_, found in numbers.items()} == {
        type_: list(range(1, len(found) + 1)) for type_, found in numbers.items()
    }


def test_samples_have_identities_of_their_own() -> None:
    identities = [(sample.event["source"], sample.event["id"]) for sample in SAMPLES]
    assert len(set(identities)) == len(identities)


@EVERY_SAMPLE
def test_nobody_can_be_telephoned(sample: Sample) -> None:
    assert not CHINESE_MOBILE.search(json.dumps(sample.data, ensure_ascii=False).replace("-", "").replace(" ", ""))


@EVERY_CONTRACT
def test_a_sample_has_every_field(schema: type[EventPayload]) -> None:
    everything = {path for path, _ in shape_fields(json_schema(schema)) if not path.endswith("[]")}
    missing = [sorted(everything - set(filled(sample.data))) for sample in samples_of(schema)]
    assert [] in missing, f"no sample of {schema.type} has all fields; they lack {missing}"


@EVERY_CONTRACT
def test_a_sample_has_only_the_required_fields(schema: type[EventPayload]) -> None:
    required = _required(schema)
    assert required in [set(filled(sample.data)) for sample in samples_of(schema)], (
        f"{schema.type} has no sample with only {sorted(required)}"
    )


@EVERY_SAMPLE
def test_a_consumer_ignores_what_it_does_not_know(sample: Sample) -> None:
    schema = payload_for(sample.type)
    assert schema.load(_with_news(sample.data)) == schema.load(sample.data)


def _required(schema: type[EventPayload]) -> set[str]:
    """The required fields, and those of the parts that are required themselves."""
    required: set[str] = set()
    for path, shape in shape_fields(json_schema(schema)):
        parent = path.rpartition(".")[0]
        if shape["required"] and (not parent or parent in required):
            required.add(path)
    return required


def _without_null(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _without_null(value) if isinstance(value, dict) else value for key, value in data.items() if value is not None}


def _with_news(data: dict[str, Any]) -> dict[str, Any]:
    grown = {key: _with_news(value) if isinstance(value, dict) else value for key, value in data.items()}
    return grown | {"news": "of the next release"}
