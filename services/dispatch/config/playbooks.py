"""`playbooks/*.yaml`: the ladders."""

from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate

from chassis.config import BadConfig
from contracts.codes import AreaKind, Clock, Respond, Role, Urgency
from services.dispatch.config.reading import checked, code, span, spans
from services.dispatch.domain.playbook import Call, Level, Playbook

LEVEL_CLOCKS = [Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN]


class _Call(Schema):
    role = code(Role, required=True)
    of = code(AreaKind, required=True)


class _Level(Schema):
    level = fields.String(required=True)
    respond = code(Respond, required=True, validate=validate.NoneOf([Respond.OFFER], error="Not yet: offer."))
    to = fields.Nested(_Call, required=True)
    clocks = spans(LEVEL_CLOCKS, load_default=dict)
    when = fields.String(validate=validate.OneOf(["dispute"]), load_default=None)
    parallel_for = fields.List(code(Urgency), load_default=list)
    ack = fields.String(validate=validate.Regexp(r"any|all|[1-9]\d?", error="Want any, all or a number."), load_default=None)
    steps = fields.List(fields.String(), load_default=list)
    longest = span(load_default="30d")
    perform = span(load_default="30d")
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


def load_playbooks(directory: Path) -> tuple[Playbook, ...]:
    """Every playbook of a directory, in the order of file name. Raises BadConfig."""
    found = tuple(load_playbook(path) for path in sorted(directory.glob("*.yaml")))
    if not found:
        raise BadConfig(f"{directory}: no playbook (*.yaml) there")
    return found


def load_playbook(path: Path) -> Playbook:
    """One playbook. Raises BadConfig with file, path within it and reason."""
    loaded = checked(_Playbook, path)
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
