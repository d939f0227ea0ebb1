"""Both formats say the same, in UTF-8, whatever the texts are; errors have the standard's statuses."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.http import Problem
from services.tickets.open311.rendering import answer, as_xml, error_response, format_of
from tests.kit.xml_json import xml_to_json


def test_xml_looks_as_in_the_standards_example() -> None:
    said = [{"service_request_id": "638344", "metadata": True, "lat": 37.762221815, "description": None, "notes": '<b> & "x"'}]
    assert as_xml("service_requests", said).decode() == (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<service_requests><request><service_request_id>638344</service_request_id><metadata>true</metadata>"
        '<lat>37.762221815</lat><description /><notes>&lt;b&gt; &amp; "x"</notes></request></service_requests>'
    )


TEXTS = st.text().map(lambda text: text.replace("\r", ""))  # by XML's own rule a parser reads a line's end as U+000A


@given(st.lists(st.fixed_dictionaries({"service_code": st.text(), "keywords": st.none() | TEXTS, "metadata": st.booleans()})))
def test_any_text_is_well_formed_and_only_what_xml_cannot_hold_is_replaced(said: list[dict[str, Any]]) -> None:
    read = xml_to_json(as_xml("services", said))
    assert len(read) == len(said)
    for one, other in zip(read, said, strict=True):
        assert one["metadata"] == str(other["metadata"]).lower()
        for mine, theirs in zip(one["keywords"] or "", other["keywords"] or "", strict=True):
            assert mine == theirs or (mine == "\ufffd" and _forbidden(theirs))


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_cannot_hold_is_replaced(character: str) -> None:
    assert ElementTree.fromstring(as_xml("description", f"a{character}b")).text == "a\ufffdb"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/open311/v2/services.json", "json"),
        ("/open311/v2/services.xml", "xml"),
        ("/open311/v2/services.txt", "xml"),
        ("/open311/v2/services", "xml"),
        ("/open311/v2/services.json/", "xml"),
    ],
)
def test_the_ending_says_the_format_and_xml_is_the_required_one(path: str, form: str) -> None:
    assert format_of(path) == form


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (400, 400, 400),
        (403, 403, 403),
        (404, 404, 404),
        (405, 400, 405),
        (409, 400, 409),
        (413, 400, 413),
        (415, 400, 415),
        (422, 400, 422),
        (500, 500, 500),
        (503, 503, 503),
    ],
)
def test_statuses_are_the_standards_and_the_code_says_more(raised: int, status: int, code: int) -> None:
    problem = Problem(HTTPStatus(raised), "why", headers={"Retry-After": "5", "Allow": "GET"})
    for form in ("json", "xml"):
        told = error_response(problem, form)
        assert (told.status_code, told.headers["Retry-After"], "Allow" in told.headers) == (status, "5", False)
        read = json.loads(told.data) if form == "json" else xml_to_json(told.data)
        assert read == [{"code": code if form == "json" else str(code), "description": "why"}]


def test_every_wrong_field_is_an_error_of_its_own() -> None:
    problem = Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "fields are wrong", {"lat": "Too far.", "long": "Missing."})
    assert [one["description"] for one in json.loads(error_response(problem, "json").data)] == [
        "lat: Too far.",
        "long: Missing.",
    ]


@pytest.mark.parametrize(("form", "kind"), [("json", "application/json; charset=utf-8"), ("xml", "text/xml; charset=utf-8")])
def test_an_answer_says_its_format_and_is_not_kept(form: str, kind: str) -> None:
    said = answer(200, "services", [{"service_name": "噪声"}], form)
    assert (said.headers["Content-Type"], said.headers["Cache-Control"]) == (kind, "no-store")
    assert "噪声".encode() in said.data


def _forbidden(character: str) -> bool:
    return character < " " or character in "\ufffe\uffff"
