"""The names of the deployment's own codes, from `names.yaml`. The catalogues have the names of the contracts' codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marshmallow import RAISE, Schema, ValidationError, fields

from chassis.configuration.yaml_files import BadConfig, read_yaml
from contracts.payload import flatten

FILE = "names.yaml"
_TEXTS = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
_TABLE = fields.Dict(keys=fields.String(), values=_TEXTS, load_default=dict)


class _Names(Schema):
    office = _TEXTS
    categories = _TABLE
    areas = _TABLE
    units = _TABLE
    levels = _TABLE


@dataclass(frozen=True)
class DeploymentNames:
    """The names of a deployment's own codes, by kind, code and language. A code without a name is shown itself."""

    tables: Mapping[str, Mapping[str, Mapping[str, str]]]
    office: Mapping[str, str]

    def of(self, kind: str, code: str | None, language: str) -> str:
        """Return the name of a code; in Chinese where it has none in this language."""
        if code is None:
            return ""
        texts = self.tables.get(kind, {}).get(code, {})
        return texts.get(language) or texts.get("zh") or code

    def office_name(self, language: str) -> str:
        """Return the name of the street office."""
        return self.office.get(language) or self.office.get("zh", "")


def read_names(config_dir: Path) -> DeploymentNames:
    """Return the names of `names.yaml`; none without the file. Raises BadConfig with file, field and reason."""
    path = config_dir / FILE
    if not path.exists():
        return DeploymentNames({}, {"zh": "街道办事处", "en": "Street office"})
    try:
        loaded = _Names(unknown=RAISE).load(read_yaml(path))
    except ValidationError as wrong:
        named = "; ".join(f"{name}: {what}" for name, what in flatten(wrong.messages).items())
        raise BadConfig(f"{path}: {named}") from None
    return DeploymentNames({kind: loaded[kind] for kind in ("categories", "areas", "units", "levels")}, loaded["office"])
