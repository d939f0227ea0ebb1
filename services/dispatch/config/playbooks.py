"""The playbooks of `playbooks/*.yaml`, and the police matters of `police_matters.yaml`."""

from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from chassis.configuration.yaml_files import BadConfig
from contracts.codes import AreaKind, Clock, Respond, Role, Urgency
from services.dispatch.config.yaml_fields import checked, code, span, spans
from services.dispatch.domain.playbook import Call, Level, Playbook
from services.dispatch.domain.playbook_rules import police_problems
from services.dispatch.domain.responses import RESPONSES, all_responses, response_of

LEVEL_CLOCKS = [Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN]


class _Call(Schema):
    role = code(Role, required=True)
    of = code(AreaKind, required=True)


def _is_registered(respond: Respond) -> None:
    if respond not in RESPONSES:
        raise ValidationError(f"Not yet: {respond.value}.")


class _Level(Schema):
    level = fields.String(required=True)
    respond = code(Respond, required=True, validate=_is_registered)
    to = fields.Nested(_Call, required=True)
    clocks = spans(LEVEL_CLOCKS, load_default=dict)
    when = fields.String(validate=validate.OneOf(["dispute"]), load_default=None)
    parallel_for = fields.List(code(Urgency), load_default=list)
    ack = fields.String(validate=validate.Regexp(r"any|all|[1-9]\d?", error="Want any, all or a number."), load_default=None)
    steps = fields.List(fields.String(), load_default=list)
    longest = span(load_default="30d")
    perform = span(load_default="30d")
    co_units = fields.List(fields.Nested(_Call), data_key="with", load_default=list)

    @validates_schema
    def fits(self, data: Any, **kwargs: Any) -> None:
        """Refuse a field that the level's response would ignore, and a level without a clock that its response requires."""
        for other in all_responses():
            for name in other.level_fields if other.respond is not data["respond"] else ():
                if data[name]:
                    where = self.fields[name].data_key or name
                    raise ValidationError(f"Only where a level responds by {other.respond.value}.", where)
        for clock, problem in response_of(data["respond"]).required_clocks.items():
            if clock not in data["clocks"]:
                raise ValidationError(problem, "clocks")


class _Playbook(Schema):
    playbook = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    takes = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    ladder = fields.List(fields.Nested(_Level), required=True, validate=validate.Length(min=1))
    verify = fields.Nested(_Call, required=True)
    supervisors = fields.List(fields.Nested(_Call), required=True, validate=validate.Length(min=1))
    returns = fields.Integer(validate=validate.Range(0, 9), load_default=2)


class _PoliceMatters(Schema):
    police_matters = fields.List(fields.String(validate=validate.Length(min=1)), required=True)


def load_police_matters(path: Path) -> frozenset[str]:
    """Return the categories that go straight to the police. Raises BadConfig, also where the file is missing."""
    return frozenset(checked(_PoliceMatters, path)["police_matters"])


def load_playbooks(directory: Path, police_matters: frozenset[str] = frozenset()) -> tuple[Playbook, ...]:
    """Return every playbook of a directory, in the order of file name. Raises BadConfig."""
    found = tuple(load_playbook(path, police_matters) for path in sorted(directory.glob("*.yaml")))
    if not found:
        raise BadConfig(f"{directory}: no playbook (*.yaml) there")
    if missing := police_matters - {category for playbook in found for category in playbook.takes}:
        raise BadConfig(f"{directory}: no playbook takes the police matter {min(missing)!r}")
    return found


def load_playbook(path: Path, police_matters: frozenset[str] = frozenset()) -> Playbook:
    """Return the playbook of a file. Raises BadConfig with file, path within it and reason."""
    playbook = _playbook(checked(_Playbook, path))
    names = [level.level for level in playbook.ladder]
    if len(set(names)) < len(names):
        raise BadConfig(f"{path}: ladder: two levels of one name")
    if found := [f"{where}: {what}" for where, what in police_problems(playbook, police_matters)]:
        raise BadConfig(f"{path}: {'; '.join(found)}")
    return playbook


def _playbook(loaded: dict[str, Any]) -> Playbook:
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
