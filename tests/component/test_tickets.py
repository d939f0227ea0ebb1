"""The tickets service in a real stack: what operators and residents ask of it, and what the others make of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from chassis.links import Links
from services.tickets.domain.coordinates import gcj_to_bd, wgs_to_gcj
from tests.kit.described import Reply, check
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack
from tests.kit.stack import stack as deployed
from tests.kit.street import Mouth, Street

DAY = 24 * 3600.0
WHISTLE: dict[str, Any] = {
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "channel": "mini_program",
    "text": "楼上半夜放音乐",
    "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
}
_numbers = count(1)


class Town:
    """A running stack, the street outside it, and short words for what people do."""

    def __init__(self, stack: Stack, street: Street):
        self.stack, self.street = stack, street
        self.links = Links("a secret of the tests")

    def ask(self, method: str, path: str, account: str | None = "desk", body: Any = None, service: str = "tickets") -> Reply:
        """One request, its answer held against the OpenAPI document. A command gets a key that no other has."""
        headers = {"Authorization": f"Bearer token-of-{account}"} if account else {}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"key-{next(_numbers)}"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.stack.ports[service][0]}{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers=headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                reply = Reply(answer.status, dict(answer.headers), json.loads(answer.read()))
        except urllib.error.HTTPError as refused:
            reply = Reply(refused.code, dict(refused.headers), json.loads(refused.read()))
        assert reply.status != 500, self.stack.log(service, 40)
        check(service, method, path, reply)
        return reply

    def whistle(self, **changes: Any) -> str:
        """Blow a whistle; answers the ticket's id."""
        taken = self.ask("POST", "/whistles", "hotline", {**WHISTLE, **changes})
        assert taken.status == 202, taken
        return str(taken.body["ticket"])

    def order(self, ticket: str, what: str, account: str | None = "desk", **body: Any) -> Reply:
        """A command about a ticket."""
        return self.ask("POST", f"/tickets/{ticket}/{what}", account, body)

    def resident(self, ticket: str, request: str, purpose: str | None = None, **body: Any) -> Reply:
        """A resident asks with a link for what is asked, or for something else."""
        return self.order(ticket, "requests", None, request=request, link=self.links.sign(ticket, purpose or request), **body)

    def seen(self, ticket: str) -> dict[str, Any]:
        """The ticket as it stands."""
        return dict(self.ask("GET", f"/tickets/{ticket}").body)

    def until(self, ticket: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the ticket is seen so."""

        def so() -> bool:
            seen = self.seen(ticket)
            return all(seen[name] == value for name, value in wanted.items())

        wait_until(so, f"{ticket} {wanted}", 40, details=lambda: str(self.seen(ticket)))
        return self.seen(ticket)

    def said(self, service: str, type_: str, subject: str) -> list[dict[str, Any]]:
        """What a service said about a subject, in its order."""
        query = "SELECT body FROM outbox WHERE type = %s AND subject = %s ORDER BY sequence"
        return [json.loads(bytes(body)) for (body,) in self.stack.rows(service, query, f"{type_}.v1", subject)]

    def until_said(self, service: str, type_: str, subject: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait until a service has said it so often."""
        wait_until(
            lambda: len(self.said(service, type_, subject)) >= times,
            f"{type_} about {subject}",
            40,
            details=lambda: self.stack.log(service, 10),
        )
        return self.said(service, type_, subject)

    def closed(self, **changes: Any) -> str:
        """A ticket that the street has worked on to its end."""
        ticket = self.whistle(**changes)
        self.until(ticket, state="closed")
        return ticket

    def at_work(self, **changes: Any) -> str:
        """A ticket that is being handled, and that nobody goes on with."""
        self.street.at_work = False
        ticket = self.whistle(**changes)
        self.until(ticket, state="handling")
        return ticket

    def now(self) -> datetime:
        """Business time."""
        path = self.stack.directory / "clock"
        return datetime.now(UTC) + timedelta(seconds=float(path.read_text()) if path.exists() else 0)


@pytest.fixture(scope="module")
def running(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Town]:
    with deployed(postgres_server, rabbit_server) as stack:
        stack.start()
        wait_until(lambda: stack.rows("tickets", "SELECT count(*) FROM areas")[0][0] >= 7, "areas at tickets")
        wait_until(lambda: stack.rows("tickets", "SELECT count(*) FROM categories")[0][0] >= 5, "categories at tickets")
        street = Street(stack)
        street.start()
        try:
            yield Town(stack, street)
        finally:
            street.stop()


@pytest.fixture
def town(running: Town) -> Town:
    """The street works and answers, unless a test says otherwise."""
    running.street.at_work = running.street.answers = True
    return running


def place(metres_north: float, at: tuple[float, float]) -> tuple[float, float]:
    """So many metres north of a point."""
    return at[0] + metres_north / 111_195.0, at[1]


def located(point: tuple[float, float], system: str = "WGS-84") -> dict[str, Any]:
    """A whistle's location."""
    return {"lat": point[0], "lon": point[1], "system": system}


# --- operators


def test_rejected_with_a_reason_and_the_case_is_withdrawn(town: Town) -> None:
    ticket = town.at_work()
    rejected = town.order(ticket, "rejections", reason="in_court")
    assert (rejected.status, rejected.body["state"]) == (202, "rejected")
    assert town.said("tickets", "ticket.rejected", ticket) == [{"reason": "in_court"}]
    assert town.until_said("dispatch", "case.withdrawn", ticket) == [{"cause": "rejected"}]
    seen = town.seen(ticket)
    assert (seen["state"], seen["rejected_for"], seen["requests"]) == ("rejected", "in_court", [])
    again = town.order(ticket, "rejections", reason="abuse")
    assert (again.status, again.body["detail"]) == (422, "reject: not while the ticket is rejected")


def test_only_the_desk_decides(town: Town) -> None:
    ticket = town.at_work()
    for what, body in (
        ("rejections", {"reason": "abuse"}),
        ("merges", {"into": ticket}),
        ("parkings", {"reason": "r", "review_at": "2099-01-01T00:00:00Z"}),
        ("resumptions", {}),
        ("urgency", {"urgency": "E0"}),
        ("requests", {"request": "cancel"}),
    ):
        assert town.order(ticket, what, None, **body).status == 401, what
        assert town.order(ticket, what, "hotline", **body).status == 403, what
        assert town.order("T-NOBODY", what, "desk", **body).status == 404, what
    assert town.seen(ticket)["state"] == "handling"


def test_merged_and_the_reporter_follows_the_survivor(town: Town) -> None:
    survivor, first, second = town.at_work(), town.at_work(), town.at_work()
    assert town.order(first, "merges", into=first).status == 422
    assert town.order(first, "merges", into="T-NOBODY").body["detail"] == "into: no such ticket"
    merged = town.order(first, "merges", into=second)
    assert (merged.status, merged.body["state"]) == (202, "merged")
    assert town.order(second, "merges", into=survivor).status == 202
    assert town.said("tickets", "ticket.merged", second) == [{"into": survivor}]
    assert town.until_said("dispatch", "case.withdrawn", first) == [{"cause": "merged"}]
    contacts = town.said("tickets", "contact.recorded", first)
    assert [contact.get("follows") for contact in contacts] == [None, second, survivor], "also who followed the merged one"
    assert contacts[-1]["phone"] == "029-00001234"
    assert contacts[-1]["links"] is None, "the survivor's own reporter is asked"
    assert town.seen(second)["merged_into"] == survivor
    assert town.resident(first, "cancel").status == 422
    assert town.order(survivor, "merges", into=first).status == 422


def test_a_survivor_without_a_reporter_gets_one_to_ask(town: Town) -> None:
    survivor, merged = town.at_work(reporter=None), town.at_work()
    assert town.order(merged, "merges", into=survivor).status == 202
    links = town.said("tickets", "contact.recorded", merged)[-1]["links"]
    assert links.keys() == {"rate", "reopen"}
    for purpose, link in links.items():
        town.links.check(link, survivor, purpose)
    town.street.at_work = True
    assert town.until(survivor, state="closed")["closure"] == "satisfied"


def test_parked_until_its_review_date(town: Town) -> None:
    ticket = town.at_work()
    review_at = town.now() + timedelta(days=3)
    assert town.order(ticket, "parkings", reason="awaits_budget", review_at="2020-01-01T00:00:00+08:00").status == 422
    parked = town.order(ticket, "parkings", reason="awaits_budget", review_at=review_at.isoformat())
    assert (parked.status, parked.body["state"]) == (202, "parked")
    town.until_said("dispatch", "case.paused", ticket)
    seen = town.seen(ticket)
    assert (seen["parked_for"], datetime.fromisoformat(seen["review_at"])) == ("awaits_budget", review_at)
    town.stack.let_pass(2 * DAY)
    assert town.seen(ticket)["state"] == "parked"
    town.stack.let_pass(1 * DAY)
    town.until(ticket, state="handling", parked_for=None, review_at=None)
    assert town.said("tickets", "ticket.resumed", ticket) == [{}]
    town.until_said("dispatch", "case.resumed", ticket)


def test_resumed_before_its_review_date(town: Town) -> None:
    ticket = town.at_work()
    assert town.order(ticket, "resumptions").status == 422
    assert town.order(ticket, "parkings", reason="r", review_at=(town.now() + timedelta(days=9)).isoformat()).status == 202
    assert town.order(ticket, "resumptions").body["state"] == "handling"
    town.until_said("dispatch", "case.resumed", ticket)
    town.stack.let_pass(10 * DAY)
    assert len(town.said("tickets", "ticket.resumed", ticket)) == 1


def test_urgency_is_raised_and_the_reporter_told_whom_to_call(town: Town) -> None:
    ticket = town.at_work()
    assert town.seen(ticket)["advice"] is None
    assert town.order(ticket, "urgency", urgency="E3").status == 422
    assert town.order(ticket, "urgency", urgency="E0").status == 202
    assert town.said("tickets", "ticket.urgency_raised", ticket) == [{"urgency": "E0"}]
    seen = town.seen(ticket)
    assert seen["urgency"] == "E0"
    assert "119" in seen["advice"]["zh"]
    before = len(town.until_said("dispatch", "deadline.set", ticket))
    assert before > 0


def test_life_and_safety_is_told_at_once(town: Town) -> None:
    taken = town.ask("POST", "/whistles", "hotline", {**WHISTLE, "urgency": "E0"})
    assert all(number in taken.body["advice"][language] for number in ("110", "119", "120") for language in ("zh", "en"))
    assert town.seen(taken.body["ticket"])["advice"] == taken.body["advice"]
    assert town.ask("POST", "/whistles", "hotline", WHISTLE).body["advice"] is None


# --- residents


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
        town.order(ticket, "requests", None, request="cancel", link=town.links.sign(other, "cancel")),
        town.order(ticket, "requests", None, request="cancel", link=Links("another secret").sign(ticket, "cancel")),
        town.order(ticket, "requests", "desk", request="cancel", link=town.links.sign(other, "cancel")),
    ):
        assert (refused.status, refused.body["detail"].partition(":")[0]) == (422, "link")
    assert town.order(ticket, "requests", None, request="cancel", link="").status == 401
    assert town.order(ticket, "requests", "nobody", request="cancel", link=town.links.sign(ticket, "cancel")).status == 401
    assert town.resident(ticket, "consent").status == 422, "that is asked of dispatch"
    assert town.seen(ticket)["state"] == "handling"


def test_the_respondents_link_is_for_responding_alone(town: Town) -> None:
    other = {"name": "李先生", "phone": "029-00005678", "locale": "en"}
    ticket = town.at_work(respondent=other)
    (contact,) = town.said("tickets", "contact.recorded", ticket)
    links = contact["respondent"].pop("links")
    assert contact["respondent"] == other
    assert links == {"respond": town.links.sign(ticket, "respond")}
    assert contact["links"].keys() == {"rate", "consent", "reopen", "cancel"}, "nobody speaks for the other party"
    for request, more in (("cancel", {}), ("reopen", {}), ("rate", {"resolved": True, "satisfied": True})):
        assert town.resident(ticket, request, "respond", **more).status == 422
    public = town.stack.rows("tickets", "SELECT body FROM outbox WHERE subject = %s AND exchange = 'tickets.events'", ticket)
    assert not any(b"029-00005678" in bytes(body) for (body,) in public)
    assert "029-00005678" not in json.dumps(town.seen(ticket))


def test_a_link_is_nowhere_kept_but_as_a_digest(town: Town) -> None:
    ticket = town.at_work()
    link = town.links.sign(ticket, "cancel")
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
    assert town.resident(ticket, "cancel").status == 422


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
    assert (refused.status, refused.body["detail"].partition(":")[0]) == (422, "reopen")
    assert town.order(ticket, "requests", "desk", request="reopen").status == 422
    assert town.seen(ticket)["state"] == "closed"


def test_the_desk_notes_down_what_was_asked_by_telephone(town: Town) -> None:
    ticket = town.at_work()
    assert town.order(ticket, "requests", "desk", request="cancel").status == 202
    assert town.stack.rows("tickets", "SELECT noted_by FROM requests WHERE ticket = %s", ticket) == [("desk",)]


def test_requests_come_over_amqp_too_and_consent_is_not_ours(town: Town) -> None:
    ticket = town.at_work()
    mouth = Mouth(town.stack, "desk", town.street._halt)
    try:
        mouth.say("request.made.v1", "/desk", f"consent-{ticket}", ticket, {"request": "consent"})
        mouth.say("request.made.v1", "/desk", f"cancel-{ticket}", ticket, {"request": "cancel"})
    finally:
        mouth.close()
    town.until(ticket, state="cancelled")
    state = town.stack.rows("tickets", "SELECT state FROM inbox WHERE event_id = %s", f"consent-{ticket}")
    assert state == [("applied",)], "ignored, and not a dead letter"


# --- likeness


def test_a_whistle_near_an_open_ticket_is_proposed_as_its_duplicate(town: Town) -> None:
    here = (34.30, 108.90)
    first = town.at_work(location=located(here))
    gcj = wgs_to_gcj(*place(20, here))
    near = town.whistle(location=located(gcj, "GCJ-02"))
    assert town.until_said("tickets", "cluster.proposed", near) == [{"like": first, "metres": pytest.approx(20, abs=1)}]
    baidu = town.whistle(location=located(gcj_to_bd(*wgs_to_gcj(*place(-20, here))), "BD-09"))
    assert town.until_said("tickets", "cluster.proposed", baidu)[0]["like"] == first
    assert town.seen(near)["looks_like"] == first
    others = [
        town.whistle(location=located(place(80, here))),
        town.whistle(location=located(gcj)),  # the same numbers in another system are another place
        town.whistle(location=located(here), category="leak"),
        town.whistle(),
    ]
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not any(town.said("tickets", "cluster.proposed", one) for one in (first, *others))
    town.stack.let_pass(DAY + 60)
    later = town.whistle(location=located(here))
    town.until(later, state="handling")
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not town.said("tickets", "cluster.proposed", later)


def test_of_whistles_at_once_all_but_one_are_proposed(town: Town) -> None:
    """They share a transaction, in which none sees another."""
    town.street.at_work = False
    here = located((34.40, 108.80))
    mouth = Mouth(town.stack, "hotline", town.street._halt)
    try:
        for number in range(5):
            data = {**WHISTLE, "location": here}
            mouth.say("whistle.blown.v1", "/hotline", f"burst-{number}", f"burst-{number}", data)
    finally:
        mouth.close()
    query = (
        "SELECT subject FROM outbox WHERE type = 'cluster.proposed.v1' AND subject IN (SELECT id FROM tickets WHERE lat = 34.4)"
    )
    wait_until(lambda: len(town.stack.rows("tickets", query)) >= 4, "four proposals")
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    proposed = [subject for (subject,) in town.stack.rows("tickets", query)]
    assert len(proposed) == len(set(proposed)) == 4


def test_the_search_for_like_tickets_uses_the_index(town: Town) -> None:
    plan = town.stack.rows(
        "tickets",
        "SET enable_seqscan = off; EXPLAIN SELECT document FROM tickets WHERE category = 'noise'"
        " AND lat BETWEEN 34.29 AND 34.31 AND lon BETWEEN 108.89 AND 108.91",
    )
    assert any("tickets_place" in line for (line,) in plan), plan


def test_the_same_again_puts_the_closure_in_doubt(town: Town) -> None:
    here = (34.35, 108.95)
    ticket = town.closed(location=located(here))
    town.stack.let_pass(14 * DAY)
    again = town.whistle(location=located(gcj_to_bd(*wgs_to_gcj(*place(10, here))), "BD-09"))
    assert town.until_said("tickets", "ticket.closure_doubted", ticket) == [{"again": again}]
    assert not town.said("tickets", "cluster.proposed", again)
    town.until(again, state="closed")
    town.stack.let_pass(16 * DAY)
    late = town.closed(location=located(here))
    assert not any({"again": late} == one for one in town.said("tickets", "ticket.closure_doubted", ticket))


# --- lists


def test_tickets_are_listed_page_by_page(town: Town) -> None:
    town.street.at_work = False
    mine = [town.whistle(area="shanqi-2", estate="heping", category="parking") for _ in range(5)]
    listed: list[str] = []
    path = "/tickets?area=shanqi&category=parking&limit=2"
    for _ in range(10):
        page = town.ask("GET", path)
        assert page.status == 200
        assert len(page.body["tickets"]) <= 2
        listed += [ticket["id"] for ticket in page.body["tickets"]]
        if page.body["next"] is None:
            break
        path = f"/tickets?area=shanqi&category=parking&limit=2&after={page.body['next']}"
    assert listed == mine[::-1], "the newest first, each once"


def test_tickets_are_found_by_state_and_area(town: Town) -> None:
    ticket = town.at_work(area="shanqi-2", estate="heping")
    town.order(ticket, "rejections", reason="abuse")

    def found(**search: str) -> list[Mapping[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in search.items())
        return list(town.ask("GET", f"/tickets?{query}&limit=200").body["tickets"])

    assert ticket in {one["id"] for one in found(state="rejected", area="lianhu")}
    assert {one["state"] for one in found(state="rejected")} == {"rejected"}
    assert {one["area"] for one in found(area="shanqi-2")} == {"shanqi-2"}
    assert found(area="heping") == []
    assert not any({"place", "followers", "private_digest"} & one.keys() for one in found())


@pytest.mark.parametrize(
    "search", ["state=lost", "limit=0", "limit=201", "limit=x", "colour=red", "area=a&area=b", "after=T-NO"]
)
def test_a_search_that_is_wrong_is_told_so(town: Town, search: str) -> None:
    assert town.ask("GET", f"/tickets?{search}").status == 422
