"""Office hours that differ by weekday, season or day."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from services.dispatch.config import load_clocks
from services.dispatch.domain.office_hours import Season
from services.dispatch.domain.work_calendar import Pause, WorkCalendar
from tests.unit.dispatch.town import CALENDAR, DEPLOY, day

SUMMER = [{"opens": "08:30", "closes": "12:00"}, {"opens": "15:00", "closes": "18:30"}]
MORNING = [{"opens": "09:00", "closes": "12:00"}]
SPECIAL = [
    {"days": ["2026-02-13", "2026-09-29/2026-09-30"], "hours": MORNING},
    {"season": "06-01/09-30", "weekdays": ["fri"], "hours": [{"opens": "08:00", "closes": "13:00"}]},
    {"season": "06-01/09-30", "hours": SUMMER},
    {"season": "12-01/02-28", "hours": [{"opens": "09:30", "closes": "12:00"}, {"opens": "13:30", "closes": "17:30"}]},
    {"weekdays": ["fri", "sat"], "hours": [{"opens": "09:00", "closes": "12:00"}, {"opens": "14:00", "closes": "17:00"}]},
]


def calendar(tmp_path: Path, special: Any) -> WorkCalendar:
    """The calendar of a file with these special hours."""
    path = tmp_path / "clocks.yaml"
    loaded = load_yaml((DEPLOY / "clocks.yaml").read_text("utf-8"))
    path.write_text(dump_yaml({**loaded, "special_hours": special}), "utf-8")
    return load_clocks(path)[0]


@pytest.mark.parametrize(
    ("start", "rule", "due", "why"),
    [
        ("03-02 10:00", "1wd", "03-03 18:00", "the usual hours"),
        ("03-05 10:00", "1wd", "03-06 17:00", "Friday ends earlier"),
        ("03-06 16:30", "1wh", "03-09 09:30", "and Monday goes on"),
        ("07-06 14:00", "1wh", "07-06 16:00", "in summer the afternoon begins at three"),
        ("07-09 10:00", "1wd", "07-10 13:00", "a Friday in summer ends at one"),
        ("09-30 10:00", "1wd", "10-08 18:00", "a half day is a working day"),
        ("09-29 11:00", "2wh", "09-30 10:00", "a half day has half the hours"),
        ("02-12 10:00", "1wd", "02-13 12:00", "the day before the holidays, not its season"),
        ("02-12 10:00", "2wd", "02-14 17:30", "a made-up Saturday in winter: the season stands before the weekdays"),
        ("09-18 10:00", "1wd", "09-20 18:30", "a made-up Sunday has the hours of its season"),
        ("12-01 13:00", "1wh", "12-01 14:30", "a season across the new year"),
    ],
)
def test_due(start: str, rule: str, due: str, why: str, tmp_path: Path) -> None:
    assert calendar(tmp_path, SPECIAL).due(day(start), rule).at == day(due), why


def test_a_pause_removes_the_hours_of_the_day_that_it_covers(tmp_path: Path) -> None:
    paused = [Pause(day("07-09 08:00"), day("07-11 08:00"))]
    assert calendar(tmp_path, SPECIAL).due(day("07-08 18:00"), "8wh", paused).at == day("07-14 09:00")


def test_without_special_hours_every_day_has_the_same() -> None:
    assert {CALENDAR.hours_on(date(2026, month, 1)) for month in range(1, 13)} == {CALENDAR.hours}


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_a_season_and_the_rest_of_the_year_make_up_the_year(one: date, first: date) -> None:
    half = (first.month, first.day)
    assert Season(half, half).holds(one) is ((one.month, one.day) == half)
    if half > (1, 1):
        assert Season(half, (12, 31)).holds(one) is not Season((1, 1), half).holds(one) or (one.month, one.day) == half


@pytest.mark.parametrize(
    ("special", "where"),
    [
        ([{"weekdays": ["fri"]}], "special_hours.0.hours: Missing"),
        ([{"weekdays": ["fri"], "hours": []}], "special_hours.0.hours: Shorter"),
        ([{"hours": MORNING}], "special_hours.0.season: Want a season, weekdays or days"),
        ([{"weekdays": ["friday"], "hours": MORNING}], "special_hours.0.weekdays.0: Must be one of"),
        ([{"season": "06-01", "hours": MORNING}], "special_hours.0.season: '06-01' is no season"),
        ([{"season": "06-31/09-30", "hours": MORNING}], "special_hours.0.season"),
        ([{"days": ["soon"], "hours": MORNING}], "special_hours.0.days: 'soon' is no day"),
        ([{"weekdays": ["fri"], "hours": [{"opens": "9", "closes": "12:00"}]}], "special_hours.0.hours.0.opens: Not a valid"),
        ([{"weekdays": ["fri"], "hours": [{"opens": "12:00", "closes": "09:00"}]}], "special_hours.0.hours: Want each"),
        ([{"weekdays": ["fri"], "hours": MORNING, "half": True}], "special_hours.0.half: Unknown"),
        ([{"weekdays": ["fri"], "hours": MORNING}, {"weekdays": ["mon"]}], "special_hours.1.hours: Missing"),
    ],
)
def test_special_hours_that_are_wrong_are_refused_by_the_name_of_the_field(special: Any, where: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"clocks\.yaml: ") as refused:
        calendar(tmp_path, special)
    assert where in str(refused.value)


def test_each_change_of_the_hours_is_another_version_of_the_calendar(tmp_path: Path) -> None:
    versions = [calendar(tmp_path, special).version for special in ([], SPECIAL, SPECIAL[::-1], SPECIAL[:1])]
    assert len(set(versions)) == len(versions)
    assert versions[0] == CALENDAR.version
    assert calendar(tmp_path, SPECIAL).version == versions[1]


def test_marks_are_in_the_hours_of_their_day(tmp_path: Path) -> None:
    friday = calendar(tmp_path, SPECIAL)
    start = day("07-09 18:30")
    assert friday.part_of(start, friday.due(start, "1wd").at, 0.5, "1wd") == day("07-10 10:30")
    assert isinstance(start, datetime)
