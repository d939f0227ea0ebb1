"""What a deployment sets for notify: texts and channels. Read and checked once, at start; errors name file, path and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from nameko.extensions import DependencyProvider

from chassis.config import BadConfig, duration, read_yaml
from chassis.nameko import RUNTIME_KEY
from contracts.envelope import flatten
from services.notify.domain.channels import LOG, LOG_ONLY, Channel, Channels, Route, Routes
from services.notify.domain.notice import Retries
from services.notify.domain.rules import RULES
from services.notify.domain.templates import INSTANT_PARTS, Templates, placeholders

LONGEST_STEP = 20.0
"""Seconds that one batch of one channel may take: a stop waits for it."""


class _Duration(fields.String):
    """``10s``, ``2h``; loads a timedelta."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return duration(value)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


_positive = validate.Range(min=1)


class _Channel(Schema):
    via = fields.String(required=True, validate=validate.Length(min=1))
    size = fields.Integer(strict=True, validate=validate.Range(min=20))
    timeout = _Duration()
    at_once = fields.Integer(strict=True, validate=validate.Range(1, 32))
    batch = fields.Integer(strict=True, validate=_positive)
    per_minute = fields.Integer(strict=True, validate=_positive)


class _Route(Schema):
    channel = fields.String(required=True)
    address = fields.String()
    locale = fields.String()


class _Routes(Schema):
    resident = fields.Nested(_Route, required=True)
    duty = fields.Nested(_Route, required=True)
    others = fields.Nested(_Route, required=True)
    responders = fields.Dict(keys=fields.String(), values=fields.Nested(_Route(unknown=RAISE)), load_default=dict)


class _Retries(Schema):
    attempts = fields.Integer(strict=True, validate=_positive)
    first = _Duration()
    longest = _Duration()
    passing = fields.List(fields.Integer(strict=True, validate=validate.Range(400, 499)))


class _Channels(Schema):
    channels = fields.Dict(keys=fields.String(), values=fields.Nested(_Channel(unknown=RAISE)), required=True)
    routes = fields.Nested(_Routes, required=True)
    link = fields.String()
    margin = _Duration()
    retries = fields.Nested(_Retries, load_default=dict)


_TEXTS = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class _Notices(Schema):
    fallback = fields.String(required=True)
    zone = fields.String(required=True)
    instants = _TEXTS
    words = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String())),
        load_default=dict,
    )
    templates = fields.Dict(keys=fields.String(), values=_TEXTS, required=True)


def load_templates(path: Path) -> Templates:
    """The texts. Raises BadConfig naming template and language where one is missing or names what nobody fills in."""
    loaded = _checked(_Notices, path)
    fallback, texts = loaded["fallback"], loaded["templates"]
    wanted = {name: rule.placeholders() for rule in RULES for name in rule.templates()}
    for name in sorted(wanted.keys() | texts.keys()):
        if name not in wanted:
            raise BadConfig(f"{path}: templates.{name}: no rule uses it")
        if fallback not in texts.get(name, {}):
            raise BadConfig(f"{path}: templates.{name}.{fallback}: missing")
        for locale, text in texts[name].items():
            _only(text, wanted[name], f"{path}: templates.{name}.{locale}")
    for locale, text in loaded["instants"].items():
        _only(text, INSTANT_PARTS, f"{path}: instants.{locale}")
    if fallback not in loaded["instants"]:
        raise BadConfig(f"{path}: instants.{fallback}: missing")
    try:
        zone = ZoneInfo(loaded["zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise BadConfig(f"{path}: zone: no such time zone") from None
    return Templates(texts, fallback, zone, loaded["instants"], loaded["words"])


def load_channels(path: Path) -> Channels:
    """The channels; without a file the log alone. Raises BadConfig; never repeats an address, which may hold a password."""
    if not path.exists():
        return LOG_ONLY
    loaded = _checked(_Channels, path)
    channels = {name: Channel(name, **one) for name, one in loaded["channels"].items()}
    for channel in channels.values():
        _only(channel.via, frozenset({"address", "key"}), f"{path}: channels.{channel.name}.via")
        if channel.via != LOG and (channel.timeout * channel.batch).total_seconds() > LONGEST_STEP:
            raise BadConfig(f"{path}: channels.{channel.name}: timeout times batch exceeds {LONGEST_STEP:.0f} s")
    routes = _routes(loaded["routes"])
    for route in routes.all():
        if route.channel not in channels:
            raise BadConfig(f"{path}: routes: no channel {route.channel!r}")
    passing = loaded["retries"].pop("passing", None)
    more: dict[str, Any] = {name: loaded[name] for name in ("link", "margin") if name in loaded}
    _only(more.get("link", ""), frozenset({"ticket", "purpose", "token"}), f"{path}: link")
    if passing is not None:
        more["passing"] = frozenset(passing)
    return Channels(channels, routes, retries=Retries(**loaded["retries"]), **more)


def _routes(loaded: Mapping[str, Any]) -> Routes:
    responders = {code: Route(**one) for code, one in loaded["responders"].items()}
    return Routes(Route(**loaded["resident"]), Route(**loaded["duty"]), Route(**loaded["others"]), responders)


def _only(text: str, known: frozenset[str], where: str) -> None:
    try:
        unknown = placeholders(text) - known
    except ValueError as wrong:
        raise BadConfig(f"{where}: {wrong}") from None
    if unknown:
        raise BadConfig(f"{where}: nobody fills in {', '.join(f'${name}' for name in sorted(unknown))}")


def _checked(schema: type[Schema], path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    return loaded


@dataclass(frozen=True)
class Configured:
    """What a worker sees."""

    templates: Templates
    channels: Channels


class Config(DependencyProvider):
    """`notices.yaml` and `channels.yaml` of the deployment's directory."""

    def setup(self) -> None:
        _ = self.configured

    @cached_property
    def configured(self) -> Configured:
        """The configuration. Raises BadConfig at start."""
        directory = self.container.config[RUNTIME_KEY].settings.config_dir
        return Configured(load_templates(directory / "notices.yaml"), load_channels(directory / "channels.yaml"))

    def get_dependency(self, worker_ctx: Any) -> Configured:
        return self.configured
