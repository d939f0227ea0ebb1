"""The commands of residents on a ticket: by link, by telephone, over AMQP."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from chassis.signed_links import ExpiredLink, Links
from tests.component.tickets.town import DAY, Town
from tests.kit.broker_actors import EventPublisher


def test_a_resident_rates_by_link(town: Town) -> None:
    town.street.answers = False
    ticket = town.whistle()
    assert town.until(ticket, state="revisiting")["requests"] == ["rate", "cancel"]
    assert town.resident(ticket, "rate", resolved=True).body["detail"] == "satisfied: a rating needs it"
    rated = town.resident(ticket, "rate", resolved=True, satisfied=False, comment="太慢了")
    assert (rated.status, rated.body["state"]) == (202, "closed")
    assert town.said("tickets", "ticket.rated", ticket) == [{"generation": 1, "resolved": True, "satisfied": False}]
    assert town.seen(ticket)["closure"] == "dissatisfied"
    kept = town.stack.rows("tickets", "SELECT request, noted_by, comment FROM requests WHERE ticket = %s", ticket)
    assert kept == [("rate", None, "太慢了")]


def test_a_link_does_one_thing_to_one_ticket(town: Town) -> None:
    ticket, other = town.at_work(), town.at_work()
    for refused in (
        town.resident(ticket, "cancel", "rate"),
        town.resident(ticket, "cancel", "consent"),
        town.resident(ticket, "reopen", "cancel"),
        town.order(ticket, "requests", None, request="cancel", link=town.link(other, "cancel")),
        town.order(
            ticket, "requests", None, request="cancel", link=Links("another secret").sign(ticket, "cancel", 1, town.now())
        ),
        town.order(ticket, "requests", "desk", request="cancel", link=town.link(other, "cancel")),
    ):
        assert (refused.status, refused.body["detail"].partition(":")[0]) == (422, "link")
    assert town.order(ticket, "requests", None, request="cancel", link="").status == 401
    assert town.order(ticket, "requests", "nobody", request="cancel", link=town.link(ticket, "cancel")).status == 401
    assert town.resident(ticket, "consent").status == 422, "that is asked of dispatch"
    assert town.seen(ticket)["state"] == "handling"


def test_the_respondents_link_is_for_responding_alone(town: Town) -> None:
    other = {"name": "李先生", "phone": "029-00005678", "locale": "en"}
    ticket = town.at_work(respondent=other)
    (contact,) = town.said("tickets", "contact.recorded", ticket)
    links = contact["respondent"].pop("links")
    assert contact["respondent"] == {**other, "phone": "+862900005678"}
    assert links.keys() == {"respond"}
    town.links.read(links["respond"], ticket, "respond").require(1, town.now())
    assert contact["links"].keys() == {"rate", "consent", "reopen", "cancel"}, "nobody speaks for the other party"
    for request, more in (("cancel", {}), ("reopen", {}), ("rate", {"resolved": True, "satisfied": True})):
        assert town.resident(ticket, request, "respond", **more).status == 422
    public = town.stack.rows("tickets", "SELECT body FROM outbox WHERE subject = %s AND exchange = 'tickets.events'", ticket)
    assert not any(b"00005678" in bytes(body) for (body,) in public)
    assert "00005678" not in json.dumps(town.seen(ticket))


def test_a_link_is_nowhere_kept_but_as_a_digest(town: Town) -> None:
    ticket = town.at_work()
    link = town.link(ticket, "cancel")
    assert town.resident(ticket, "cancel").status == 202
    rows = town.stack.rows("tickets", "SELECT source, event_id FROM inbox WHERE type = 'makeRequest'")
    assert rows
    assert all(link not in part for row in rows for part in row)
    assert all(source.startswith(("link:", "account:")) for source, _ in rows)
    assert link not in town.stack.log("tickets", 500)


def test_cancelled_by_its_reporter_the_case_is_withdrawn(town: Town) -> None:
    ticket = town.at_work()
    cancelled = town.resident(ticket, "cancel")
    assert (cancelled.status, cancelled.body["state"]) == (202, "cancelled")
    assert town.until_said("dispatch", "case.withdrawn", ticket) == [{"cause": "cancelled"}]
    assert town.ask("GET", f"/cases/{ticket}", service="dispatch").body["state"] == "withdrawn"
    assert town.resident(ticket, "cancel").status == 410


def test_reopened_in_time_it_is_worked_on_again(town: Town) -> None:
    ticket = town.closed()
    until = datetime.fromisoformat(town.seen(ticket)["reopen_until"])
    assert timedelta(days=13) < until - town.now() < timedelta(days=14)
    town.stack.let_pass(13 * DAY)
    reopened = town.resident(ticket, "reopen")
    assert (reopened.status, reopened.body["state"]) == (202, "reopened")
    assert town.said("tickets", "ticket.reopened", ticket) == [{"generation": 2}]
    seen = town.until(ticket, state="closed")
    assert (seen["generation"], seen["closure"]) == (2, "satisfied")
    assert [one["generation"] for one in town.said("tickets", "ticket.closed", ticket)] == [1, 2]


def test_reopened_too_late_it_stays_closed(town: Town) -> None:
    ticket = town.closed()
    town.stack.let_pass(14 * DAY + 60)
    refused = town.resident(ticket, "reopen")
    assert (refused.status, refused.body["detail"]) == (410, str(ExpiredLink().told))
    assert town.order(ticket, "requests", "desk", request="reopen").status == 422
    assert town.seen(ticket)["state"] == "closed"


def test_the_desk_notes_down_what_was_asked_by_telephone(town: Town) -> None:
    ticket = town.at_work()
    assert town.order(ticket, "requests", "desk", request="cancel").status == 202
    assert town.stack.rows("tickets", "SELECT noted_by FROM requests WHERE ticket = %s", ticket) == [("desk",)]


def test_requests_come_over_amqp_too_and_consent_is_not_ours(town: Town) -> None:
    ticket = town.at_work()
    mouth = EventPublisher(town.stack, "desk", town.street._halt)
    try:
        mouth.say("request.made.v1", "/desk", f"consent-{ticket}", ticket, {"request": "consent"})
        mouth.say("request.made.v1", "/desk", f"cancel-{ticket}", ticket, {"request": "cancel"})
    finally:
        mouth.close()
    town.until(ticket, state="cancelled")
    state = town.stack.rows("tickets", "SELECT state FROM inbox WHERE event_id = %s", f"consent-{ticket}")
    assert state == [("applied",)], "ignored, and not a dead letter"
