"""The deployment's texts and channels for notify. Read and checked once, at start; errors name file, path and reason."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from chassis.configuration.settings import Settings
from chassis.configuration.yaml_files import BadConfig, read_yaml
from chassis.signed_links import Links, links_of
from contracts.payload import flatten
from services.notify.config_fields import Duration, Success, Zone, language_tag, one_line
from services.notify.domain.attempts import Retries
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.channels import LOG, LOG_ONLY, OTHERS, Channel, Channels, Route, Routes, is_one_address
from services.notify.domain.languages import is_tag
from services.notify.domain.message_size import Unit
from services.notify.domain.notice_planning import DUTY, RESIDENT
from services.notify.domain.notice_rules import RULES
from services.notify.domain.quiet_hours import QuietHours, QuietSchedule
from services.notify.domain.size_check import undersized_channels
from services.notify.domain.templates import INSTANT_PARTS, Templates, placeholders

MAX_SUBJECT = 100
"""Characters of a subject line before its placeholders are filled in."""
MAX_STEP_SECONDS = 20.0
"""The longest time for one batch of one channel: a stop waits for it."""


_positive = validate.Range(min=1)


class _Channel(Schema):
    via = fields.String(required=True, validate=[validate.Length(min=1), one_line])
    size = fields.Integer(strict=True, validate=_positive)
    unit = fields.Enum(Unit, by_value=True)
    timeout = Duration()
    at_once = fields.Integer(strict=True, validate=validate.Range(1, 32))
    batch = fields.Integer(strict=True, validate=_positive)
    per_minute = fields.Integer(strict=True, validate=_positive)
    receipts = Duration()
    success = Success(
        keys=fields.String(validate=validate.Length(min=1)),
        values=fields.List(fields.Raw(), validate=validate.Length(min=1)),
    )


class _ChannelAddress(Schema):
    channel = fields.String(required=True)
    address = fields.String(validate=one_line)


class _Route(_ChannelAddress):
    locale = fields.String(validate=language_tag)
    then = fields.List(fields.Nested(_ChannelAddress(unknown=RAISE)), load_default=list)


class _QuietHours(Schema):
    begin = fields.Time(required=True, data_key="from", format="%H:%M")
    end = fields.Time(required=True, data_key="to", format="%H:%M")
    zone = Zone(required=True)


class _Routes(Schema):
    resident = fields.Nested(_Route, required=True)
    duty = fields.Nested(_Route, required=True)
    others = fields.Nested(_Route, required=True)
    responders = fields.Dict(keys=fields.String(), values=fields.Nested(_Route(unknown=RAISE)), load_default=dict)


class _Retries(Schema):
    attempts = fields.Integer(strict=True, validate=_positive)
    first = Duration()
    longest = Duration()
    patience = Duration()
    retryable = fields.List(fields.Integer(strict=True, validate=validate.Range(400, 499)))


class _Channels(Schema):
    channels = fields.Dict(keys=fields.String(), values=fields.Nested(_Channel(unknown=RAISE)), required=True)
    routes = fields.Nested(_Routes, required=True)
    quiet = fields.Dict(
        keys=fields.String(validate=validate.OneOf([RESIDENT, DUTY, OTHERS])),
        values=fields.Nested(_QuietHours(unknown=RAISE)),
        load_default=dict,
    )
    link = fields.String()
    margin = Duration()
    retries = fields.Nested(_Retries, load_default=dict)


_TEXTS = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class _Notices(Schema):
    fallback = fields.String(required=True)
    zone = Zone(required=True)
    instants = _TEXTS
    instants_of_other_years = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    words = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String())),
        load_default=dict,
    )
    templates = fields.Dict(keys=fields.String(), values=_TEXTS, required=True)
    subjects = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.String(validate=[validate.Length(1, MAX_SUBJECT), one_line])),
        required=True,
    )


def load_templates(path: Path) -> Templates:
    """Return the texts. Raises BadConfig naming template and language of a missing text or an unknown placeholder."""
    loaded = _checked(_Notices, path)
    fallback, texts = loaded["fallback"], loaded["templates"]
    wanted = {name: rule.placeholders() for rule in RULES for name in rule.templates()}
    for name in sorted(wanted.keys() | texts.keys()):
        if name not in wanted:
            raise BadConfig(f"{path}: templates.{name}: no rule uses it")
        if fallback not in texts.get(name, {}):
            raise BadConfig(f"{path}: templates.{name}.{fallback}: missing")
        for locale, text in texts[name].items():
            if not is_tag(locale):
                raise BadConfig(f"{path}: templates.{name}.{locale}: not a language tag by BCP 47, such as zh or kk-Arab")
            _only(text, wanted[name], f"{path}: templates.{name}.{locale}")
    _check_subjects(loaded["subjects"], texts, path)
    if fallback not in loaded["instants"]:
        raise BadConfig(f"{path}: instants.{fallback}: missing")
    instants, others = loaded["instants"], loaded["instants_of_other_years"]
    templates = Templates(texts, loaded["subjects"], fallback, loaded["zone"], instants, loaded["words"], others)
    _check_instants(templates, path)
    return templates


def _check_instants(templates: Templates, path: Path) -> None:
    for name, forms in (("instants", templates.instants), ("instants_of_other_years", templates.instants_of_other_years)):
        for locale, text in forms.items():
            _only(text, INSTANT_PARTS, f"{path}: {name}.{locale}")
            if locale not in templates.instants:
                raise BadConfig(f"{path}: {name}.{locale}: instants.{locale} is missing")
    for locale in templates.instants:
        if "year" not in placeholders(templates.of_other_years(locale)):
            raise BadConfig(f"{path}: instants_of_other_years.{locale}: want a form with $year, which instants.{locale} lacks")


def _check_subjects(subjects: Mapping[str, Any], texts: Mapping[str, Any], path: Path) -> None:
    """Require a subject in each language of each template. Raises BadConfig naming template and language."""
    known = {name: rule.subject_placeholders() for rule in RULES for name in rule.templates()}
    for name in sorted(subjects.keys() | texts.keys()):
        if name not in known:
            raise BadConfig(f"{path}: subjects.{name}: no rule uses it")
        for locale in sorted(subjects.get(name, {}).keys() | texts[name].keys()):
            if locale not in texts[name]:
                raise BadConfig(f"{path}: subjects.{name}.{locale}: the template has no text in this language")
            if locale not in subjects.get(name, {}):
                raise BadConfig(f"{path}: subjects.{name}.{locale}: missing")
            _only(subjects[name][locale], known[name], f"{path}: subjects.{name}.{locale}")


def load_channels(path: Path, region: str = "CN") -> Channels:
    """Return the channels; without a file, the log alone. Raises BadConfig, which never repeats an address: it may hold a
    password.
    """
    if not path.exists():
        return LOG_ONLY
    loaded = _checked(_Channels, path)
    channels = {name: Channel(name, **one) for name, one in loaded["channels"].items()}
    for channel in channels.values():
        _check(channel, f"{path}: channels.{channel.name}")
    routes = _routes(loaded["routes"])
    _check_addresses(routes, region, path)
    for way in (way for route in routes.all() for way in route.ways(None)):
        if way.channel not in channels:
            raise BadConfig(f"{path}: routes: no channel {way.channel!r}")
    retryable = loaded["retries"].pop("retryable", None)
    more: dict[str, Any] = {name: loaded[name] for name in ("link", "margin") if name in loaded}
    _only(more.get("link", ""), frozenset({"ticket", "purpose", "token"}), f"{path}: link")
    if retryable is not None:
        more["retryable"] = frozenset(retryable)
    quiet = QuietSchedule({kind: QuietHours(**one) for kind, one in loaded["quiet"].items()})
    made = Channels(channels, routes, retries=Retries(**loaded["retries"]), quiet=quiet, **more)
    for name, what in undersized_channels(made):
        raise BadConfig(f"{path}: channels.{name}.size: no room for {what}, which a notice never cuts: allow more")
    return made


def _check(channel: Channel, where: str) -> None:
    _only(channel.via, frozenset({"address", "key", "subject"}), f"{where}.via")
    if channel.via != LOG and (channel.timeout * channel.batch).total_seconds() > MAX_STEP_SECONDS:
        raise BadConfig(f"{where}: timeout times batch exceeds {MAX_STEP_SECONDS:.0f} s")
    if channel.via == LOG and channel.success:
        raise BadConfig(f"{where}: a log gives no answers")
    if channel.via == LOG and channel.receipts:
        raise BadConfig(f"{where}: a log gives no receipts")
    if channel.per_minute and channel.batch > 1:
        raise BadConfig(f"{where}: a channel with a rate sends one at a time: leave out batch")


def _check_addresses(routes: Routes, region: str, path: Path) -> None:
    """Check the addresses in the routes. Raises BadConfig, which names the channel and never the address."""
    for way in (way for route in routes.all() for way in route.ways(None)):
        if way.address is not None and not is_one_address(way.address, region):
            raise BadConfig(f"{path}: routes: address by channel {way.channel!r}: want exactly one number or address")


def _routes(loaded: Mapping[str, Any]) -> Routes:
    responders = {code: _route(one) for code, one in loaded["responders"].items()}
    return Routes(_route(loaded["resident"]), _route(loaded["duty"]), _route(loaded["others"]), responders)


def _route(loaded: Mapping[str, Any]) -> Route:
    return Route(**{**loaded, "then": tuple(ChannelAddress(**way) for way in loaded["then"])})


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
class NotifyConfig:
    """The configuration that a handler sees."""

    templates: Templates
    channels: Channels
    links: Links
    region: str = "CN"
    """The ISO 3166 code of the country of telephone numbers without a country code."""


CONSOLE_LINK = "/t/$ticket/$purpose?token=$token"
"""The path of a resident's page in the web console."""


def read_config(settings: Settings) -> NotifyConfig:
    """Return the configuration of `notices.yaml` and `channels.yaml`. Raises BadConfig.

    Where `channels.yaml` names no link, a resident's link leads to the console, if the settings name its address.
    """
    directory, region = settings.config_dir, settings.phone_region
    channels = load_channels(directory / "channels.yaml", region)
    if settings.public_url and channels.link == Channels.link:
        channels = replace(channels, link=settings.public_url + CONSOLE_LINK)
    return NotifyConfig(load_templates(directory / "notices.yaml"), channels, links_of(settings), region)
