"""From the standard's form to a whistle: nothing that somebody wrote is lost, and its place is found or it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chassis.effects import Refused
from chassis.handler_context import Missing
from contracts.codes import CoordinateSystem
from contracts.events.intake import Location, Reporter, WhistleBlown
from services.tickets.domain.places import UnknownPlace
from services.tickets.open311.form_mapping import TooLong, full_name, whistle_from_form
from services.tickets.open311.service_catalog import read_service_catalog

OFFER = read_service_catalog(Path(__file__).resolve().parents[4] / "deploy")
FORM: dict[str, Any] = {
    "service_code": "leak",
    "lat": 34.262,
    "long": 108.902,
    "address_string": "阳光家园3号楼2单元",
    "first_name": "秀英",
    "last_name": "王",
    "phone": "029-00001234",
    "description": "楼上漏水\n从昨晚开始",
}


def blown(attributes: dict[str, list[str]] | None = None, **changes: Any) -> WhistleBlown:
    """The whistle, which the contract takes."""
    made = whistle_from_form({**FORM, **changes}, attributes or {}, OFFER)
    assert WhistleBlown.load(made.to_wire()) == made
    return made


def test_a_form_is_a_whistle() -> None:
    made = blown()
    assert (made.category, made.area, made.estate, made.channel.value) == (
        "leak",
        "shanqi-1",
        "yangguang",
        "mini_program",
    )
    assert (made.text, made.address) == (FORM["description"], FORM["address_string"])
    assert made.location == Location(lat=34.262, lon=108.902, system=CoordinateSystem.WGS84)
    assert made.reporter == Reporter(name="王秀英", phone="029-00001234")


def test_what_a_whistle_has_no_field_for_is_a_line_of_its_text() -> None:
    made = blown(
        {"WHISPAWN": ["123456"], "floors": ["2", "3"]}, email="wang@example.org", media_url="https://example.org/1.jpg",
    )  # fmt: skip
    assert made.text.splitlines() == [
        "楼上漏水",
        "从昨晚开始",
        "email: wang@example.org",
        "media_url: https://example.org/1.jpg",
        "attribute[WHISPAWN]: 123456",
        "attribute[floors]: 2, 3",
    ]
    assert blown(description=None).text == ""
    assert blown(device_id="tt222111", account_id="7").text == FORM["description"]


def test_who_does_not_say_who_they_are_has_no_reporter() -> None:
    assert blown(first_name=None, last_name=None, phone=None).reporter is None
    assert blown(first_name=None, last_name=None).reporter == Reporter(phone="029-00001234")


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("秀英", "王", "王秀英"), ("John", "Smith", "John Smith"), ("秀英", None, "秀英"), (None, "王", "王"), (None, None, None)],
)
def test_a_name_is_written_as_its_language_does(first: str | None, last: str | None, name: str | None) -> None:
    assert full_name(first, last) == name


def test_two_long_names_are_still_a_name() -> None:
    assert blown(first_name="王" * 200, last_name="李" * 200).reporter == Reporter(name="李" * 200, phone=FORM["phone"])


@pytest.mark.parametrize(
    ("changes", "area", "estate"),
    [
        ({}, "shanqi-1", "yangguang"),
        ({"address_id": "heping"}, "shanqi-2", "heping"),  # the code counts before the point
        ({"address_string": "和平小区"}, "shanqi-1", "yangguang"),  # the point before the words
        ({"lat": None, "long": None}, "shanqi-1", "yangguang"),
        ({"lat": 34.2695, "long": 108.9095, "address_string": None}, "shanqi-2", None),
    ],
)
def test_the_most_exact_of_what_was_sent_says_where_it_is(changes: dict[str, Any], area: str, estate: str | None) -> None:
    made = blown(**changes)
    assert (made.area, made.estate) == (area, estate)


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({"service_code": "suspected_crime"}, Missing, "not offered"),
        ({"lat": None}, Refused, "one is nothing without the other"),
        ({"long": None}, Refused, "one is nothing without the other"),
        ({"lat": None, "long": None, "address_string": None}, Refused, "one is needed"),
        ({"lat": 1.0}, UnknownPlace, "lat, long"),  # the words would be somewhere: the point alone decides
        ({"lat": None, "long": None, "address_string": "别处"}, UnknownPlace, "address_string"),
        ({"address_id": "atlantis"}, UnknownPlace, "address_id"),
        ({"description": "啊" * 3990, "media_url": "https://example.org/1.jpg"}, TooLong, "at most 4000"),
    ],
)
def test_what_cannot_be_a_whistle_says_why(changes: dict[str, Any], kind: type[Exception], why: str) -> None:
    with pytest.raises(kind, match=why):
        blown(**changes)
