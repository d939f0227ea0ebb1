"""Points on the map in one coordinate system, and the distance between them.

Chinese maps do not show where a phone says it is: GCJ-02 (Amap, Tencent) shifts WGS-84 by some hundreds of metres, BD-09
(Baidu) shifts GCJ-02 once more. The formulas were never published by their makers; these are the ones known from
googollee/eviltransform and wandergis/coordtransform, whose test points are ours. Degrees in and out, north and east positive.
"""

import math
from dataclasses import dataclass

from contracts.codes import CoordinateSystem

_AXIS = 6378245.0
"""Semi-major axis of the Krasovsky ellipsoid of 1940, in metres, on which GCJ-02 is computed."""
_FLATNESS = 0.00669342162296594323
"""The eccentricity squared of that ellipsoid."""
_EARTH = 6371008.8
"""The earth's mean radius (IUGG), in metres."""
_BAIDU = math.pi * 3000.0 / 180.0
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""Outside this box nothing is shifted."""
_TURNS = 10
"""Iterations of the inversion. Each is some thousand times closer; three give millimetres."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in WGS-84, whatever system it was given in."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Box:
    """All points with latitudes and longitudes between these bounds."""

    south: float
    north: float
    west: float
    east: float


def point(lat: float, lon: float, system: CoordinateSystem) -> Point:
    """Return a place in WGS-84 from any of the three systems; exact to a few millimetres for GCJ-02, to about a metre for
    BD-09.
    """
    if system is CoordinateSystem.BD09:
        lat, lon = bd_to_gcj(lat, lon)
    if system is not CoordinateSystem.WGS84:
        lat, lon = gcj_to_wgs(lat, lon)
    return Point(lat, lon)


def wgs_to_gcj(lat: float, lon: float) -> tuple[float, float]:
    """Return the GCJ-02 point (Amap) of a WGS-84 point. Outside China it is the same point."""
    if not (_WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH):
        return lat, lon
    north, east = _shift(lon - 105.0, lat - 35.0)
    radians = math.radians(lat)
    curve = 1 - _FLATNESS * math.sin(radians) ** 2
    return (
        lat + math.degrees(north / (_AXIS * (1 - _FLATNESS) / curve**1.5)),
        lon + math.degrees(east / (_AXIS / math.sqrt(curve) * math.cos(radians))),
    )


def gcj_to_wgs(lat: float, lon: float) -> tuple[float, float]:
    """Return the inverse of `wgs_to_gcj`, by fixed-point iteration: the shift changes far more slowly than the place."""
    north, east = lat, lon
    for _ in range(_TURNS):
        shown = wgs_to_gcj(north, east)
        north, east = north + lat - shown[0], east + lon - shown[1]
    return north, east


def gcj_to_bd(lat: float, lon: float) -> tuple[float, float]:
    """Return the BD-09 point (Baidu) of a GCJ-02 point."""
    far = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BAIDU)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BAIDU)
    return far * math.sin(angle) + 0.006, far * math.cos(angle) + 0.0065


def bd_to_gcj(lat: float, lon: float) -> tuple[float, float]:
    """Return the inverse of `gcj_to_bd` as Baidu's users compute it: within a metre."""
    lat, lon = lat - 0.006, lon - 0.0065
    far = math.hypot(lon, lat) - 0.00002 * math.sin(lat * _BAIDU)
    angle = math.atan2(lat, lon) - 0.000003 * math.cos(lon * _BAIDU)
    return far * math.sin(angle), far * math.cos(angle)


def metres(one: Point, other: Point) -> float:
    """Return the distance over a sphere, by haversine: within 0.5 % of the ellipsoid's."""
    a, b = math.radians(one.lat), math.radians(other.lat)
    turn = math.radians(other.lon - one.lon)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * _EARTH * math.asin(min(1.0, math.sqrt(half)))


def box(middle: Point, reach: float) -> Box:
    """Return a box that holds every point within ``reach`` metres, and a few more; none across the 180th meridian."""
    high = math.degrees(reach / _EARTH)
    narrowest = math.cos(math.radians(min(abs(middle.lat) + high, 90.0)))
    wide = min(high / narrowest, 360.0) if narrowest > 1e-9 else 360.0
    return Box(middle.lat - high, middle.lat + high, middle.lon - wide, middle.lon + wide)


def _shift(x: float, y: float) -> tuple[float, float]:
    """Return GCJ-02's offset to the north and to the east, in metres; ``x``, ``y`` are degrees from 105° E, 35° N."""
    root, both = math.sqrt(abs(x)), 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = both + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)
    north += 160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y / 30.0 * math.pi)
    east = both + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)
    east += 150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)
    return (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + north * 2.0 / 3.0,
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + east * 2.0 / 3.0,
    )
