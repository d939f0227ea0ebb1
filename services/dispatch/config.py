"""Playbooks, clocks and the working calendar: read and checked once, at start. Each error names file, path and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from nameko.extensions import DependencyProvider

from chassis.config import BadConfig, read_yaml
from chassis.links import Links
from chassis.nameko import RUNTIME_KEY
from contracts.codes import AreaKind, Clock, Respond, Role, Urgency
from contracts.envelope import flatten
from services.dispatch.domain.due import BadSpan, WorkCalendar, parse
from services.dispatch.domain.playbook import Call, Level, Playbook
from services.dispatch.holidays import VERSION, workday

LEVEL_CLOCKS = [Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN]
STANDARD_CLOCKS = [Clock.SIGN, Clock.CONTACT, Clock.REPORT_IN, Clock.HANDLE, Clock.VERIFY]


def _span(value: Any) -> None:
    try:
        parse(str(value))
    except BadSpan as wrong:
        raise ValidationError(str(wrong)) from None


def _code(kind: Any, **kwargs: Any) -> Any:
    return fields.Enum(kind, by_value=True, **kwargs)


def _spans(clocks: list[Clock], **kwargs: Any) -> Any:
    keys = _code(Clock, validate=validate.OneOf(clocks))
    return fields.Dict(keys=keys, values=fields.String(validate=_span), **kwargs)


class _Call(Schema):
    role = _code(Role, required=True)
    of = _code(AreaKind, required=True)


class _Level(Schema):
    level = fields.String(required=True)
    respond = _code(Respond, required=True, validate=validate.NoneOf([Respond.OFFER], error="Not yet: offer."))
    to = fields.Nested(_Call, required=True)
    clocks = _spans(LEVEL_CLOCKS, load_default=dict)
    when = fields.String(validate=validate.OneOf(["dispute"]), load_default=None)
    parallel_for = fields.List(_code(Urgency), load_default=list)
    ack = fields.String(validate=validate.Regexp(r"any|all|[1-9]\d?", error="Want any, all or a number."), load_default=None)
    steps = fields.List(fields.String(), load_default=list)
    longest = fields.String(validate=_span, load_default="30d")
    perform = fields.String(validate=_span, load_default="30d")
    co_units = fields.List(fields.Nested(_Call), data_key="with", load_default=list)


class _Playbook(Schema):
    playbook = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    takes = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    ladder = fields.List(fields.Nested(_Level), required=True, validate=validate.Length(min=1))
    verify = fields.Nested(_Call, required=True)
    supervisors = fields.List(fields.Nested(_Call), required=True, validate=validate.Length(min=1))
    returns = fields.Integer(validate=validate.Range(0, 9), load_default=2)


class _Hours(Schema):
    opens = fields.Time(format="%H:%M", required=True)
    closes = fields.Time(format="%H:%M", required=True)


class _Clocks(Schema):
    zone = fields.String(required=True)
    office_hours = fields.List(fields.Nested(_Hours), required=True, validate=validate.Length(min=1))
    standards = fields.Dict(keys=_code(Urgency), values=_spans(STANDARD_CLOCKS), required=True)


@dataclass(frozen=True)
class Configured:
    """What a worker sees."""

    playbooks: tuple[Playbook, ...]
    calendar: WorkCalendar
    standards: Mapping[Urgency, Mapping[Clock, str]]
    links: Links


def load_playbooks(directory: Path) -> tuple[Playbook, ...]:
    """Every playbook of a directory, in the order of file name. Raises BadConfig."""
    found = tuple(load_playbook(path) for path in sorted(directory.glob("*.yaml")))
    if not found:
        raise BadConfig(f"{directory}: no playbook (*.yaml) there")
    return found


def load_playbook(path: Path) -> Playbook:
    """One playbook. Raises BadConfig with file, path within it and reason."""
    loaded = _checked(_Playbook, path)
    names = [level["level"] for level in loaded["ladder"]]
    if len(set(names)) < len(names):
        raise BadConfig(f"{path}: ladder: two levels of one name")
    return Playbook(
        name=loaded["playbook"],
        version=loaded["version"],
        title=loaded["title"],
        takes=tuple(loaded["takes"]),
        ladder=tuple(_level(level) for level in loaded["ladder"]),
        verify=Call(**loaded["verify"]),
        supervisors=tuple(Call(**one) for one in loaded["supervisors"]),
        returns=loaded["returns"],
    )


def load_clocks(path: Path) -> tuple[WorkCalendar, Mapping[Urgency, Mapping[Clock, str]]]:
    """The calendar and the standard spans. Raises BadConfig."""
    loaded = _checked(_Clocks, path)
    for urgency in Urgency:
        if missing := set(STANDARD_CLOCKS) - (loaded["standards"].get(urgency) or {}).keys():
            raise BadConfig(f"{path}: standards.{urgency.value}: missing {', '.join(sorted(missing))}")
    try:
        zone = ZoneInfo(loaded["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise BadConfig(f"{path}: zone: no such time zone") from None
    hours: list[tuple[time, time]] = [(one["opens"], one["closes"]) for one in loaded["office_hours"]]
    flat = [instant for window in hours for instant in window]
    if flat != sorted(set(flat)):
        raise BadConfig(f"{path}: office_hours: want each to close after it opens, in order, without overlap")
    return WorkCalendar(VERSION, zone, tuple(hours), workday), loaded["standards"]


def _level(loaded: dict[str, Any]) -> Level:
    return Level(
        level=loaded["level"],
        respond=loaded["respond"],
        to=Call(**loaded["to"]),
        clocks=loaded["clocks"],
        when=loaded["when"],
        parallel_for=tuple(loaded["parallel_for"]),
        ack=loaded["ack"],
        steps=tuple(loaded["steps"]),
        longest=loaded["longest"],
        perform=loaded["perform"],
        co_units=tuple(Call(**one) for one in loaded["co_units"]),
    )


def _checked(schema: type[Schema], path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    return loaded


class Config(DependencyProvider):
    """The deployment's playbooks, clocks and calendar."""

    def setup(self) -> None:
        _ = self.configured

    @cached_property
    def configured(self) -> Configured:
        """What `playbooks/*.yaml` and `clocks.yaml` say. Raises BadConfig at start."""
        settings = self.container.config[RUNTIME_KEY].settings
        calendar, standards = load_clocks(settings.config_dir / "clocks.yaml")
        return Configured(load_playbooks(settings.config_dir / "playbooks"), calendar, standards, Links(settings.secret))

    def get_dependency(self, worker_ctx: Any) -> Configured:
        return self.configured
