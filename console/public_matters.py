"""The matters that anybody may see: of the public categories of `open311.yaml`, and never a dispute or a police matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from chassis.configuration.yaml_files import BadConfig, read_yaml
from contracts.payload import flatten

OPEN311, POLICE = "open311.yaml", "police_matters.yaml"


class _Service(Schema):
    public = fields.Boolean(load_default=False)


class _Catalog(Schema):
    services = fields.Dict(keys=fields.String(), values=fields.Nested(_Service, unknown=EXCLUDE), required=True)


class _Police(Schema):
    police_matters = fields.List(fields.String(), required=True)


@dataclass(frozen=True)
class PublicMatters:
    """The public categories. Of their tickets a page for everybody shows category, day and state, and nothing else."""

    categories: frozenset[str] = frozenset()

    def includes(self, ticket: Mapping[str, Any]) -> bool:
        """Return whether anybody may see that there is this ticket."""
        return ticket["category"] in self.categories and not ticket["dispute"]


def read_public_matters(config_dir: Path) -> PublicMatters:
    """Return the deployment's public matters; none where it has no `open311.yaml`. Raises BadConfig."""
    if not (config_dir / OPEN311).exists():
        return PublicMatters()
    services = _read(_Catalog, config_dir / OPEN311)["services"]
    police = _read(_Police, config_dir / POLICE)["police_matters"]
    return PublicMatters(frozenset(code for code, service in services.items() if service["public"]) - frozenset(police))


def _read(schema: type[Schema], path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema(unknown=EXCLUDE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    return loaded
