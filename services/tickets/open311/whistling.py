"""From GeoReport's form to the data of a whistle. What it has no field for and somebody wrote becomes a line of the text."""

from collections.abc import Mapping
from typing import Any

from chassis.effects import Refused
from contracts import schema_fields as fields
from contracts.codes import CoordinateSystem
from contracts.events.intake import Location, Reporter, WhistleBlown
from services.tickets.domain.coordinates import Point
from services.tickets.domain.places import Found, Places
from services.tickets.open311.offer import Offer


class TooLong(Refused):
    """More words than a whistle holds."""


def whistle(form: Mapping[str, Any], attributes: Mapping[str, list[str]], offer: Offer) -> WhistleBlown:
    """The whistle. Raises Missing for a service that is not offered, Nowhere, TooLong."""
    offer.service(form["service_code"])
    point = point_of(form)
    found = place_of(form, point, offer.places)
    return WhistleBlown(
        category=form["service_code"],
        area=found.area,
        estate=found.estate,
        channel=offer.channel,
        text=text_of(form, attributes),
        address=form.get("address_string"),
        location=Location(lat=point.lat, lon=point.lon, system=CoordinateSystem.WGS84) if point else None,
        reporter=reporter_of(form),
    )


def point_of(form: Mapping[str, Any]) -> Point | None:
    """Where it is, as a point. Raises Refused for half of one."""
    lat, lon = form.get("lat"), form.get("long")
    if (lat is None) != (lon is None):
        raise Refused("lat, long: one is nothing without the other")
    return None if lat is None or lon is None else Point(lat, lon)


def place_of(form: Mapping[str, Any], point: Point | None, places: Places) -> Found:
    """The area, by the most exact of what was sent; that alone decides. Raises Nowhere, and Refused where nothing was sent."""
    if form.get("address_id"):
        return places.coded(form["address_id"])
    if point:
        return places.at(point)
    if form.get("address_string"):
        return places.called(form["address_string"])
    raise Refused("lat and long, address_string or address_id: one is needed")


def text_of(form: Mapping[str, Any], attributes: Mapping[str, list[str]]) -> str:
    """The reporter's words, and what else was written, under the standard's names. Raises TooLong."""
    more = {name: form[name] for name in ("email", "media_url") if form.get(name)}
    said = {**more, **{f"attribute[{code}]": ", ".join(values) for code, values in attributes.items()}}
    text = "\n".join([*filter(None, [form.get("description")]), *(f"{name}: {value}" for name, value in said.items())])
    if len(text) > fields.TEXT or "\0" in text:
        raise TooLong(f"description: with email, media_url and attributes at most {fields.TEXT} characters, none U+0000")
    return text


def reporter_of(form: Mapping[str, Any]) -> Reporter | None:
    """Who to answer; None where nobody said who they are."""
    name = called(form.get("first_name"), form.get("last_name"))
    return Reporter(name=name, phone=form.get("phone")) if name or form.get("phone") else None


def called(first: str | None, last: str | None) -> str | None:
    """A name as its language writes it: 王秀英, but John Smith."""
    if first and last:
        return f"{first} {last}"[: fields.NAME] if (first + last).isascii() else f"{last}{first}"[: fields.NAME]
    return first or last
