"""Photographs of a ticket: who attaches and sees them, what is refused, and what is stored."""

from __future__ import annotations

import http.client
import json
import urllib.request
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chassis.signed_links import Links
from chassis.size_limits import MAX_UPLOAD_BYTES
from contracts.http.files import OTHER_CONTENT
from contracts.photographs import MAX_BY_LINK, NOT_READABLE, TICKET_IS_FULL, TOO_MANY_PIXELS
from tests.component.tickets.town import Town
from tests.kit.openapi_conformance import Reply, check
from tests.kit.pictures import bomb, located, opened, picture
from tests.kit.processes import wait_until

_numbers = count(1)


def send(
    town: Town,
    ticket: str,
    content: bytes,
    account: str | None = "desk",
    media_type: str = "image/jpeg",
    key: str | None = None,
    search: dict[str, str] | None = None,
) -> Reply:
    """Send a file, and hold the answer against the document."""
    path = f"/tickets/{ticket}/photographs" + (f"?{urlencode(search)}" if search else "")
    headers = {"Content-Type": media_type, "Idempotency-Key": key if key is not None else f"picture-{next(_numbers)}"}
    headers |= {"Authorization": f"Bearer token-of-{account}"} if account else {}
    connection = http.client.HTTPConnection("127.0.0.1", town.stack.ports["tickets"][0], timeout=60)
    try:
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, dict(answer.headers), json.loads(answer.read()))
    finally:
        connection.close()
    assert reply.status != 500, town.stack.log("tickets", 40)
    check("tickets", "POST", path, reply)
    return reply


def fetched(town: Town, path: str, account: str | None = "desk") -> tuple[int, Any, bytes]:
    """Ask for an image."""
    headers = {"Authorization": f"Bearer token-of-{account}"} if account else {}
    connection = http.client.HTTPConnection("127.0.0.1", town.stack.ports["tickets"][0], timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def listed(town: Town, ticket: str) -> list[dict[str, Any]]:
    """The photographs of a ticket."""
    return list(town.ask("GET", f"/tickets/{ticket}/matter", "desk").body["photographs"])


def errors(reply: Reply) -> dict[str, str]:
    """The errors by field."""
    return {one["field"]: one["detail"] for one in reply.body.get("errors", [])}


def unlike(number: int) -> bytes:
    """A picture that no other number has."""
    return picture((40 + number, 30))


def counted(town: Town, result: str) -> float:
    """How many photographs ended so."""
    with urllib.request.urlopen(town.stack.ops("tickets", "/metrics"), timeout=20) as page:
        lines = page.read().decode().splitlines()
    return float(
        next(line for line in lines if line.startswith(f'whistle_tickets_photographs_total{{result="{result}"}}')).split()[-1]
    )


def files(town: Town) -> list[Path]:
    """The files that are stored."""
    return sorted((town.stack.directory / "tickets-files").glob("*/*.jpg"))


def test_the_desk_attaches_one_and_it_is_stored_without_metadata(town: Town) -> None:
    ticket, before = town.at_work(), counted(town, "attached")
    sent = picture((2000, 1500), orientation=6, gps=located())
    reply = send(town, ticket, sent)
    assert (reply.status, reply.body["width"], reply.body["height"]) == (202, 1200, 1600)
    (one,) = listed(town, ticket)
    assert {name: one[name] for name in ("id", "by", "purpose", "width", "height", "lat", "lon")} == {
        "id": reply.body["photograph"],
        "by": "desk",
        "purpose": None,
        "width": 1200,
        "height": 1600,
        "lat": pytest.approx(34.3412),
        "lon": pytest.approx(108.939722),
    }
    status, headers, content = fetched(town, reply.headers["Location"])
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "image/jpeg", "no-store")
    assert (headers["X-Content-Type-Options"], headers["Content-Security-Policy"]) == ("nosniff", "default-src 'none'; sandbox")
    assert (len(content), opened(content).size, b"Exif" in content) == (one["bytes"], (1200, 1600), False)
    assert content in {path.read_bytes() for path in files(town)}
    assert {path.stat().st_mode & 0o777 for path in files(town)} == {0o600}
    assert counted(town, "attached") == before + 1


def test_the_unit_at_work_attaches_and_sees_them_and_no_other(town: Town) -> None:
    ticket = town.at_work()
    path = f"/tickets/{ticket}/matter"
    wait_until(lambda: town.ask("GET", path, "responders").status == 200, "at work", 30)
    reply = send(town, ticket, unlike(1), "responders", "image/jpeg")
    assert (reply.status, [one["by"] for one in listed(town, ticket)]) == (202, ["responders"])
    image = reply.headers["Location"]
    refused = {None: 401, "hotline": 403, "app": 403, "grid": 404, "departments": 404}
    assert {account: send(town, ticket, unlike(2), account).status for account in refused} == refused
    assert {account: fetched(town, image, account)[0] for account in refused} == refused
    assert (fetched(town, image, "responders")[0], fetched(town, f"{image}X")[0]) == (200, 404)
    assert fetched(town, image.replace(ticket, town.whistle()))[0] == 404, "of another ticket"
    assert send(town, "T-NOBODY", unlike(2)).status == send(town, "T-NOBODY", unlike(2), "responders").status == 404
    assert town.order(ticket, "rejections", reason="not_ours").status == 202
    assert (send(town, ticket, unlike(2), "responders").status, fetched(town, image, "responders")[0]) == (404, 404)
    lines = [json.loads(line) for line in town.stack.log("tickets", 400).splitlines() if "a photograph was read" in line]
    assert ("responders", ticket) in {(line["account"], line["ticket"]) for line in lines}


def test_whoever_holds_a_link_attaches_a_few(town: Town) -> None:
    ticket, other = town.at_work(), town.at_work()
    for purpose in ("rate", "respond"):
        link = town.link(ticket, purpose, generation=7)
        assert send(town, ticket, unlike(len(purpose)), None, search={"token": link}).status == 202, "whatever the generation"
    assert [(one["by"], one["purpose"]) for one in listed(town, ticket)] == [(None, "rate"), (None, "respond")]
    for number in range(MAX_BY_LINK - 2):
        assert send(town, ticket, unlike(20 + number), None, search={"token": link}).status == 202
    full = send(town, ticket, unlike(99), None, search={"token": link})
    assert (full.status, errors(full)) == (422, {"photograph": TICKET_IS_FULL})
    assert send(town, ticket, unlike(99)).status == 202, "the desk has more"
    for wrong in (town.link(other, "rate"), Links("another secret").sign(ticket, "rate", 1, town.now()), "x"):
        assert send(town, ticket, unlike(98), None, search={"token": wrong}).status == 422
    assert send(town, other, unlike(98), None, search={"token": town.link(other, "rate"), "x": "y"}).status == 422
    assert send(town, other, unlike(98), "hotline", search={"token": town.link(other, "rate")}).status == 403
    old = town.links.sign(other, "rate", 1, town.now().replace(year=town.now().year - 1))
    assert send(town, other, unlike(98), None, search={"token": old}).status == 410
    assert listed(town, other) == []


def test_a_repeat_gets_the_answer_of_the_first_also_when_the_ticket_is_full(town: Town) -> None:
    ticket = town.at_work()
    search = {"token": town.link(ticket, "rate")}
    first = send(town, ticket, unlike(0), None, key=f"first-{ticket}", search=search)
    for number in range(1, MAX_BY_LINK):
        assert send(town, ticket, unlike(number), None, search=search).status == 202
    assert send(town, ticket, unlike(50), None, search=search).status == 422
    again = send(town, ticket, unlike(0), None, key=f"first-{ticket}", search=search)
    assert (again.status, again.body) == (202, first.body)
    assert send(town, ticket, unlike(1), None, key=f"first-{ticket}", search=search).status == 409


def test_the_same_key_or_the_same_picture_is_one_photograph(town: Town) -> None:
    ticket = town.at_work()
    first, again = (send(town, ticket, unlike(1), key=f"the-same-{ticket}") for _ in range(2))
    assert (first.status, again.body) == (202, first.body)
    assert send(town, ticket, unlike(2), key=f"the-same-{ticket}").status == 409
    assert send(town, ticket, unlike(1), "desk").body == first.body
    assert len(listed(town, ticket)) == 1
    assert send(town, ticket, unlike(1), key="").status == 400


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.mark.parametrize(
    ("content", "media_type", "status", "reason"),
    [
        (SVG, "image/svg+xml", 415, "Content-Type: want one of image/jpeg, image/png, image/webp"),
        (SVG, "image/jpeg", 422, OTHER_CONTENT),
        (b"<html></html>", "image/png", 422, OTHER_CONTENT),
        (b"", "image/jpeg", 422, OTHER_CONTENT),
        (picture(kind="PNG"), "image/jpeg", 422, OTHER_CONTENT),
        (picture((300, 300))[:2000], "image/jpeg", 422, NOT_READABLE),
        (b"\xff\xd8\xff" + SVG, "image/jpeg", 422, NOT_READABLE),
        (b"RIFF\0\0\0\0WEBP" + SVG, "image/webp", 422, NOT_READABLE),
        (bomb(), "image/png", 422, TOO_MANY_PIXELS),
    ],
)
def test_what_is_no_picture_is_refused(town: Town, content: bytes, media_type: str, status: int, reason: str) -> None:
    ticket, before = town.at_work(), len(files(town))
    reply = send(town, ticket, content, media_type=media_type)
    assert (reply.status, errors(reply)) == (status, {"photograph": reason})
    assert (listed(town, ticket), len(files(town))) == ([], before)


def test_a_file_that_is_too_large_is_refused(town: Town) -> None:
    ticket = town.at_work()
    assert send(town, ticket, picture() + b"\0" * MAX_UPLOAD_BYTES).status == 413
    large = picture() + b"\0" * (MAX_UPLOAD_BYTES - 100_000)
    assert send(town, ticket, large).status == 202, "what is behind the picture is not kept"
    (one,) = listed(town, ticket)
    assert one["bytes"] < 10_000


def test_nobody_is_read_before_they_are_known(town: Town) -> None:
    """The answer comes although the body never does."""
    ticket = town.at_work()
    for account, status in ((None, 401), ("hotline", 403), ("grid", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", town.stack.ports["tickets"][0], timeout=20)
        connection.putrequest("POST", f"/tickets/{ticket}/photographs")
        connection.putheader("Content-Type", "image/jpeg")
        connection.putheader("Content-Length", "1000000")
        connection.putheader("Idempotency-Key", "never")
        if account:
            connection.putheader("Authorization", f"Bearer token-of-{account}")
        connection.endheaders(b"\xff\xd8\xff")
        assert connection.getresponse().status == status
        connection.close()
