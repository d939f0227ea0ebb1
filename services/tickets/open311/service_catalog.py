"""The catalog of `open311.yaml`: the services that a deployment offers by GeoReport, and their texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from chassis.configuration.yaml_files import BadConfig, read_yaml
from chassis.handler_context import Missing
from contracts import marshmallow_fields as ours
from contracts.codes import Channel, Closure, RejectReason
from contracts.payload import flatten
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.places import Places
from services.tickets.domain.ticket import Ticket
from services.tickets.open311 import boundaries

FILE = "open311.yaml"


@dataclass(frozen=True, slots=True)
class Service:
    """A category that may be requested. Anybody sees the requests of a ``public`` one."""

    name: str
    description: str | None
    keywords: str | None
    group: str | None
    public: bool


@dataclass(frozen=True, slots=True)
class ServiceCatalog:
    """The services by category code, and the settings of the API."""

    jurisdiction: str | None
    url: str | None
    """The public address; None for the one by which the client came."""
    changeset: str
    contact: str
    key_service: str
    test: bool
    zone: ZoneInfo
    """The time zone of the answers."""
    channel: Channel
    """The channel of whistles that come by GeoReport."""
    services: Mapping[str, Service]
    notes: Mapping[str, str]
    places: Places

    def service(self, code: str) -> Service:
        """Return a service. Raises Missing for one that is not offered."""
        if code not in self.services:
            raise Missing("service_code: not offered")
        return self.services[code]

    def check(self, jurisdiction: str | None) -> None:
        """Raise Missing where the client means another jurisdiction."""
        if jurisdiction and self.jurisdiction and jurisdiction != self.jurisdiction:
            raise Missing("jurisdiction_id: not served here")

    def note(self, ticket: Ticket) -> str:
        """Return a ticket's state in words. A text for the reason of its end takes precedence."""
        why = ticket.closure if ticket.state is State.CLOSED else ticket.rejected_for
        note = self.notes.get(f"{ticket.state.value}_{why.value}" if why else "") or self.notes[ticket.state.value]
        review = ticket.review_at.astimezone(self.zone).date().isoformat() if ticket.review_at else ""
        return Template(note).safe_substitute(merged_into=ticket.merged_into or "", review_at=review)


def read_service_catalog(directory: Path) -> ServiceCatalog:
    """Return the catalog of the deployment's directory. Raises BadConfig with file, path and reason."""
    path = directory / FILE
    try:
        loaded: dict[str, Any] = _ServiceCatalog(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    return ServiceCatalog(**loaded, places=boundaries.read_map(directory / boundaries.FILE))


class _Words(Schema):
    """A text in Chinese and, optionally, in English; both are shown as one text."""

    zh = fields.String(required=True, validate=validate.Length(1, 500))
    en = fields.String(validate=validate.Length(1, 500))

    @post_load
    def _joined(self, data: Mapping[str, str], **_: Any) -> str:
        return " · ".join(data[language] for language in ("zh", "en") if language in data)


def _words(**kwargs: Any) -> fields.Nested:
    return fields.Nested(_Words, **kwargs)


class _Service(Schema):
    name = _words(required=True)
    description = _words(load_default=None)
    keywords = fields.List(fields.String(validate=validate.Regexp("^[^,]+$")), load_default=list)
    group = _words(load_default=None)
    public = fields.Boolean(load_default=False)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Service:
        return Service(**{**data, "keywords": ", ".join(data["keywords"]) or None})


class _Zone(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return ZoneInfo(super()._deserialize(value, attr, data, **kwargs))
        except (ZoneInfoNotFoundError, ValueError):
            raise ValidationError("No such time zone.") from None


_STATES = [state.value for state in State]
_REASONS = [
    *(f"{State.CLOSED.value}_{closure.value}" for closure in Closure),
    *(f"{State.REJECTED.value}_{reason.value}" for reason in RejectReason),
]


def _every_state(notes: Mapping[str, str]) -> None:
    missing = [state for state in _STATES if state not in notes]
    if missing:
        raise ValidationError(f"Without words for {', '.join(missing)}.")


class _ServiceCatalog(Schema):
    jurisdiction = fields.String(required=True, allow_none=True, validate=validate.Length(1, 200))
    url = fields.Url(load_default=None, allow_none=True, require_tld=False)
    changeset = fields.String(required=True)
    contact = fields.String(required=True)
    key_service = fields.String(required=True)
    test = fields.Boolean(load_default=False)
    zone = _Zone(required=True)
    channel = ours.code(Channel, "how whistles that come this way are counted")
    services = fields.Dict(keys=ours.ident("a category's code"), values=fields.Nested(_Service), required=True)
    notes = fields.Dict(
        keys=fields.String(validate=validate.OneOf([*_STATES, *_REASONS])),
        values=_words(required=True),
        required=True,
        validate=_every_state,
    )
