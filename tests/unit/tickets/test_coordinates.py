"""Points in one system: published test points, and what must hold everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import CoordinateSystem
from services.tickets.domain.coordinates import Point, bd_to_gcj, box, gcj_to_bd, gcj_to_wgs, metres, point, wgs_to_gcj

# googollee/eviltransform's own tests: WGS-84, GCJ-02, to 1e-6 degrees
SHIFTED = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing
]
chinese = st.tuples(st.floats(18.0, 53.0), st.floats(74.0, 135.0))
anywhere = st.tuples(st.floats(-85.0, 85.0), st.floats(-180.0, 180.0))


@pytest.mark.parametrize(("wgs", "gcj"), SHIFTED)
def test_published_points_of_gcj_02(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    assert wgs_to_gcj(*wgs) == pytest.approx(gcj, abs=1e-9)
    assert gcj_to_wgs(*gcj) == pytest.approx(wgs, abs=1e-9)


def test_published_points_of_bd_09() -> None:
    """wandergis/coordtransform's own tests. Eviltransform turns by π where these turn by 3000π/180: tens of metres apart."""
    assert bd_to_gcj(39.915, 116.404) == pytest.approx((39.90865673957631, 116.39762729119315), abs=1e-9)
    assert gcj_to_bd(39.915, 116.404) == pytest.approx((39.92133699351021, 116.41036949371029), abs=1e-9)


@given(chinese)
def test_there_and_back_is_the_same_place(place: tuple[float, float]) -> None:
    there = Point(*place)
    assert metres(point(*wgs_to_gcj(*place), CoordinateSystem.GCJ02), there) < 0.01
    assert metres(point(*gcj_to_bd(*wgs_to_gcj(*place)), CoordinateSystem.BD09), there) < 2
    assert point(*place, CoordinateSystem.WGS84) == there


@given(chinese)
def test_the_systems_differ_by_hundreds_of_metres(place: tuple[float, float]) -> None:
    """So whoever compares them without converting finds no duplicate, or a wrong one."""
    assert 20 < metres(Point(*place), Point(*wgs_to_gcj(*place))) < 2_000


@pytest.mark.parametrize("place", [(48.8566, 2.3522), (-33.8688, 151.2093), (35.6812, 139.7671)])
def test_nothing_is_shifted_abroad(place: tuple[float, float]) -> None:
    assert wgs_to_gcj(*place) == place == gcj_to_wgs(*place)


def test_distances() -> None:
    # eviltransform's test of its distance, Shanghai to Beijing, on a sphere of the equator's radius
    far = metres(Point(31.17530398364597, 121.531541859215), Point(39.91334545536069, 116.38404722455657))
    assert far == pytest.approx(1_078_164 * 6371008.8 / 6378137.0, abs=1)
    assert metres(Point(0, 0), Point(0, 1)) == pytest.approx(111_195, abs=1)
    assert metres(Point(0, 0), Point(0, 180)) == pytest.approx(20_015_115, abs=10)


@given(anywhere, anywhere)
def test_distance_is_symmetric_and_nought_only_to_itself(a: tuple[float, float], b: tuple[float, float]) -> None:
    one, other = Point(*a), Point(*b)
    assert metres(one, other) == pytest.approx(metres(other, one), abs=1e-6)
    assert metres(one, one) == 0


@given(anywhere, st.floats(0.1, 5_000), st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_near_is_in_the_box(place: tuple[float, float], reach: float, north: float, east: float) -> None:
    middle = Point(*place)
    inside = box(middle, reach)
    other = Point(middle.lat + north * (inside.north - middle.lat) * 1.2, middle.lon + east * (inside.east - middle.lon) * 1.2)
    if metres(middle, other) <= reach * 0.999999:
        assert inside.south <= other.lat <= inside.north
        assert inside.west <= other.lon <= inside.east
