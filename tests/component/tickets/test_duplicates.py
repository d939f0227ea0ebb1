"""Whistles about the same matter, and the search for tickets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.tickets.domain.coordinates import gcj_to_bd, wgs_to_gcj
from tests.component.tickets.town import DAY, WHISTLE, Town, located, place
from tests.kit.broker_actors import EventPublisher
from tests.kit.processes import wait_until

PROPOSED = "cluster.proposed.v2"


def test_a_whistle_near_an_open_ticket_is_proposed_as_its_duplicate(town: Town) -> None:
    here, nobody = (34.30, 108.90), {"reporter": None}
    first = town.at_work(location=located(here), **nobody)
    gcj = wgs_to_gcj(*place(20, here))
    near = town.whistle(location=located(gcj, "GCJ-02"), **nobody)
    assert town.until_said("tickets", PROPOSED, near) == [{"like": first, "by": ["place"], "metres": pytest.approx(20, abs=1)}]
    baidu = town.whistle(location=located(gcj_to_bd(*wgs_to_gcj(*place(-20, here))), "BD-09"), **nobody)
    assert town.until_said("tickets", PROPOSED, baidu)[0]["like"] == first
    seen = town.seen(near)
    assert (seen["looks_like"], seen["looks_like_by"]) == (first, ["place"])
    others = [
        town.whistle(location=located(place(80, here)), **nobody),
        town.whistle(location=located(gcj), **nobody),  # the same numbers in another system are another place
        town.whistle(location=located(here), category="leak", **nobody),
        town.whistle(**nobody),
    ]
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not any(town.said("tickets", PROPOSED, one) for one in (first, *others))
    town.stack.let_pass(DAY + 60)
    later = town.whistle(location=located(here), **nobody)
    town.until(later, state="handling")
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not town.said("tickets", PROPOSED, later)


def test_of_whistles_at_once_all_but_one_are_proposed(town: Town) -> None:
    """They share a transaction, in which none sees another."""
    town.street.at_work = False
    here = located((34.40, 108.80))
    mouth = EventPublisher(town.stack, "hotline", town.street._halt)
    try:
        for number in range(5):
            # each by somebody else, so that the first is like nobody's earlier ticket
            reporter = {**WHISTLE["reporter"], "phone": f"029-8765{number:04d}"}
            data = {**WHISTLE, "location": here, "reporter": reporter}
            mouth.say("whistle.blown.v1", "/hotline", f"burst-{number}", f"burst-{number}", data)
    finally:
        mouth.close()
    query = (
        "SELECT subject FROM outbox WHERE type = 'cluster.proposed.v2' AND subject IN (SELECT id FROM tickets WHERE lat = 34.4)"
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
    by_place = ("tickets_place", "tickets_point")  # of a few rows each is as good
    assert any(name in line for name in by_place for (line,) in plan), plan


@pytest.mark.parametrize("key", ["address", "reporter"])
def test_the_search_by_a_key_uses_its_index_in_its_order(town: Town, key: str) -> None:
    plan = town.stack.rows(
        "tickets",
        f"SET enable_seqscan = off; EXPLAIN SELECT document FROM tickets WHERE category = 'noise' AND {key}_key = 'k'"
        " ORDER BY opened_at, id LIMIT 100",
    )
    assert any(f"tickets_{key}" in line for (line,) in plan), plan


CALL = {"area": "shanqi-2", "estate": "heping", "channel": "hotline"}
"""A hotline's call has no coordinates."""


@pytest.mark.parametrize(
    ("category", "first", "again", "by"),
    [
        (
            "noise",
            {"address": "和平小区3号楼2单元", "reporter": {"phone": "029-88887701"}},
            {"address": "和平小区　３号楼，2单元。", "reporter": {"phone": "029-88887702"}},
            ["address"],
        ),
        (
            "leak",
            {"address": "3号楼", "reporter": {"phone": "13800000001"}},
            {"reporter": {"phone": "+86 138 0000 0001"}},
            ["reporter"],
        ),
    ],
)
def test_two_calls_without_coordinates_are_alike_by_address_or_by_reporter(
    town: Town, category: str, first: dict[str, Any], again: dict[str, Any], by: list[str]
) -> None:
    earlier = town.at_work(**CALL, category=category, **first)
    later = town.whistle(**CALL, category=category, **again)
    elsewhere = town.whistle(**{**CALL, "area": "shanqi-1", "estate": "yangguang"}, category=category, **again)
    assert town.until_said("tickets", PROPOSED, later) == [{"like": earlier, "by": by}]
    seen = town.seen(later)
    assert (seen["looks_like"], seen["looks_like_by"]) == (earlier, by)
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not town.said("tickets", PROPOSED, elsewhere)
    ((address, reporter),) = town.stack.rows("tickets", "SELECT address_key, reporter_key FROM tickets WHERE id = %s", earlier)
    told = json.dumps(
        [town.said("tickets", "ticket.opened", earlier), town.said("tickets", PROPOSED, later), town.seen(earlier)]
    )
    assert address not in told
    assert reporter not in told


def test_the_hotlines_own_number_makes_nothing_alike(town: Town) -> None:
    said = {**CALL, "reporter": {"phone": "12345"}}
    town.at_work(**said)
    again = town.whistle(**said)
    town.until(again, state="handling")
    assert town.stack.rows("tickets", "SELECT address_key, reporter_key FROM tickets WHERE id = %s", again) == [(None, None)]
    assert not town.said("tickets", PROPOSED, again)


def test_a_backlog_is_compared_by_when_it_occurred(town: Town) -> None:
    """The whistle of two days ago looks like what occurred then, and both times are shown."""
    said = {**CALL, "address": "和平小区西门", "reporter": None}
    first = town.at_work(**said)
    occurred_at = town.now()
    town.stack.let_pass(2 * DAY)
    again = town.whistle(**said)
    late = town.whistle(**said, occurred_at=occurred_at.isoformat())
    assert town.until_said("tickets", PROPOSED, late)[0]["like"] == first
    assert not town.said("tickets", PROPOSED, again)
    seen, plain = town.seen(late), town.seen(again)
    assert datetime.fromisoformat(seen["occurred_at"]) == occurred_at
    assert datetime.fromisoformat(seen["opened_at"]) - occurred_at > timedelta(days=2)
    assert plain["occurred_at"] is None
    (opened,) = town.said("tickets", "ticket.opened", late)
    assert datetime.fromisoformat(opened["occurred_at"]) == occurred_at
    (handle,) = (one for one in town.until_said("dispatch", "deadline.set", late) if one["clock"] == "contact")
    assert datetime.fromisoformat(handle["due"]) > datetime.fromisoformat(seen["opened_at"]), "the clocks run from the receipt"


def test_the_same_again_puts_the_closure_in_doubt(town: Town) -> None:
    here = (34.35, 108.95)
    ticket = town.closed(location=located(here))
    town.stack.let_pass(14 * DAY)
    again = town.whistle(location=located(gcj_to_bd(*wgs_to_gcj(*place(10, here))), "BD-09"))
    assert town.until_said("tickets", "ticket.closure_doubted", ticket) == [{"again": again}]
    assert not town.said("tickets", PROPOSED, again)
    town.until(again, state="closed")
    town.stack.let_pass(16 * DAY)
    late = town.closed(location=located(here))
    assert not any({"again": late} == one for one in town.said("tickets", "ticket.closure_doubted", ticket))


def test_tickets_are_listed_page_by_page(town: Town) -> None:
    town.street.at_work = False
    mine = [town.whistle(area="shanqi-2", estate="heping", category="parking") for _ in range(5)]
    listed: list[str] = []
    path = "/tickets?area=shanqi&category=parking&limit=2"
    for _ in range(500):
        page = town.ask("GET", path)
        assert page.status == 200
        assert len(page.body["tickets"]) <= 2
        listed += [ticket["id"] for ticket in page.body["tickets"]]
        if page.body["next"] is None:
            break
        path = f"/tickets?area=shanqi&category=parking&limit=2&after={page.body['next']}"
    assert len(listed) == len(set(listed)), "each once"
    assert [ticket for ticket in listed if ticket in mine] == mine[::-1], "the newest first"


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
    private = {"place", "followers", "private_digest", "address_key", "reporter_key"}
    assert not any(private & one.keys() for one in found())


@pytest.mark.parametrize(
    "search", ["state=lost", "limit=0", "limit=201", "limit=x", "colour=red", "area=a&area=b", "after=T-NO"]
)
def test_a_search_that_is_wrong_is_told_so(town: Town, search: str) -> None:
    assert town.ask("GET", f"/tickets?{search}").status == 422
