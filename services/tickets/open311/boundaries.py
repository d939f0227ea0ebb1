"""`places.geojson`: the outlines of areas and estates, as a map program writes them (RFC 7946)."""

import json
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from chassis.configuration.yaml_files import BadConfig
from contracts import marshmallow_fields as ours
from contracts.payload import flatten
from services.tickets.domain.coordinates import Point
from services.tickets.domain.places import Place, Places, Ring

FILE = "places.geojson"


class _Properties(Schema):
    area = ours.ident("code of the area; of an estate, the one that most of it lies in")
    estate = ours.ident("code of the estate, where it is one", optional=True)
    names = fields.List(ours.name("a name"), required=True, validate=validate.Length(1, 20))


_POSITION = fields.List(fields.Float(), validate=validate.Length(2, 3))
_RING = fields.List(_POSITION, validate=validate.Length(4, 10_000))
_POLYGON = fields.List(_RING, validate=validate.Length(1, 100))
_SHAPES: dict[str, fields.Field[Any]] = {
    "Polygon": _POLYGON,
    "MultiPolygon": fields.List(_POLYGON, validate=validate.Length(1, 100)),
}


class _Geometry(Schema):
    type = fields.String(required=True, validate=validate.OneOf(_SHAPES))
    coordinates = fields.Raw(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _of_its_type(self, data: Any, **_: Any) -> None:
        polygons = _polygons(data["type"], _SHAPES[data["type"]].deserialize(data["coordinates"]))
        for ring in (ring for polygon in polygons for ring in polygon):
            if ring[0] != ring[-1]:
                raise ValidationError({"coordinates": "A ring ends where it begins."})
            if any(abs(lon) > 180 or abs(lat) > 90 for lon, lat, *_ in ring):
                raise ValidationError({"coordinates": "A position is longitude, then latitude."})


class _Feature(Schema):
    type = fields.String(required=True, validate=validate.Equal("Feature"))
    properties = fields.Nested(_Properties, required=True, unknown=EXCLUDE)
    geometry = fields.Nested(_Geometry, required=True, unknown=EXCLUDE)


class _Collection(Schema):
    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    features = fields.List(fields.Nested(_Feature, unknown=EXCLUDE), required=True)


def read_map(path: Path) -> Places:
    """Return the deployment's map. Raises BadConfig with file, path within it and reason."""
    try:
        loaded = _Collection(unknown=EXCLUDE).load(json.loads(path.read_text("utf-8")))
        places = [_place(feature) for feature in loaded["features"]]
        if len({place.code for place in places}) < len(places):
            raise ValidationError({"features": "Two have the same code; what is in parts is one MultiPolygon."})
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    except (OSError, ValueError, RecursionError) as unreadable:
        raise BadConfig(f"{path}: {unreadable}") from None
    return Places(places)


def _place(feature: dict[str, Any]) -> Place:
    told, geometry = feature["properties"], feature["geometry"]
    polygons = _polygons(geometry["type"], geometry["coordinates"])
    outline = tuple(_ring(ring) for polygon in polygons for ring in polygon)
    place = Place(told["area"], told.get("estate"), tuple(told["names"]), outline)
    if not place.size:
        raise ValidationError({place.code: "Its outline encloses nothing."})
    return place


def _polygons(shape: str, coordinates: Any) -> list[Any]:
    return [coordinates] if shape == "Polygon" else list(coordinates)


def _ring(positions: list[list[float]]) -> Ring:
    return [Point(lat, lon) for lon, lat, *_ in positions]
