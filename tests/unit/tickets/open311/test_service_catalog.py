"""`open311.yaml` and `places.geojson`: what is shipped fits the directory, and what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from chassis.handler_context import Missing
from services.tickets.domain.allowed_commands import State
from services.tickets.open311.boundaries import read_map
from services.tickets.open311.service_catalog import Service, read_service_catalog

DEPLOY = Path(__file__).resolve().parents[4] / "deploy"
DIRECTORY = load_yaml((DEPLOY / "demo/directory.yaml").read_text("utf-8"))
SHIPPED = load_yaml((DEPLOY / "open311.yaml").read_text("utf-8"))
RING = [[108.9, 34.26], [108.91, 34.26], [108.91, 34.27], [108.9, 34.26]]


def read(directory: Path, geojson: Any = None, **changes: Any) -> Any:
    """An offer as the file says it, with changes; None takes a key away."""
    told = {name: value for name, value in {**SHIPPED, **changes}.items() if value is not ...}
    (directory / "open311.yaml").write_text(dump_yaml(told), "utf-8")
    (directory / "places.geojson").write_text(json.dumps(geojson or {"type": "FeatureCollection", "features": []}))
    return read_service_catalog(directory)


def feature(**changes: Any) -> dict[str, Any]:
    """A collection with one area."""
    one = {
        "type": "Feature",
        "properties": {"area": "a", "names": ["A"]},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    }
    return {"type": "FeatureCollection", "features": [{**one, **changes}]}


def test_what_is_shipped_fits_the_directory_of_the_demonstration() -> None:
    catalog = read_service_catalog(DEPLOY)
    codes = {area["code"]: area["kind"] for area in DIRECTORY["areas"]}
    for place in catalog.places._by_code.values():
        assert place.area in codes
        assert codes[place.code] == "estate" if place.estate else codes[place.code] != "estate"
        inside = catalog.places.containing(place.middle)
        assert place.estate is None or (inside.area, inside.estate) == (place.area, place.estate)
    categories = {category["code"]: category for category in DIRECTORY["categories"]}
    police = set(load_yaml((DEPLOY / "police_matters.yaml").read_text("utf-8"))["police_matters"])
    assert set(catalog.services) <= set(categories) - police
    assert not [code for code, service in catalog.services.items() if service.public and categories[code].get("dispute")]


def test_chinese_comes_first_and_english_where_there_is_any(tmp_path: Path) -> None:
    services = {"leak": {"name": {"zh": "漏水", "en": "Leak"}, "keywords": ["漏水", "水管"]}, "noise": {"name": {"zh": "噪声"}}}
    catalog = read(tmp_path, services=services)
    assert catalog.services == {
        "leak": Service("漏水 · Leak", None, "漏水, 水管", None, False),
        "noise": Service("噪声", None, None, None, False),
    }


def test_nothing_may_be_offered(tmp_path: Path) -> None:
    catalog = read(tmp_path, services={})
    with pytest.raises(Missing, match="service_code"):
        catalog.service("leak")


def test_another_jurisdiction_is_not_served_here(tmp_path: Path) -> None:
    one = read(tmp_path, jurisdiction="shanqi.example")
    one.check("shanqi.example")
    one.check(None)
    with pytest.raises(Missing, match="jurisdiction_id"):
        one.check("city.gov")
    read(tmp_path, jurisdiction=None).check("city.gov")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"zone": "Xi'an"}, "zone: No such time zone"),
        ({"url": "here"}, "url"),
        ({"channel": "pigeon"}, "channel"),
        ({"zone": ...}, "zone: Missing"),
        ({"more": 1}, "more: Unknown"),
        ({"services": {"leak": {}}}, "services.leak.value.name"),
        ({"services": {"leak": {"name": {"en": "Leak"}}}}, "services.leak.value.name.zh"),
        ({"services": {"leak": {"name": {"zh": "漏"}, "keywords": ["a,b"]}}}, "services.leak.value.keywords.0"),
        ({"services": {"leak": {"name": {"zh": "漏"}, "pubilc": True}}}, "services.leak.value.pubilc"),
        ({"notes": {**SHIPPED["notes"], "closed_early": {"zh": "早"}}}, "notes.closed_early"),
        ({"notes": {name: said for name, said in SHIPPED["notes"].items() if name != "parked"}}, "Without words for parked"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, changes: dict[str, Any], names: str) -> None:
    with pytest.raises(BadConfig, match=names) as wrong:
        read(tmp_path, **changes)
    assert "open311.yaml" in str(wrong.value)


def test_every_state_has_words_of_its_own() -> None:
    assert {state.value for state in State} <= set(SHIPPED["notes"])


@pytest.mark.parametrize(
    ("geojson", "names"),
    [
        ([], "Invalid input"),
        ({"type": "Feature"}, "type"),
        (feature(type="Place"), "features.0.type"),
        (feature(properties={"names": ["A"]}), "features.0.properties.area"),
        (feature(properties={"area": "a", "names": []}), "features.0.properties.names"),
        (feature(geometry={"type": "Point", "coordinates": [1, 2]}), "features.0.geometry.type"),
        (feature(geometry={"type": "Polygon", "coordinates": RING}), "features.0.geometry"),
        (feature(geometry={"type": "Polygon", "coordinates": [RING[:3]]}), "features.0.geometry"),
        (feature(geometry={"type": "Polygon", "coordinates": [[*RING, [1, 2]]]}), "ends where it begins"),
        (feature(geometry={"type": "Polygon", "coordinates": [[[y, x] for x, y in RING]]}), "longitude, then latitude"),
        (feature(geometry={"type": "Polygon", "coordinates": [[RING[0]] * 4]}), "encloses nothing"),
        ({**feature(), "features": feature()["features"] * 2}, "the same code"),
    ],
)
def test_a_map_that_is_none_is_named_with_its_file(tmp_path: Path, geojson: Any, names: str) -> None:
    path = tmp_path / "places.geojson"
    path.write_text(json.dumps(geojson))
    with pytest.raises(BadConfig, match=names) as wrong:
        read_map(path)
    assert str(path) in str(wrong.value)


def test_a_map_may_be_in_parts_and_carry_what_other_programs_wrote(tmp_path: Path) -> None:
    island = [[x + 1, y, 400.0] for x, y in RING]
    path = tmp_path / "places.geojson"
    shape = {"type": "MultiPolygon", "coordinates": [[RING], [island]]}
    path.write_text(json.dumps({**feature(geometry=shape, id=7, bbox=[]), "name": "QGIS"}))
    places = read_map(path)
    for lon, lat in ((108.907, 34.263), (109.907, 34.263)):
        assert places.by_code("a") == places.containing(type(places.of("a", None).middle)(lat, lon))  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "places.geojson"
    path.write_text(text)
    with pytest.raises(BadConfig, match=r"places\.geojson"):
        read_map(path)
