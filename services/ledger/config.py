"""The deployment's configuration of the ledger: `ledger.yaml`, read and checked once, at start; and the signing key."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from chassis.configuration.settings import Settings
from chassis.configuration.yaml_files import BadConfig, duration, read_yaml
from contracts.payload import flatten
from services.ledger.domain.checkpoint import Signer
from services.ledger.domain.double_entry import Act
from services.ledger.domain.kpi_figures import Band
from services.ledger.domain.kpi_formulas import BY_NAME
from services.ledger.domain.rules import Rules
from services.ledger.signing_keys import load_signer

FILE = "ledger.yaml"


def _duration(value: Any) -> None:
    try:
        duration(value)
    except ValueError as wrong:
        raise ValidationError(str(wrong)) from None


def _zone(value: Any) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValidationError("No such time zone.") from None


_AMOUNT: dict[str, Any] = {"strict": True, "validate": validate.Range(0, 10**6)}


class _Points(Schema):
    opening = fields.Integer(required=True, **_AMOUNT)
    acts = fields.Dict(keys=fields.Enum(Act, by_value=True), values=fields.Integer(**_AMOUNT), required=True)


class _Gaps(Schema):
    after = fields.String(required=True, validate=_duration)
    look_every = fields.String(required=True, validate=_duration)


_RATE: dict[str, Any] = {"required": True, "validate": validate.Range(0, 10)}


class _Band(Schema):
    low = fields.Float(**_RATE)
    high = fields.Float(**_RATE)


class _Ledger(Schema):
    zone = fields.String(required=True, validate=_zone)
    points = fields.Nested(_Points, required=True)
    gaps = fields.Nested(_Gaps, required=True)
    bands = fields.Dict(keys=fields.String(validate=validate.OneOf(BY_NAME)), values=fields.Nested(_Band), load_default=dict)


@dataclass(frozen=True)
class LedgerConfig:
    """The configuration that a handler sees."""

    rules: Rules
    signer: Signer


def load_rules(path: Path) -> Rules:
    """Return the deployment's rules. Raises BadConfig with file, path within it and reason."""
    try:
        loaded: dict[str, Any] = _Ledger(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    points, gaps = loaded["points"], loaded["gaps"]
    return Rules(
        opening=points["opening"],
        acts={act: points["acts"].get(act, 0) for act in Act},
        gap_after=duration(gaps["after"]),
        look_every=duration(gaps["look_every"]),
        zone=ZoneInfo(loaded["zone"]),
        bands={name: Band(**one) for name, one in loaded["bands"].items()},
    )


def read_config(settings: Settings) -> LedgerConfig:
    """Return the configuration of `ledger.yaml` and the signing key. Raises BadConfig or BadSettings."""
    return LedgerConfig(load_rules(settings.config_dir / FILE), load_signer(settings.secret))
