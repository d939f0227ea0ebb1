"""The map of the deployment: the area and estate of a point, an address or a code, and the middle of each.

Outlines are rings of points in WGS-84. A point is inside by the even-odd rule: rings within rings are holes, and of two
outlines that share an edge just one has a point on it. Where several outlines hold a point the smallest counts: a grid before
its community.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from chassis.effects import Refused
from services.tickets.domain.coordinates import Point

Ring = Sequence[Point]
"""A closed ring: its first point is its last one too."""


class UnknownPlace(Refused):
    """Raised where a point, an address or a code is in no area of the map."""


@dataclass(frozen=True)
class Place:
    """An area or, where it has an ``estate``, an estate and the area that most of it lies in."""

    area: str
    estate: str | None
    names: tuple[str, ...]
    """The place's names, the usual one first."""
    outline: tuple[Ring, ...]

    @property
    def code(self) -> str:
        """Return the code of the estate, or of the area where it is no estate."""
        return self.estate or self.area

    def holds(self, point: Point) -> bool:
        """Return whether the point is inside."""
        return sum(_crosses(one, other, point) for ring in self.outline for one, other in pairwise(ring)) % 2 == 1

    @cached_property
    def size(self) -> float:
        """Return the area in square degrees: enough to tell which of two places is smaller."""
        return max(abs(_signed_size(ring)) for ring in self.outline)

    @cached_property
    def middle(self) -> Point:
        """Return the centroid of the largest ring."""
        ring = max(self.outline, key=lambda one: abs(_signed_size(one)))
        origin, six = ring[0], 6 * _signed_size(ring)
        lat = lon = 0.0
        for one, other in pairwise(ring):
            # seen from a corner of its own: products of whole degrees would drown a grid's few metres
            cross = (one.lon - origin.lon) * (other.lat - origin.lat) - (other.lon - origin.lon) * (one.lat - origin.lat)
            lat += (one.lat + other.lat - 2 * origin.lat) * cross
            lon += (one.lon + other.lon - 2 * origin.lon) * cross
        return Point(origin.lat + lat / six, origin.lon + lon / six)


@dataclass(frozen=True, slots=True)
class Locality:
    """The area and the estate of a whistle."""

    area: str
    estate: str | None


class Places:
    """The areas and estates of the map."""

    def __init__(self, places: Iterable[Place]):
        self._by_code = {place.code: place for place in places}

    def of(self, area: str, estate: str | None) -> Place | None:
        """Return the estate or, where the map has none, the area; None where the map has neither."""
        return self._by_code.get(estate or area) or self._by_code.get(area)

    def containing(self, point: Point) -> Locality:
        """Return the locality of a point. Raises UnknownPlace."""
        return self._best(lambda place: -place.size if place.holds(point) else None, "lat, long: in no area of the map")

    def by_name(self, words: str) -> Locality:
        """Return the locality whose name is in a text; of several names the longest counts. Raises UnknownPlace."""
        said = words.casefold()

        def longest(place: Place) -> float | None:
            return max((len(name) for name in place.names if name.casefold() in said), default=None)

        return self._best(longest, "address_string: has no name of the map in it; send lat and long")

    def by_code(self, code: str) -> Locality:
        """Return the locality of a code. Raises UnknownPlace."""
        found = self._by_code.get(code)
        if found is None:
            raise UnknownPlace("address_id: no code of the map")
        return Locality(found.area, found.estate)

    def _best(self, fits: Callable[[Place], float | None], nowhere: str) -> Locality:
        """Return the area and the estate that fit best. Estates cut across areas, so each is searched separately."""
        fitting = [(how, place) for place in self._by_code.values() if (how := fits(place)) is not None]
        if not fitting:
            raise UnknownPlace(nowhere)
        best = sorted(fitting, key=lambda one: one[0], reverse=True)
        estate = next((place for _, place in best if place.estate), None)
        area = next((place for _, place in best if not place.estate), estate)
        assert area is not None
        return Locality(area.area, estate.estate if estate else None)


def _crosses(one: Point, other: Point, point: Point) -> bool:
    """Return whether a ray from the point to the east crosses the edge."""
    if (one.lat > point.lat) == (other.lat > point.lat):
        return False
    return point.lon < one.lon + (point.lat - one.lat) / (other.lat - one.lat) * (other.lon - one.lon)


def _signed_size(ring: Ring) -> float:
    """Return a ring's signed area by the shoelace formula, relative to a corner of the ring."""
    origin = ring[0]
    return (
        sum(
            (one.lon - origin.lon) * (other.lat - origin.lat) - (other.lon - origin.lon) * (one.lat - origin.lat)
            for one, other in pairwise(ring)
        )
        / 2
    )
