"""The ledger's feed: every public event once, in order, as soon as it is recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.component.http.client import ask, key, whistle
from tests.kit.deployment import Deployment
from tests.kit.openapi_conformance import Reply


def feed(stack: Deployment, account: str | None = "desk", **search: int | str) -> Reply:
    """One request of the feed."""
    asked = "&".join(f"{name}={value}" for name, value in search.items())
    return ask(stack, "ledger", "GET", f"/feed?{asked}" if asked else "/feed", account)


def read_until(stack: Deployment, start: int, subject: str, types: set[str]) -> list[dict[str, Any]]:
    """All entries from a position on, until there is one of each type about a subject."""
    seen: list[dict[str, Any]] = []
    for _ in range(200):
        page = feed(stack, start=start, wait=20, limit=3).body
        seen += page["entries"]
        start = page["next"]
        if types <= {one["type"] for one in seen if one["subject"] == subject}:
            return seen
    raise AssertionError(f"{types} about {subject} are not among {len(seen)} entries")


def test_a_reader_sees_each_event_once_and_in_order(stack: Deployment) -> None:
    start = feed(stack).body["next"]
    ticket = whistle(stack, key()).body["ticket"]
    seen = read_until(stack, start, ticket, {"ticket.opened.v1", "assignment.made.v1"})
    assert [one["position"] for one in seen] == list(range(start, start + len(seen)))
    of_it = [one for one in seen if one["subject"] == ticket]
    for source in {one["source"] for one in of_it}:  # between two sources the broker keeps no order
        numbers = [one["sequence"] for one in of_it if one["source"] == source]
        assert numbers == sorted(set(numbers)), source
    assert {"ticket.opened.v1", "assignment.made.v1"} <= {one["type"] for one in of_it}


def test_who_waits_is_answered_when_something_is_recorded(stack: Deployment) -> None:
    start = feed(stack).body["next"]
    with ThreadPoolExecutor() as beside:
        waiting = beside.submit(feed, stack, start=start, wait=25)
        ticket = whistle(stack, key()).body["ticket"]
        first = waiting.result()
    assert first.body["entries"], "the wait was over before anything was recorded"
    assert read_until(stack, start, ticket, {"ticket.opened.v1"})


def test_who_does_not_wait_gets_nothing_at_the_end(stack: Deployment) -> None:
    page = feed(stack, start=999_999_999).body
    assert page == {"entries": [], "next": 999_999_999}


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"wait": 26}, "wait"),
        ({"wait": "-1"}, "wait"),
        ({"start": "x"}, "start"),
        ({"limit": 0}, "limit"),
        ({"after": 1}, "after"),
    ],
)
def test_a_bad_parameter_is_named(stack: Deployment, search: dict[str, Any], field: str) -> None:
    refused = feed(stack, **search)
    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == [field]


@pytest.mark.parametrize(("account", "status"), [(None, 401), ("responders", 403)])
def test_it_is_for_readers(stack: Deployment, account: str | None, status: int) -> None:
    assert feed(stack, account).status == status
