"""Playbooks: read and checked once, at start."""

from functools import cached_property
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from nameko.extensions import DependencyProvider

from chassis.config import BadConfig, duration, read_yaml
from chassis.nameko import RUNTIME_KEY
from contracts.codes import AreaKind, Clock, Role
from contracts.envelope import flatten
from services.dispatch.domain.playbook import Call, Level, Playbook

LEVEL_CLOCKS = [Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN]


class _Duration(fields.Field[int]):
    """Elapsed time as seconds."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            return int(duration(value).total_seconds())
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class _Call(Schema):
    role = fields.Enum(Role, by_value=True, required=True)
    of = fields.Enum(AreaKind, by_value=True, required=True)


class _Level(Schema):
    level = fields.String(required=True)
    respond = fields.String(required=True, validate=validate.OneOf(["assign"]))
    to = fields.Nested(_Call, required=True)
    clocks = fields.Dict(
        keys=fields.Enum(Clock, by_value=True, validate=validate.OneOf(LEVEL_CLOCKS)),
        values=_Duration(),
        load_default=dict,
    )


class _Playbook(Schema):
    playbook = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    takes = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    ladder = fields.List(fields.Nested(_Level), required=True, validate=validate.Length(min=1))
    verify = fields.Nested(_Call, required=True)
    supervisor = fields.Nested(_Call, required=True)


def load_playbooks(directory: Path) -> tuple[Playbook, ...]:
    """Every playbook of a directory, in the order of file name. Raises BadConfig with file, path and reason."""
    found = tuple(load_playbook(path) for path in sorted(directory.glob("*.yaml")))
    if not found:
        raise BadConfig(f"{directory}: no playbook (*.yaml) there")
    return found


def load_playbook(path: Path) -> Playbook:
    """One playbook. Raises BadConfig."""
    try:
        loaded = _Playbook(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        raise BadConfig(f"{path}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    ladder = tuple(Level(one["level"], Call(**one["to"]), one["clocks"]) for one in loaded["ladder"])
    return Playbook(
        name=loaded["playbook"],
        version=loaded["version"],
        title=loaded["title"],
        takes=tuple(loaded["takes"]),
        ladder=ladder,
        verify=Call(**loaded["verify"]),
        supervisor=Call(**loaded["supervisor"]),
    )


class Playbooks(DependencyProvider):
    """The deployment's playbooks."""

    def setup(self) -> None:
        _ = self.playbooks

    @cached_property
    def playbooks(self) -> tuple[Playbook, ...]:
        """What `playbooks/*.yaml` says. Raises BadConfig at start."""
        return load_playbooks(self.container.config[RUNTIME_KEY].settings.config_dir / "playbooks")

    def get_dependency(self, worker_ctx: Any) -> tuple[Playbook, ...]:
        return self.playbooks
