"""The map: which area and estate a point, an address or a code means, and where the middle of them is.

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
"""Its first point is its last one too."""


class Nowhere(Refused):
    """No area of the map is meant."""


@dataclass(frozen=True)
class Place:
    """An area or, where it has an ``estate``, an estate and the area that most of it lies in."""

    area: str
    estate: str | None
    names: tuple[str, ...]
    """What it is called, the usual name first."""
    outline: tuple[Ring, ...]

    @property
    def code(self) -> str:
        """Its own code."""
        return self.estate or self.area

    def holds(self, point: Point) -> bool:
        """Whether the point is inside."""
        return sum(_crosses(one, other, point) for ring in self.outline for one, other in pairwise(ring)) % 2 == 1

    @cached_property
    def size(self) -> float:
        """In square degrees: enough to tell which of two is smaller."""
        return max(abs(_signed_size(ring)) for ring in self.outline)

    @cached_property
    def middle(self) -> Point:
        """The centroid of its largest ring."""
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
class Found:
    """Where a whistle is from."""

    area: str
    estate: str | None


class Places:
    """Every area and estate that is on the map."""

    def __init__(self, places: Iterable[Place]):
        self._by_code = {place.code: place for place in places}

    def of(self, area: str, estate: str | None) -> Place | None:
        """The estate or, where it has none that is on the map, the area; None where that is not on the map either."""
        return self._by_code.get(estate or area) or self._by_code.get(area)

    def at(self, point: Point) -> Found:
        """By a point. Raises Nowhere."""
        return self._best(lambda place: -place.size if place.holds(point) else None, "lat, long: in no area of the map")

    def called(self, words: str) -> Found:
        """By words that have a name in them; of several the longest. Raises Nowhere."""
        said = words.casefold()

        def longest(place: Place) -> float | None:
            return max((len(name) for name in place.names if name.casefold() in said), default=None)

        return self._best(longest, "address_string: has no name of the map in it; send lat and long")

    def coded(self, code: str) -> Found:
        """By a code. Raises Nowhere."""
        found = self._by_code.get(code)
        if found is None:
            raise Nowhere("address_id: no code of the map")
        return Found(found.area, found.estate)

    def _best(self, fits: Callable[[Place], float | None], nowhere: str) -> Found:
        """The area and the estate that fit best: estates cut across areas, so each is looked for by itself."""
        fitting = [(how, place) for place in self._by_code.values() if (how := fits(place)) is not None]
        if not fitting:
            raise Nowhere(nowhere)
        best = sorted(fitting, key=lambda one: one[0], reverse=True)
        estate = next((place for _, place in best if place.estate), None)
        area = next((place for _, place in best if not place.estate), estate)
        assert area is not None
        return Found(area.area, estate.estate if estate else None)


def _crosses(one: Point, other: Point, point: Point) -> bool:
    """Whether the edge is crossed by a ray from the point to the east."""
    if (one.lat > point.lat) == (other.lat > point.lat):
        return False
    return point.lon < one.lon + (point.lat - one.lat) / (other.lat - one.lat) * (other.lon - one.lon)


def _signed_size(ring: Ring) -> float:
    """By the shoelace formula, seen from a corner of its own."""
    origin = ring[0]
    return (
        sum(
            (one.lon - origin.lon) * (other.lat - origin.lat) - (other.lon - origin.lon) * (one.lat - origin.lat)
            for one, other in pairwise(ring)
        )
        / 2
    )
