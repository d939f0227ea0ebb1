"""`clocks.yaml`: office hours, the standard spans, and the working calendar of years that the library does not know yet."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from chassis.config import BadConfig
from contracts.codes import Clock, Urgency
from services.dispatch.config.reading import checked, code, spans
from services.dispatch.domain.due import WorkCalendar
from services.dispatch.holidays import Year, version, workday_of

STANDARD_CLOCKS = [Clock.SIGN, Clock.CONTACT, Clock.REPORT_IN, Clock.HANDLE, Clock.VERIFY]
Standards = Mapping[Urgency, Mapping[Clock, str]]


class _Days(fields.Field[frozenset[date]]):
    """Days and stretches of days: ``2027-01-01``, or ``2027-02-05/2027-02-11`` with both ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[date]:
        if not isinstance(value, list):
            raise ValidationError("Want a list of days.")
        return frozenset(day for entry in value for day in _stretch(str(entry)))


def _stretch(text: str) -> list[date]:
    first, _, last = text.partition("/")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValidationError(f"{text!r} is no day and no stretch of days.") from None
    if not 0 <= (end - begin).days < 60:
        raise ValidationError(f"{text!r} ends before it begins, or is longer than any holiday.")
    return [begin + timedelta(days=ahead) for ahead in range((end - begin).days + 1)]


class _Year(Schema):
    off = _Days(required=True, validate=validate.Length(min=1))
    work = _Days(load_default=frozenset())

    @validates_schema
    def fits(self, data: Any, **kwargs: Any) -> None:
        """A made-up workday is a weekend's day that is not off."""
        if both := data["off"] & data["work"]:
            raise ValidationError(f"{min(both)} is off as well.", "work")
        if plain := {day for day in data["work"] if day.weekday() < 5}:
            raise ValidationError(f"{min(plain)} is a workday anyway.", "work")


class _Hours(Schema):
    opens = fields.Time(format="%H:%M", required=True)
    closes = fields.Time(format="%H:%M", required=True)


class _Clocks(Schema):
    zone = fields.String(required=True)
    office_hours = fields.List(fields.Nested(_Hours), required=True, validate=validate.Length(min=1))
    standards = fields.Dict(keys=code(Urgency), values=spans(STANDARD_CLOCKS), required=True)
    years = fields.Dict(keys=fields.Integer(strict=True), values=fields.Nested(_Year), load_default=dict)


def load_clocks(path: Path) -> tuple[WorkCalendar, Standards]:
    """The calendar and the standard spans. Raises BadConfig."""
    loaded = checked(_Clocks, path)
    for urgency in Urgency:
        if missing := set(STANDARD_CLOCKS) - (loaded["standards"].get(urgency) or {}).keys():
            raise BadConfig(f"{path}: standards.{urgency.value}: missing {', '.join(sorted(missing))}")
    years = _years(loaded["years"], path)
    calendar = WorkCalendar(version(years), _zone(loaded, path), _hours(loaded, path), workday_of(years))
    return calendar, loaded["standards"]


def _years(loaded: Mapping[int, Any], path: Path) -> dict[int, Year]:
    for year, given in loaded.items():
        for name in ("off", "work"):
            if strange := {day for day in given[name] if day.year != year}:
                raise BadConfig(f"{path}: years.{year}.{name}: {min(strange)} is in another year")
    return {year: Year(given["off"], given["work"]) for year, given in loaded.items()}


def _zone(loaded: Mapping[str, Any], path: Path) -> ZoneInfo:
    try:
        return ZoneInfo(loaded["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise BadConfig(f"{path}: zone: no such time zone") from None


def _hours(loaded: Mapping[str, Any], path: Path) -> tuple[tuple[time, time], ...]:
    hours: list[tuple[time, time]] = [(one["opens"], one["closes"]) for one in loaded["office_hours"]]
    flat = [instant for window in hours for instant in window]
    if flat != sorted(set(flat)):
        raise BadConfig(f"{path}: office_hours: want each to close after it opens, in order, without overlap")
    return tuple(hours)
