"""The working calendar of `clocks.yaml`: zone, office hours, and the arrangements of years."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from chassis.configuration.yaml_files import BadConfig
from services.dispatch.domain.office_hours import EVERY_WEEKDAY, Hours, Season, SpecialHours
from services.dispatch.domain.work_calendar import WorkCalendar
from services.dispatch.holidays import LIBRARIES, Arrangement, assumed_of, workday_of

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_LEAP_YEAR = 2024
"""A season's days are days of any year, 29 February too."""
NEIGHBOURS = 1
"""A notice names days of its own year and of those next to it."""


class Days(fields.Field[frozenset[date]]):
    """Days and stretches of days: ``2027-01-01``, or ``2027-02-05/2027-02-11`` with both ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[date]:
        if not isinstance(value, list):
            raise ValidationError("Want a list of days.")
        return frozenset(day for entry in value for day in _stretch(str(entry)))


class Seasons(fields.Field[Season]):
    """A part of every year: ``06-01/09-30`` with both ends; it may cross the new year."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Season:
        first, _, last = str(value).partition("/")
        try:
            begin, end = (date.fromisoformat(f"{A_LEAP_YEAR}-{text}") for text in (first, last))
        except ValueError:
            raise ValidationError(f"{value!r} is no season: want month and day of both ends, such as 06-01/09-30.") from None
        return Season((begin.month, begin.day), (end.month, end.day))


class Windows(fields.List[Any]):
    """Office hours of a day, in order; loads `Hours`."""

    def __init__(self, **kwargs: Any):
        super().__init__(fields.Nested(_Window), validate=validate.Length(min=1), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        loaded: list[Any] = super()._deserialize(value, attr, data, **kwargs) or []
        hours: Hours = tuple((one["opens"], one["closes"]) for one in loaded)
        flat: list[time] = [instant for window in hours for instant in window]
        if flat != sorted(set(flat)):
            raise ValidationError("Want each to close after it opens, in order, without overlap.")
        return hours


class _Window(Schema):
    opens = fields.Time(format="%H:%M", required=True)
    closes = fields.Time(format="%H:%M", required=True)


class _SpecialHours(Schema):
    season = Seasons()
    weekdays = fields.List(fields.String(validate=validate.OneOf(WEEKDAYS)), validate=validate.Length(min=1))
    days = Days(validate=validate.Length(min=1))
    hours = Windows(required=True)

    @validates_schema
    def is_special(self, data: Any, **kwargs: Any) -> None:
        """Hours for every day are no special hours."""
        if not data.keys() & {"season", "weekdays", "days"}:
            raise ValidationError("Want a season, weekdays or days; the hours of every day are office_hours.", "season")


class _Year(Schema):
    off = Days(required=True, validate=validate.Length(min=1))
    work = Days(load_default=frozenset())

    @validates_schema
    def fits(self, data: Any, **kwargs: Any) -> None:
        """A made-up workday is a weekend's day that is not off."""
        if both := data["off"] & data["work"]:
            raise ValidationError(f"{min(both)} is off as well.", "work")
        if plain := {day for day in data["work"] if day.weekday() < 5}:
            raise ValidationError(f"{min(plain)} is a workday anyway.", "work")


class CalendarSchema(Schema):
    """The fields of `clocks.yaml` that make up the calendar."""

    zone = fields.String(required=True)
    office_hours = Windows(required=True)
    special_hours = fields.List(fields.Nested(_SpecialHours), load_default=list)
    years = fields.Dict(keys=fields.Integer(strict=True), values=fields.Nested(_Year), load_default=dict)


def calendar_of(loaded: Mapping[str, Any], path: Path) -> WorkCalendar:
    """The calendar of a loaded file. Raises BadConfig."""
    years, zone = _years(loaded["years"], path), _zone(loaded, path)
    special = tuple(_special(one) for one in loaded["special_hours"])
    version = _version(zone, loaded["office_hours"], special, years)
    return WorkCalendar(version, zone, loaded["office_hours"], workday_of(years), special, assumed_of(years))


def _stretch(text: str) -> list[date]:
    first, _, last = text.partition("/")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValidationError(f"{text!r} is no day and no stretch of days.") from None
    if not 0 <= (end - begin).days < 60:
        raise ValidationError(f"{text!r} ends before it begins, or is longer than any holiday.")
    return [begin + timedelta(days=ahead) for ahead in range((end - begin).days + 1)]


def _special(one: Mapping[str, Any]) -> SpecialHours:
    weekdays = frozenset(WEEKDAYS.index(name) for name in one["weekdays"]) if "weekdays" in one else EVERY_WEEKDAY
    return SpecialHours(one["hours"], weekdays, one.get("season"), one.get("days"))


def _years(loaded: Mapping[int, Any], path: Path) -> dict[int, Arrangement]:
    for year, given in loaded.items():
        for name in ("off", "work"):
            if strange := {day for day in given[name] if abs(day.year - year) > NEIGHBOURS}:
                raise BadConfig(f"{path}: years.{year}.{name}: {min(strange)} is neither in {year} nor in a year next to it")
    return {year: Arrangement(given["off"], given["work"]) for year, given in loaded.items()}


def _zone(loaded: Mapping[str, Any], path: Path) -> ZoneInfo:
    try:
        return ZoneInfo(loaded["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise BadConfig(f"{path}: zone: no such time zone") from None


def _version(zone: ZoneInfo, hours: Hours, special: Iterable[SpecialHours], years: Mapping[int, Arrangement]) -> str:
    """The library's version, and a digest of everything that a due time follows from: what is corrected is another version."""
    said = [*LIBRARIES, zone.key, _said(hours)]
    for one in special:
        days = None if one.days is None else sorted(map(str, one.days))
        said.append(f"{sorted(one.weekdays)} {one.season} {days} {_said(one.hours)}")
    for year, known in sorted(years.items()):
        said.append(f"{year} off {sorted(map(str, known.off))} work {sorted(map(str, known.work))}")
    return f"{LIBRARIES[0]}+{hashlib.sha256('; '.join(said).encode()).hexdigest()[:8]}"


def _said(hours: Hours) -> str:
    return " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)
