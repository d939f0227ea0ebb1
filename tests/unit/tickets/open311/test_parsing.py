"""The arguments and forms of GeoReport clients: wrong input is an error of the standard, and never more."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from chassis.http import Problem
from contracts.http.open311.schemas import FORM, RequestForm, RequestSearch
from services.tickets.open311.parsing import arguments, attributes, form, key_of, single_values


def asked(query: bytes | str) -> Request:
    return Request(EnvironBuilder(query_string=query if isinstance(query, str) else query.decode("latin-1")).get_environ())


def posted(body: bytes, kind: str = FORM, **headers: str) -> Request:
    return Request(EnvironBuilder(method="POST", data=body, content_type=kind, headers=headers).get_environ())


def outcome(body: bytes) -> Mapping[str, list[str]] | int:
    """Return the parsed value, or the problem's status."""
    try:
        return form(posted(body))
    except Problem as problem:
        return int(problem.status)


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=20))
def test_any_text_comes_through(said: dict[str, str]) -> None:
    sent = urlencode(said).encode()
    assert arguments(asked(sent)) == form(posted(sent)) == {name: [value] for name, value in said.items()}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_a_problem(body: bytes) -> None:
    read = outcome(body)
    assert read == 400 if isinstance(read, int) else all("".join([name, *values]).encode() for name, values in read.items())


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"description=%ff%fe", FORM, 400),
        (b"description=%ED%A0%80", FORM, 400),  # half a surrogate pair
        ("description=楼上".encode("gb18030"), FORM, 400),
        (b"&".join([b"a=1"] * 1001), FORM, 400),
        (b"{}", "application/json", 415),
        (b"--b--", "multipart/form-data; boundary=b", 415),
        (b"service_code=leak", "", 415),
    ],
)
def test_a_body_that_is_no_form_in_utf_8_is_refused(body: bytes, kind: str, status: int) -> None:
    with pytest.raises(Problem) as problem:
        form(posted(body, kind))
    assert problem.value.status == status


def test_utf_8_that_was_not_escaped_is_read_too() -> None:
    assert form(posted("description=漏水".encode(), f"{FORM}; charset=utf-8")) == {"description": ["漏水"]}


def test_what_has_no_value_was_not_sent() -> None:
    assert single_values(form(posted(b"service_code=leak&lat=&long=&jurisdiction_id=")), RequestForm) == {
        "service_code": "leak"
    }


def test_a_list_may_come_several_times_and_with_commas() -> None:
    given = arguments(asked("service_code=leak,noise&service_code=parking&status=open&page=2&api_key=x"))
    search = single_values(given, RequestSearch)
    assert search == {"service_code": "leak,noise,parking", "status": "open"}
    assert RequestSearch().load(search)["service_code"] == ["leak", "noise", "parking"]
    assert RequestSearch().load({"service_code": " ,leak, "})["service_code"] == ["leak"]


def test_anything_else_comes_once() -> None:
    with pytest.raises(Problem) as problem:
        single_values(form(posted(b"lat=1&lat=2")), RequestForm)
    assert problem.value.errors == {"lat": "Only once."}


@pytest.mark.parametrize("date", ["2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00%2B08:00"])
def test_a_plus_sign_that_nobody_escaped_is_one_in_a_date(date: str) -> None:
    search = single_values(arguments(asked(f"start_date={date}")), RequestSearch)
    assert RequestSearch().load(search)["start_date"].isoformat() == "2026-03-02T09:00:00+08:00"


@pytest.mark.parametrize("date", ["2026-03-02T09:00:00", "2026-03-02", "yesterday", "2026-13-02T09:00:00Z", "x 08:00"])
def test_a_date_without_a_zone_is_none(date: str) -> None:
    assert "start_date" in RequestSearch().validate({"start_date": date})


def test_attributes_are_told_by_their_codes() -> None:
    sent = urlencode(
        [("attribute[A]", "1"), ("attribute[B][]", "2"), ("attribute[B][]", "3"), ("attribute", "4"), ("x[y]", "5")]
    )
    assert attributes(form(posted(sent.encode()))) == {"A": ["1"], "B": ["2", "3"]}


def test_a_key_is_ours_or_another_one_each_time() -> None:
    assert key_of(posted(b"", **{"Idempotency-Key": "mine"})) == "mine"
    assert key_of(posted(b"")) != key_of(posted(b""))
    with pytest.raises(Problem):
        key_of(posted(b"", **{"Idempotency-Key": "a b"}))
