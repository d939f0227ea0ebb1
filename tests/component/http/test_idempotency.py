"""A command has its effect once and gives its answer again, however often and at whatever moment it is repeated."""

from __future__ import annotations

import json
import threading

from tests.component.http.client import WHISTLE, ask, key, opened, over_servers, whistle
from tests.component.http.moments import at_once, held, waiting
from tests.kit.broker_actors import EventPublisher
from tests.kit.deployment import Deployment
from tests.kit.processes import wait_until
from tests.kit.stack import Stack


def test_the_same_key_and_body_is_one_command(stack: Deployment) -> None:
    mine = key()
    first, second = whistle(stack, mine), whistle(stack, mine)
    assert (first.status, first.body, first.headers["Location"]) == (second.status, second.body, second.headers["Location"])
    assert opened(stack, first.body["ticket"]) == 1


def test_the_order_of_fields_and_white_space_make_no_other_body(stack: Deployment) -> None:
    mine = key()
    first = whistle(stack, mine)
    spread = json.dumps(dict(reversed(WHISTLE.items())), indent=4, ensure_ascii=False).encode()
    assert ask(stack, "tickets", "POST", "/whistles", "hotline", spread, mine).body == first.body


def test_the_same_key_with_another_body_is_a_conflict(stack: Deployment) -> None:
    mine = key()
    ticket = whistle(stack, mine).body["ticket"]
    assert whistle(stack, mine, text="楼下也放").status == 409
    assert whistle(stack, mine, dispute=False).status == 409
    assert opened(stack, ticket) == 1


def test_another_account_does_not_see_the_first_ones_answer(stack: Deployment) -> None:
    """Accounts are apart by role here too: `grid` may report, and uses the very key that `responders` used."""
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    mine, report = key(), {"ticket": ticket, "command": "sign", "unit": "yangguang-property"}
    assert ask(stack, "dispatch", "POST", "/reports", "responders", report, mine).status == 202
    assert ask(stack, "dispatch", "POST", "/reports", "grid", report, mine).status == 403


def test_a_refused_command_leaves_its_key_unused(stack: Deployment) -> None:
    mine = key()
    assert whistle(stack, mine, area="atlantis").status == 422
    assert whistle(stack, mine).status == 202


@over_servers
def test_two_equal_requests_at_the_same_moment_have_one_effect_and_one_answer(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine)] * 2)
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait: one for the table, one for the first")
    first, second = (one.result(timeout=20) for one in both)
    assert (first.status, first.body) == (second.status, second.body) == (202, first.body)
    assert opened(stack, first.body["ticket"]) == 1


@over_servers
def test_of_two_different_requests_with_one_key_at_the_same_moment_one_is_a_conflict(stack: Stack) -> None:
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine), lambda: whistle(stack, mine, text="别的")])
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait")
    assert sorted(one.result(timeout=20).status for one in both) == [202, 409]


@over_servers
def test_where_the_first_is_refused_the_second_is_tried(stack: Stack) -> None:
    """An equal request that waited for one which rolled back is the first itself."""
    mine = key()
    with held(stack, "tickets", "tickets"):
        both = at_once([lambda: whistle(stack, mine, area="atlantis")] * 2)
        wait_until(lambda: waiting(stack, "tickets") >= 2, "both wait")
    assert [one.result(timeout=20).status for one in both] == [422, 422]


def test_a_crowd_with_few_keys(stack: Deployment) -> None:
    keys = [key() for _ in range(4)]
    replies = [one.result(timeout=30) for one in at_once([lambda k=k: whistle(stack, k) for k in keys * 8])]
    assert {reply.status for reply in replies} == {202}
    tickets = {reply.body["ticket"] for reply in replies}
    assert len(tickets) == 4
    assert [opened(stack, ticket) for ticket in tickets] == [1] * 4


@over_servers
def test_the_same_whistle_by_amqp_and_http_at_the_same_moment_is_one_ticket(stack: Stack) -> None:
    """Both insert the ticket; the request is second, and finds it when it looks again."""
    mine = key()
    mouth = EventPublisher(stack, "hotline", threading.Event())
    with held(stack, "tickets", "sequences"):
        mouth.say("whistle.blown.v1", "/accounts/hotline", mine, mine, WHISTLE)
        wait_until(lambda: waiting(stack, "tickets") >= 1, "the event has inserted its ticket, and waits")
        (taken,) = at_once([lambda: whistle(stack, mine)])
        wait_until(lambda: waiting(stack, "tickets") >= 2, "the request waits for the event")
    mouth.close()
    reply = taken.result(timeout=20)
    assert reply.status == 202
    wait_until(lambda: opened(stack, reply.body["ticket"]) == 1, "opened once")
