"""The sample of requests that the console offers: of the street, and the same every time."""

from __future__ import annotations

import json
from pathlib import Path

from chassis.configuration.yaml_files import read_yaml
from cli.sample_requests import COUNT, on_the_street, write_sample
from contracts.events.intake import WhistleBlown

ROOT = Path(__file__).parents[3]
DIRECTORY = ROOT / "deploy/demo/directory.yaml"
STREET = read_yaml(DIRECTORY)


def test_a_hundred_whistles_that_the_street_takes(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.jsonl", ROOT / "deploy/demo", DIRECTORY)
    lines = [json.loads(line) for line in (tmp_path / "sample.jsonl").read_text("utf-8").splitlines()]
    assert len({line["key"] for line in lines}) == len(lines) == COUNT
    for line in lines:
        whistle = WhistleBlown.load(line["whistle"])
        assert whistle.category in {one["code"] for one in STREET["categories"]}
        assert {whistle.area, whistle.estate} - {None} <= {one["code"] for one in STREET["areas"]}
        assert whistle.location is None


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "sample.jsonl").write_text("mine")
    write_sample(tmp_path / "sample.jsonl", ROOT / "deploy/demo", DIRECTORY)
    assert (tmp_path / "sample.jsonl").read_text() == "mine"


def test_a_deployment_without_the_demonstration_has_none(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.jsonl", tmp_path / "demo", DIRECTORY)
    assert not (tmp_path / "sample.jsonl").exists()


def test_a_request_is_always_at_the_same_place() -> None:
    said = {"category": "noise", "area": "bronx", "estate": "e1", "text": "a", "location": {"lat": 1}}
    first, again, other = on_the_street([("1", said), ("1", said), ("2", {"category": "taxi"})][:2] + [("3", said)], STREET)
    assert first == again
    assert other["key"] == "sample-3"
    assert not list(on_the_street([("2", {**said, "category": "taxi"})], STREET))
