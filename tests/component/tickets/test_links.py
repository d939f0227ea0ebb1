"""An old link does nothing, and says so to whoever follows it; to look at a link does nothing at all."""

from __future__ import annotations

import http.client
import json

import pytest

from chassis.signed_links import ExpiredLink, OutdatedLink, UsedLink
from tests.component.tickets.town import DAY, Town

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def look(town: Town, path: str, method: str = "GET", service: str = "tickets", **headers: str) -> tuple[int, str]:
    """Follow a link as a browser does, or a mail scanner; answers status and text."""
    connection = http.client.HTTPConnection("127.0.0.1", town.stack.ports[service][0], timeout=30)
    connection.request(method, path, headers={**PAGE, **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    connection.close()
    return answer.status, text


def where(ticket: str, purpose: str, token: str) -> str:
    """The address of a link."""
    under = "cases" if purpose in {"consent", "respond"} else "tickets"
    return f"/{under}/{ticket}/links/{purpose}?token={token}"


def test_the_rating_link_of_the_first_generation_does_not_close_the_second(town: Town) -> None:
    town.street.answers = False
    ticket = town.whistle()
    town.until(ticket, state="revisiting")
    first = town.link(ticket, "rate")
    assert town.order(ticket, "requests", None, request="rate", link=first, resolved=False, satisfied=False).status == 202
    town.until(ticket, state="revisiting", generation=2)
    refused = town.order(ticket, "requests", None, request="rate", link=first, resolved=True, satisfied=True)
    assert (refused.status, refused.body["detail"]) == (410, OutdatedLink().told)
    assert refused.body["errors"] == [{"field": "link", "detail": OutdatedLink().told}]
    assert town.seen(ticket)["state"] == "revisiting"
    assert town.resident(ticket, "rate", resolved=True, satisfied=True).body["state"] == "closed"


def test_the_first_cancel_link_does_not_cancel_what_was_reopened(town: Town) -> None:
    ticket = town.closed()
    first = town.link(ticket, "cancel")
    town.street.at_work = False
    assert town.resident(ticket, "reopen").status == 202
    refused = town.order(ticket, "requests", None, request="cancel", link=first)
    assert (refused.status, refused.body["detail"]) == (410, OutdatedLink().told)
    assert town.seen(ticket)["state"] in {"reopened", "handling"}


def test_a_used_link_says_so(town: Town) -> None:
    ticket = town.at_work()
    link = town.link(ticket, "cancel")
    assert town.order(ticket, "requests", None, request="cancel", link=link).status == 202
    again = town.order(ticket, "requests", None, request="cancel", link=link)
    assert (again.status, again.body["detail"]) == (410, UsedLink().told)


def test_a_link_holds_for_a_time(town: Town) -> None:
    ticket = town.at_work()
    link = town.link(ticket, "cancel")
    town.stack.let_pass(31 * DAY)
    refused = town.order(ticket, "requests", None, request="cancel", link=link)
    assert (refused.status, refused.body["detail"]) in {(410, ExpiredLink().told), (410, UsedLink().told)}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_looks_at_a_link_changes_nothing(town: Town, method: str) -> None:
    ticket = town.at_work()
    link = town.link(ticket, "cancel")
    status, text = look(town, where(ticket, "cancel", link), method)
    assert status == 200
    assert ("此链接有效" in text) == (method == "GET")
    assert town.seen(ticket)["state"] == "handling"
    assert town.order(ticket, "requests", None, request="cancel", link=link).status == 202
    status, text = look(town, where(ticket, "cancel", link), method)
    assert status == 410
    assert (UsedLink.zh in text, UsedLink.en in text) == (method == "GET",) * 2


def test_a_link_of_nobody_is_a_page_too(town: Town) -> None:
    ticket = town.at_work()
    for path in (
        where(ticket, "cancel", "x"),
        where(ticket, "rate", town.link(ticket, "cancel")),
        f"/tickets/{ticket}/links/rate",
    ):
        status, text = look(town, path)
        assert status == 422
        assert text.startswith("<!doctype html>")
    assert look(town, where("T-NOBODY", "cancel", town.link(ticket, "cancel")))[0] == 404


def test_what_asks_for_no_page_gets_json(town: Town) -> None:
    ticket = town.at_work()
    shown = town.ask("GET", where(ticket, "cancel", town.link(ticket, "cancel")), None)
    assert (shown.status, shown.body["ticket"], shown.body["purpose"]) == (200, ticket, "cancel")
    over = town.ask("GET", where(ticket, "rate", town.link(ticket, "rate")), None)
    assert (over.status, over.body["detail"]) == (410, UsedLink().told)


@pytest.mark.parametrize("purpose", ["consent", "respond"])
def test_a_partys_link_is_for_the_mediation_of_its_generation(town: Town, purpose: str) -> None:
    ticket = town.at_work()
    party = "applicant" if purpose == "consent" else "respondent"
    for generation, told in ((1, UsedLink()), (2, OutdatedLink())):
        link = town.link(ticket, purpose, generation)
        body = {"request": "consent", "party": party, "link": link}
        town.until_said("dispatch", "case.started", ticket)
        refused = town.ask("POST", f"/cases/{ticket}/requests", None, body, service="dispatch")
        assert (refused.status, refused.body["detail"]) == (410, told.told), json.dumps(refused.body)
        assert look(town, where(ticket, purpose, link), service="dispatch")[0] == 410
