"""GeoReport over HTTP: a client that knows the standard alone finds the services, requests one, and follows it."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.component.http import client
from tests.component.http.client import over_servers
from tests.component.http.georeport import FORM, KEY, PRIVATE, V2, ask, get, in_both, post, requested
from tests.component.http.moments import at_once
from tests.kit.deployment import PROXY, Deployment
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

both_forms = pytest.mark.parametrize("form", ["json", "xml"])


def kept(stack: Deployment, ticket: str) -> dict[str, Any]:
    """The whistle as it was kept beside its ticket."""
    ((said, producer),) = stack.rows("tickets", "SELECT data, producer FROM whistles WHERE ticket = %s", ticket)
    return {**(said if isinstance(said, dict) else json.loads(said)), "producer": producer}


def reject(stack: Deployment, ticket: str) -> None:
    """The desk does not take it on."""
    said = client.ask(stack, "tickets", "POST", f"/tickets/{ticket}/rejections", "desk", {"reason": "not_ours"}, client.key())
    assert said.status == 202


def test_discovery_says_where_to_go(stack: Deployment) -> None:
    for form in ("json", "xml"):
        said = ask(stack, f"/open311/discovery.{form}").body
        (endpoint,) = said["endpoints"]
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["url"] == f"http://127.0.0.1:{stack.ports['tickets'][0]}{V2}"
        assert endpoint["formats"] == ["application/json", "text/xml"]


@pytest.mark.parametrize(
    ("peer", "headers", "url"),
    [
        ("127.0.0.1", {"Host": "street.example"}, "http://street.example"),
        ("127.0.0.1", {"Host": "[::1]:8101"}, "http://[::1]:8101"),
        ("127.0.0.1", {"Host": "a.example", "X-Forwarded-Host": "b.example", "X-Forwarded-Proto": "https"}, "http://a.example"),
        (PROXY, {"Host": "a", "X-Forwarded-Host": "b.example", "X-Forwarded-Proto": "https"}, "https://b.example"),
        (PROXY, {"Host": "a.example", "X-Forwarded-Proto": "javascript"}, "http://a.example"),
        ("127.0.0.1", {"Host": "<script>"}, ""),
    ],
)
def test_discovery_names_the_address_by_which_it_was_asked(
    stack: Deployment, peer: str, headers: dict[str, str], url: str
) -> None:
    """Of what a proxy forwards only a trusted one is believed."""
    reply = ask(stack, "/open311/discovery.json", peer=peer, **headers)
    assert reply.body["endpoints"][0]["url"] == f"{url}{V2}"


@pytest.mark.parametrize(
    ("path", "methods"),
    [(f"{V2}/requests.json", "GET, HEAD, OPTIONS, POST"), (f"{V2}/services.xml", "GET, HEAD, OPTIONS")],
)
def test_a_page_of_another_origin_may_ask(stack: Deployment, path: str, methods: str) -> None:
    """A browser asks before it sends; it passes on only what says that any origin may read it, refusals too."""
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": methods.rpartition(" ")[2]}
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["tickets"][0], timeout=120)
    connection.request("OPTIONS", path, headers={**asks, "Access-Control-Request-Headers": "content-type"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == methods
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    connection.close()
    for reply in (get(stack, "services"), post(stack), get(stack, "requests/T-NOBODY"), post(stack, api_key="wrong")):
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_ours_is_no_business_of_pages_of_other_origins(stack: Deployment) -> None:
    assert client.ask(stack, "tickets", "OPTIONS", "/tickets").status == 405


def test_the_words_are_for_the_account_that_sent_them(stack: Deployment) -> None:
    ticket = requested(stack)

    def words(**who: str) -> tuple[Any, Any]:
        (one,) = in_both(stack, f"requests/{ticket}", **who)
        (listed,) = in_both(stack, "requests", service_request_id=ticket, **who)
        return one["description"], listed["description"]

    mine = f"{FORM['description']}\nemail: wang@example.org"
    assert words(api_key=KEY) == (mine, mine)
    assert words() == words(api_key="token-of-app") == words(api_key="token-of-desk") == (None, None)


def test_services_are_the_offered_categories_and_need_no_attributes(stack: Deployment) -> None:
    services = in_both(stack, "services", jurisdiction_id="any", api_key="nobody's")
    named = {service["service_code"]: service for service in services}
    assert {"noise", "leak", "parking", "property_service"} <= set(named)
    assert not {"suspected_crime", "domestic_violence", "harm_to_minors"} & set(named)
    assert named["leak"]["service_name"] == "漏水 · Leak"
    assert {(service["metadata"], service["type"]) for service in services} == {(False, "realtime")}
    assert in_both(stack, "services/leak") == {"service_code": "leak", "attributes": []}


@both_forms
def test_a_request_is_a_whistle_that_can_be_followed(stack: Deployment, form: str) -> None:
    taken = post(stack, form, media_url="https://example.org/1.jpg").body
    (ticket,) = taken[0].values()
    assert list(taken[0]) == ["service_request_id"]
    resolved = {"service_request_id": ticket, "token": ticket}
    assert get(stack, f"tokens/{ticket}", form).body == [resolved], "clients of version 0.1 have tokens"
    whistle = kept(stack, ticket)
    assert whistle["producer"] == "/accounts/hotline"
    assert (whistle["category"], whistle["area"], whistle["estate"]) == ("leak", "shanqi-1", "yangguang")
    assert whistle["reporter"]["name"] == "王秀英"
    assert whistle["text"].splitlines() == [
        FORM["description"],
        "email: wang@example.org",
        "media_url: https://example.org/1.jpg",
    ]
    wait_until(lambda: get(stack, f"requests/{ticket}").body[0]["status_notes"].startswith("办理中"), "dispatch takes it up")
    said = json.dumps(in_both(stack, f"requests/{ticket}"), ensure_ascii=False)
    assert not [word for word in PRIVATE if word in said], said


def test_a_request_is_told_as_the_standard_does(stack: Deployment) -> None:
    ticket = requested(stack)
    before = datetime.now(UTC).replace(microsecond=0)
    (said,) = in_both(stack, f"requests/{ticket}")
    made = datetime.fromisoformat(said.pop("requested_datetime"))
    changed = datetime.fromisoformat(said.pop("updated_datetime"))
    assert abs(made - before) < timedelta(minutes=5)
    assert changed >= made
    assert said.pop("status_notes")
    assert said == {
        "service_request_id": ticket,
        "status": "open",
        "service_name": "漏水 · Leak",
        "service_code": "leak",
        "description": None,
        "address": "阳光家园",
        "address_id": "yangguang",
        "lat": 34.2625,
        "long": 108.9022,
        "media_url": None,
    }


def test_a_closed_request_says_why_and_when(stack: Deployment) -> None:
    ticket = requested(stack)
    reject(stack, ticket)
    (said,) = in_both(stack, f"requests/{ticket}")
    assert (said["status"], said["status_notes"][:7]) == ("closed", "不属街道职责，")
    assert datetime.fromisoformat(said["updated_datetime"]) >= datetime.fromisoformat(said["requested_datetime"])


def test_a_list_is_what_was_asked_for(stack: Deployment) -> None:
    leak, service = requested(stack), requested(stack, service_code="property_service")
    reject(stack, leak)

    def ids(**arguments: str) -> set[str]:
        return {one["service_request_id"] for one in in_both(stack, "requests", **arguments)} & {leak, service}

    now = datetime.now(UTC)
    far = (now - timedelta(days=30)).isoformat()
    assert ids() == {leak, service}
    assert ids(status="open") == ids(service_code="property_service") == {service}
    assert ids(status="closed") == ids(service_code="leak") == {leak}
    assert ids(status="open,closed", service_code="leak,property_service") == {leak, service}
    assert ids(service_code="atlantis") == set()
    assert ids(service_request_id=f"{leak},{service},T-NOBODY", status="open") == {leak, service}, "overrides all others"
    assert ids(end_date=far) == set()
    assert ids(start_date=far) == ids(start_date=far, end_date=(now + timedelta(days=1)).isoformat()) == {leak, service}
    assert ids(start_date="", service_code="", page="2") == {leak, service}, "no value is no argument; others are ignored"
    listed = [one["requested_datetime"] for one in get(stack, "requests").body]
    assert listed == sorted(listed, reverse=True)


def test_what_is_not_public_is_shown_to_its_producer_and_to_readers(stack: Deployment) -> None:
    """The account `app` only whistles; `desk` is a reader."""
    private, public = requested(stack, service_code="noise", api_key="token-of-app"), requested(stack)

    def seen(ticket: str, **arguments: str) -> bool:
        one = get(stack, f"requests/{ticket}", **arguments).status == 200
        listed = get(stack, "requests", service_request_id=ticket, **arguments).body
        assert one == bool(listed)
        return one

    assert (seen(private), seen(public)) == (False, True)
    assert (seen(private, api_key="token-of-app"), seen(public, api_key="token-of-app")) == (True, True)
    assert seen(private, api_key="token-of-desk"), "a reader"
    assert not seen(private, api_key="token-of-grid"), "somebody else's account"
    assert ask(stack, f"{V2}/requests/{private}.json", Authorization="Bearer token-of-desk").status == 200
    crime = client.whistle(stack, client.key(), category="suspected_crime").body["ticket"]
    assert not seen(crime, api_key="token-of-desk"), "not offered, and so not told of"
    assert get(stack, f"tokens/{crime}").status == 404


def test_whoever_is_in_danger_is_told_whom_to_call(stack: Deployment) -> None:
    raised = client.whistle(stack, client.key(), category="leak", urgency="E0").body["ticket"]
    assert "119" in in_both(stack, f"requests/{raised}")[0]["service_notice"]


def test_the_same_key_is_one_request_and_without_one_each_is_its_own(stack: Deployment) -> None:
    mine = {"Idempotency-Key": client.key()}
    first, second = post(stack, "json", mine), post(stack, "xml", mine)
    assert first.body == second.body
    by_header = post(stack, "json", {**mine, "Authorization": f"Bearer {KEY}"}, api_key=None)
    assert by_header.body == first.body, "how the key came makes no other request"
    assert client.opened(stack, first.body[0]["service_request_id"]) == 1
    other = post(stack, "json", mine, description="别的")
    assert (other.status, other.body[0]["code"]) == (400, 409)
    assert post(stack).body != post(stack).body


@over_servers
def test_two_equal_requests_at_the_same_moment_are_one(stack: Stack) -> None:
    mine = {"Idempotency-Key": client.key()}
    first, second = (one.result(timeout=120) for one in at_once([lambda: post(stack, "json", mine)] * 2))
    assert (first.status, first.body) == (second.status, second.body) == (200, first.body)
    assert client.opened(stack, first.body[0]["service_request_id"]) == 1


def test_the_key_of_the_other_door_cannot_be_used_for_something_else(stack: Deployment) -> None:
    """One account's ids are its own, whichever door it comes through: never two tickets, never a wrong answer."""
    mine = client.key()
    ticket = client.whistle(stack, mine).body["ticket"]
    refused = post(stack, "json", {"Idempotency-Key": mine})
    assert (refused.status, refused.body[0]["code"]) == (400, 409)
    assert client.opened(stack, ticket) == 1


def test_the_standards_own_example_is_read(stack: Deployment) -> None:
    """The body of its example of POST, with a place and a service of ours."""
    body = (
        f"api_key={KEY}&jurisdiction_id=city.gov&service_code=leak&lat=34.262&long=108.902&address_string=1234+5th+street"
        "&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456&first_name=john&last_name=smith&phone=111111111"
        "&description=A+large+sinkhole+is+destroying+the+street&media_url=http%3A%2F%2Ffarm3.static.flickr.com%2F2002%2F221.jpg"
        "&attribute[WHISPAWN]=123456&attribute[WHISDORN]=COISL001"
    )
    whistle = kept(stack, ask(stack, f"{V2}/requests.xml", body.encode()).body[0]["service_request_id"])
    assert (whistle["address"], whistle["reporter"]["name"], whistle["reporter"]["phone"]) == (
        "1234 5th street",
        "john smith",
        "111111111",
    )
    assert whistle["text"].splitlines() == [
        "A large sinkhole is destroying the street",
        "email: smit333@sfgov.edu",
        "media_url: http://farm3.static.flickr.com/2002/221.jpg",
        "attribute[WHISPAWN]: 123456",
        "attribute[WHISDORN]: COISL001",
    ]
