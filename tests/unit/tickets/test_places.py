"""The map: a point, words or a code mean one area and at most one estate, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.domain.coordinates import Point
from services.tickets.domain.places import Locality, Place, Places, UnknownPlace


def square(south: float, west: float, side: float) -> tuple[Point, ...]:
    """A ring, counter-clockwise."""
    north, east = south + side, west + side
    return Point(south, west), Point(south, east), Point(north, east), Point(north, west), Point(south, west)


COMMUNITY = Place("shanqi", None, ("陕汽社区",), (square(0, 0, 10),))
WEST = Place("shanqi-1", None, ("第一网格",), ((*square(0, 0, 5)[:2], Point(10, 5), Point(10, 0), Point(0, 0)),))
EAST = Place("shanqi-2", None, ("第二网格",), ((Point(0, 5), Point(0, 10), Point(10, 10), Point(10, 5), Point(0, 5)),))
ESTATE = Place("shanqi-1", "yangguang", ("阳光家园", "Yangguang Garden"), (square(4, 4, 2), square(4.5, 4.5, 1)))
"""Across both grids, with a hole in it."""
TOWN = Places([COMMUNITY, WEST, EAST, ESTATE])


@pytest.mark.parametrize(
    ("lat", "lon", "found"),
    [
        (1, 1, Locality("shanqi-1", None)),
        (1, 9, Locality("shanqi-2", None)),
        (4.2, 4.2, Locality("shanqi-1", "yangguang")),
        (5.8, 5.8, Locality("shanqi-2", "yangguang")),
        (5.2, 5.2, Locality("shanqi-2", None)),  # the hole
        (1, 5, Locality("shanqi-2", None)),  # an edge of two
        (0, 0, Locality("shanqi-1", None)),
    ],
)
def test_a_point_is_in_the_smallest_area_and_in_the_estate_that_hold_it(lat: float, lon: float, found: Locality) -> None:
    assert TOWN.containing(Point(lat, lon)) == found


@given(st.floats(-0.0, 9.999), st.floats(-0.0, 9.999))
def test_grids_that_share_their_edges_leave_no_point_out_and_have_none_twice(lat: float, lon: float) -> None:
    point = Point(lat, lon)
    assert WEST.holds(point) + EAST.holds(point) == 1
    assert COMMUNITY.holds(point)


@pytest.mark.parametrize(("lat", "lon"), [(-0.1, 5), (10.1, 5), (5, -0.1), (5, 10.1), (90, 180), (-90, -180)])
def test_outside_is_nowhere(lat: float, lon: float) -> None:
    with pytest.raises(UnknownPlace, match="lat, long"):
        TOWN.containing(Point(lat, lon))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("西安市莲湖区阳光家园3号楼2单元", Locality("shanqi-1", "yangguang")),
        ("12 YANGGUANG garden, Xi'an", Locality("shanqi-1", "yangguang")),
        ("第二网格阳光家园北门", Locality("shanqi-2", "yangguang")),
        ("陕汽社区门口", Locality("shanqi", None)),
        ("陕汽社区第一网格", Locality("shanqi", None)),  # as long, and first on the map
    ],
)
def test_words_mean_what_they_have_the_name_of(words: str, found: Locality) -> None:
    assert TOWN.by_name(words) == found


def test_of_several_names_the_longest_counts() -> None:
    longer = Place("shanqi-2", "yangguang-2", ("阳光家园二期",), (square(6, 6, 1),))
    assert Places([ESTATE, longer]).by_name("阳光家园二期5号楼") == Locality("shanqi-2", "yangguang-2")


@pytest.mark.parametrize("words", ["", "人民路1号", "阳光"])
def test_words_without_a_name_are_nowhere(words: str) -> None:
    with pytest.raises(UnknownPlace, match="address_string"):
        TOWN.by_name(words)


def test_a_code_means_itself() -> None:
    assert TOWN.by_code("yangguang") == Locality("shanqi-1", "yangguang")
    assert TOWN.by_code("shanqi") == Locality("shanqi", None)
    with pytest.raises(UnknownPlace, match="address_id"):
        TOWN.by_code("atlantis")


def test_what_is_shown_is_the_estate_or_the_area_if_they_are_on_the_map() -> None:
    assert TOWN.of("shanqi-1", "yangguang") is ESTATE
    assert TOWN.of("shanqi-1", "heping") is WEST
    assert TOWN.of("shanqi-1", None) is WEST
    assert TOWN.of("elsewhere", None) is None


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(0.0005, 5))
def test_the_middle_of_a_square_is_its_middle(south: float, west: float, side: float) -> None:
    middle = Place("a", None, ("a",), (square(south, west, side),)).middle
    assert (middle.lat, middle.lon) == pytest.approx((south + side / 2, west + side / 2), abs=1e-7)
