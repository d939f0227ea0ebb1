"""Making a whistle of GeoReport's form. Text for which a whistle has no field becomes a line of its text."""

from collections.abc import Mapping
from typing import Any

from chassis.effects import Refused
from contracts import limits
from contracts.codes import CoordinateSystem
from contracts.events.intake import Location, Reporter, WhistleBlown
from services.tickets.domain.coordinates import Point
from services.tickets.domain.places import Locality, Places
from services.tickets.open311.service_catalog import ServiceCatalog


class TooLong(Refused):
    """Raised for more text than a whistle holds."""


def whistle_from_form(form: Mapping[str, Any], attributes: Mapping[str, list[str]], catalog: ServiceCatalog) -> WhistleBlown:
    """Return the whistle. Raises Missing for a service that is not offered, UnknownPlace, TooLong."""
    catalog.service(form["service_code"])
    point = point_of(form)
    found = place_of(form, point, catalog.places)
    return WhistleBlown(
        category=form["service_code"],
        area=found.area,
        estate=found.estate,
        channel=catalog.channel,
        text=text_of(form, attributes),
        address=form.get("address_string"),
        location=Location(lat=point.lat, lon=point.lon, system=CoordinateSystem.WGS84) if point else None,
        reporter=reporter_of(form),
    )


def point_of(form: Mapping[str, Any]) -> Point | None:
    """Return the point of a form. Raises Refused where one coordinate is missing."""
    lat, lon = form.get("lat"), form.get("long")
    if (lat is None) != (lon is None):
        raise Refused("lat, long: one is nothing without the other")
    return None if lat is None or lon is None else Point(lat, lon)


def place_of(form: Mapping[str, Any], point: Point | None, places: Places) -> Locality:
    """Return the area named by the most exact field that was sent. Raises UnknownPlace, and Refused where no field was sent."""
    if form.get("address_id"):
        return places.by_code(form["address_id"])
    if point:
        return places.containing(point)
    if form.get("address_string"):
        return places.by_name(form["address_string"])
    raise Refused("lat and long, address_string or address_id: one is needed")


def text_of(form: Mapping[str, Any], attributes: Mapping[str, list[str]]) -> str:
    """Return the description, followed by the other written fields under the standard's names. Raises TooLong."""
    more = {name: form[name] for name in ("email", "media_url") if form.get(name)}
    said = {**more, **{f"attribute[{code}]": ", ".join(values) for code, values in attributes.items()}}
    text = "\n".join([*filter(None, [form.get("description")]), *(f"{name}: {value}" for name, value in said.items())])
    if len(text) > limits.TEXT or "\0" in text:
        raise TooLong(f"description: with email, media_url and attributes at most {limits.TEXT} characters, none U+0000")
    return text


def reporter_of(form: Mapping[str, Any]) -> Reporter | None:
    """Return the reporter; None for an anonymous form."""
    name = full_name(form.get("first_name"), form.get("last_name"))
    return Reporter(name=name, phone=form.get("phone")) if name or form.get("phone") else None


def full_name(first: str | None, last: str | None) -> str | None:
    """Return a name in the order of its language: 王秀英, but John Smith."""
    if first and last:
        return f"{first} {last}"[: limits.NAME] if (first + last).isascii() else f"{last}{first}"[: limits.NAME]
    return first or last
