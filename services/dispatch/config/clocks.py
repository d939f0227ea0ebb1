"""`clocks.yaml`: the standard spans, and the working calendar, whose fields are in `work_calendar`."""

from collections.abc import Mapping
from pathlib import Path

from marshmallow import fields

from chassis.configuration.yaml_files import BadConfig
from contracts.codes import Clock, Urgency
from services.dispatch.config.work_calendar import CalendarSchema, calendar_of
from services.dispatch.config.yaml_fields import checked, code, spans
from services.dispatch.domain.work_calendar import WorkCalendar

STANDARD_CLOCKS = [Clock.SIGN, Clock.CONTACT, Clock.REPORT_IN, Clock.HANDLE, Clock.VERIFY]
Standards = Mapping[Urgency, Mapping[Clock, str]]


class _Clocks(CalendarSchema):
    standards = fields.Dict(keys=code(Urgency), values=spans(STANDARD_CLOCKS), required=True)


def load_clocks(path: Path) -> tuple[WorkCalendar, Standards]:
    """Return the calendar and the standard spans. Raises BadConfig."""
    loaded = checked(_Clocks, path)
    for urgency in Urgency:
        if missing := set(STANDARD_CLOCKS) - (loaded["standards"].get(urgency) or {}).keys():
            raise BadConfig(f"{path}: standards.{urgency.value}: missing {', '.join(sorted(missing))}")
    return calendar_of(loaded, path), loaded["standards"]
