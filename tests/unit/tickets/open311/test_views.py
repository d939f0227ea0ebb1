"""A ticket as a request of the standard: the mapping table, and nothing private."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.effects import Refused
from contracts.codes import Closure, RejectReason, Urgency
from services.tickets.config import read_rules
from services.tickets.domain.allowed_commands import State
from services.tickets.domain.coordinates import Point
from services.tickets.domain.ticket import Ticket
from services.tickets.open311.request_search import STATUS, ListedTicket, date_range
from services.tickets.open311.service_catalog import read_service_catalog
from services.tickets.open311.views import request_view
from tests.unit.tickets.tickets import RULES, T0, brought_to, ticket

DEPLOY = Path(__file__).resolve().parents[4] / "deploy"
OFFER = read_service_catalog(DEPLOY)
DAY = timedelta(days=1)

TABLE = {
    State.OPEN: "open",
    State.HANDLING: "open",
    State.HANDLED: "open",
    State.VERIFYING: "open",
    State.REVISITING: "open",
    State.CLOSED: "closed",
    State.REOPENED: "open",
    State.PARKED: "open",
    State.REJECTED: "closed",
    State.MERGED: "closed",
    State.CANCELLED: "closed",
}


def shown(one: Ticket, changed_at: datetime | None = None) -> dict[str, Any]:
    return request_view(ListedTicket(one, changed_at), OFFER, RULES)


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_open_or_closed_and_says_more_in_words(state: State) -> None:
    said = shown(brought_to(state))
    assert said["status"] == STATUS[state] == TABLE[state]
    assert said["status_notes"]


def test_why_it_ended_counts_before_that_it_did() -> None:
    assert shown(brought_to(State.REJECTED))["status_notes"] == OFFER.notes["rejected"]  # abuse has no words of its own
    refused = replace(brought_to(State.REJECTED), rejected_for=RejectReason.NOT_OURS)
    assert shown(refused)["status_notes"] == OFFER.notes["rejected_not_ours"]
    assert (
        shown(replace(brought_to(State.CLOSED), closure=Closure.NO_ANSWER))["status_notes"] == OFFER.notes["closed_no_answer"]
    )
    reopened = replace(brought_to(State.REOPENED), closure=Closure.SATISFIED)
    assert shown(reopened)["status_notes"] == OFFER.notes["reopened"]


def test_a_note_tells_what_goes_on_and_when_it_is_looked_at_again() -> None:
    merged = replace(brought_to(State.MERGED), merged_into="TMFQWCZLOEBSG44DF")
    assert "TMFQWCZLOEBSG44DF" in shown(merged)["status_notes"]
    parked = replace(brought_to(State.PARKED), review_at=datetime(2026, 5, 31, 20, tzinfo=UTC))
    assert shown(parked)["status_notes"].count("2026-06-01") == 2, "in the deployment's zone, in both languages"
    assert not [state for state in State if "$" in shown(brought_to(state))["status_notes"]]


def test_the_words_are_told_where_whoever_asks_sent_them() -> None:
    assert request_view(ListedTicket(ticket(), None, "楼上漏水"), OFFER, RULES)["description"] == "楼上漏水"


def test_the_place_is_the_estates_and_never_the_reporters() -> None:
    at_home = ticket(place=Point(34.26123, 108.90234))
    said = shown(at_home)
    assert (said["address"], said["address_id"], said["lat"], said["long"]) == ("阳光家园", "yangguang", 34.2625, 108.9022)
    assert (said["description"], said["media_url"]) == (None, None)
    outside = shown(ticket(estate=None))
    assert (outside["address"], outside["address_id"]) == ("陕汽第一网格", "shanqi-1")
    unmapped = shown(ticket(area="elsewhere", estate=None))
    assert (unmapped["address"], unmapped["address_id"], unmapped["lat"], unmapped["long"]) == (None, "elsewhere", None, None)


def test_times_are_told_to_the_second_with_the_deployments_offset() -> None:
    late = datetime(2026, 3, 2, 20, 30, 15, 123456, tzinfo=UTC)
    said = shown(ticket(opened_at=late), late)
    assert said["requested_datetime"].isoformat() == "2026-03-03T04:30:15+08:00"


def test_what_changed_last_is_told_and_of_a_closed_one_when_it_was_closed() -> None:
    assert shown(ticket())["updated_datetime"] == T0, "unknown: when it was made"
    assert shown(ticket(), T0 + DAY)["updated_datetime"] == T0 + DAY
    assert shown(brought_to(State.CLOSED), T0 + DAY)["updated_datetime"] == T0
    assert shown(brought_to(State.REOPENED), T0 + DAY)["updated_datetime"] == T0 + DAY
    assert shown(brought_to(State.CANCELLED), T0 + DAY)["updated_datetime"] == T0 + DAY


def test_whoever_is_in_danger_is_told_whom_to_call_and_nobody_else_gets_a_notice() -> None:
    rules = read_rules(DEPLOY / "tickets.yaml")
    urgent = request_view(ListedTicket(ticket(urgency=Urgency.E0), None), OFFER, rules)
    assert all(number in urgent["service_notice"] for number in ("110", "119", "120"))
    assert "service_notice" not in request_view(ListedTicket(ticket(), None), OFFER, rules)


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        (None, None, T0 - 90 * DAY, T0),
        (T0 - 200 * DAY, None, T0 - 200 * DAY, T0 - 110 * DAY),
        (None, T0 - 200 * DAY, T0 - 290 * DAY, T0 - 200 * DAY),
        (T0 - 90 * DAY, T0, T0 - 90 * DAY, T0),
        (T0, T0, T0, T0),
        (T0 + DAY, None, T0 + DAY, T0 + 91 * DAY),
    ],
)
def test_a_range_is_of_90_days(start: datetime | None, end: datetime | None, since: datetime, until: datetime) -> None:
    assert date_range(start, end, T0) == (since, until)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (T0, T0 - timedelta(seconds=1)),
        (T0, T0 + 90 * DAY + timedelta(seconds=1)),
        (datetime.max.replace(tzinfo=UTC), None),
        (None, datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_another_range_is_refused(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(Refused, match="start_date, end_date"):
        date_range(start, end, T0)
