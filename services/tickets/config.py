"""The deployment's configuration of tickets: rules, Open311 catalog, salt of the digests, key of the links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from chassis.configuration.settings import Settings
from chassis.configuration.yaml_files import BadConfig, duration, read_yaml
from chassis.signed_links import Links, links_of
from contracts.codes import Urgency
from contracts.contact_points import EMAIL_MARK, comparable
from services.tickets.domain.match_keys import MatchKeys
from services.tickets.domain.rules import Proximity, Rules
from services.tickets.open311.service_catalog import ServiceCatalog, read_service_catalog


@dataclass(frozen=True)
class TicketsConfig:
    """The configuration that a handler sees."""

    rules: Rules
    catalog: ServiceCatalog
    salt: bytes
    links: Links
    region: str = "CN"
    """The ISO 3166 code of the country of telephone numbers without a country code."""

    @cached_property
    def keys(self) -> MatchKeys:
        """Return the maker of the keys by which tickets without coordinates are compared."""
        return MatchKeys(self.salt, self.region, self.rules.shared_contacts)


def read_config(settings: Settings) -> TicketsConfig:
    """Return the configuration of a deployment's directory. Raises BadConfig."""
    matters = read_police_matters(settings.config_dir / "police_matters.yaml")
    rules = replace(read_rules(settings.config_dir / "tickets.yaml"), police_matters=matters)
    catalog, links = read_service_catalog(settings.config_dir), links_of(settings)
    return TicketsConfig(rules, catalog, settings.secret.encode(), links, settings.phone_region)


def read_rules(path: Path) -> Rules:
    """Return the rules of a file; an absent rule has the domain page's default. Raises BadConfig naming the wrong entry."""
    loaded = read_yaml(path)
    try:
        return Rules(**{name: _READ[name](value) for name, value in _known({} if loaded is None else loaded, _READ).items()})
    except ValueError as wrong:
        raise BadConfig(f"{path}: {wrong}") from None


def read_police_matters(path: Path) -> frozenset[str]:
    """Return the categories that go straight to the police: the file that dispatch reads, too.

    Raises BadConfig. A file that is not there is refused: it would protect nobody.
    """
    loaded = read_yaml(path)
    try:
        named = _known(loaded, {"police_matters": None}).get("police_matters")
        if not isinstance(named, list) or not all(isinstance(code, str) and code for code in named):
            raise ValueError("police_matters: want a list of category codes")
    except ValueError as wrong:
        raise BadConfig(f"{path}: {wrong}") from None
    return frozenset(named)


def _near(value: Any) -> Proximity:
    given = _known(value, {"metres": None, "within": None})
    metres = given.get("metres")
    if isinstance(metres, bool) or not isinstance(metres, int | float) or not 0 <= metres <= 10_000 or "within" not in given:
        raise ValueError("want metres (0 to 10,000) and within (a duration)")
    return Proximity(float(metres), duration(given["within"]))


def _contacts(value: Any) -> frozenset[str]:
    """Return contact points in normalised form. A number needs its country code, so that it means the same in every region."""
    found = [comparable(one, "") if isinstance(one, str) else None for one in value] if isinstance(value, list) else [None]
    known = frozenset(one for one in found if one is not None and (one.startswith("+") or EMAIL_MARK in one))
    if known != set(found):
        raise ValueError("shared_contacts: want a list of telephone numbers with country code, or e-mail addresses")
    return known


def _advice(value: Any) -> dict[Urgency, dict[str, str]]:
    return {Urgency(name): _texts(texts) for name, texts in _known(value, dict.fromkeys(Urgency)).items()}


def _texts(value: Any) -> dict[str, str]:
    given = _known(value, {"zh": None, "en": None})
    if len(given) < 2 or not all(isinstance(text, str) and 0 < len(text) <= 1000 for text in given.values()):
        raise ValueError("advice: want a text of at most 1,000 characters in zh and in en")
    return dict(given)


def _known(value: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() - known.keys():
        raise ValueError(f"want only the keys {', '.join(known)}")
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "watchdog": duration,
    "revisit": duration,
    "reopen": duration,
    "duplicates": _near,
    "doubts": _near,
    "advice": _advice,
    "shared_contacts": _contacts,
}
