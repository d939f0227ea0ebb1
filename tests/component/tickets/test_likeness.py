"""Which whistles are about the same, and how tickets are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from services.tickets.domain.coordinates import gcj_to_bd, wgs_to_gcj
from tests.component.tickets.town import DAY, WHISTLE, Town, located, place
from tests.kit.processes import wait_until
from tests.kit.street import Mouth


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
