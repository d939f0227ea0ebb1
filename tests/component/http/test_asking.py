"""Over HTTP the chain runs, who may not is not answered, and nobody is told what is private."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.component.http.client import PRIVATE, ask, key, notices, recorded, whistle
from tests.kit.broker_actors import BrokerActors
from tests.kit.deployment import SERVICES, Deployment
from tests.kit.embedded import EmbeddedStack
from tests.kit.embedded_actors import EmbeddedActors
from tests.kit.processes import wait_until


def test_a_whistle_by_http_goes_to_closed(stack: Deployment) -> None:
    street: BrokerActors | EmbeddedActors = EmbeddedActors(stack) if isinstance(stack, EmbeddedStack) else BrokerActors(stack)
    street.start()
    try:
        taken = whistle(stack, key())
        ticket = taken.body["ticket"]
        assert taken.status == 202
        assert taken.headers["Location"] == taken.body["status"] == f"/tickets/{ticket}"

        def closed() -> bool:
            seen = ask(stack, "tickets", "GET", taken.headers["Location"], "desk")
            return seen.status == 200 and seen.body["state"] == "closed"

        wait_until(closed, f"{ticket} closed", 60, details=lambda: str({s: stack.log(s, 5) for s in SERVICES}))
    finally:
        street.stop()
    case = ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").body
    assert (case["state"], case["playbook"], case["level"]) == ("verified", "xianlinli", "property")
    assert [(a["to"], a["purpose"], a["step"]) for a in case["assignments"]] == [
        ("yangguang-property", "handle", "done"),
        ("grid-worker-1", "verify", "done"),
    ]
    wait_until(lambda: "ticket.closed.v1" in recorded(stack, ticket), "the closure in the ledger")
    wanted = {
        "ticket_opened",
        "assignment_made_handle",
        "assignment_made_verify",
        "ticket_verified",
        "ticket_closed_satisfied",
    }
    wait_until(lambda: wanted == {notice["template"] for notice in notices(stack, ticket)}, "everybody told")
    assert ask(stack, "ledger", "GET", "/log", "desk").body["size"] > 5


def test_a_responder_reports_by_http(stack: Deployment) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    report = {"ticket": ticket, "command": "sign", "unit": "yangguang-property", "note": "来了"}
    mine = key()
    taken = ask(stack, "dispatch", "POST", "/reports", "responders", report, mine)
    assert (taken.status, taken.body) == (202, {"ticket": ticket, "command": "sign", "id": mine})
    seen = ask(stack, "dispatch", "GET", taken.headers["Location"], "desk")
    assert seen.body["assignments"][0]["step"] == "signed"


def test_a_report_that_is_not_right_says_why(stack: Deployment) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk").status == 200, "the case")
    right = {"ticket": ticket, "command": "sign", "unit": "yangguang-property"}
    table: list[tuple[int, dict[str, Any], str]] = [
        (403, {"unit": "grid-worker-1"}, "does not speak for"),
        (404, {"ticket": "T-NOBODY"}, "no case"),
        (422, {"unit": "heping-property"}, "no assignment"),
        (422, {"command": "verify", "passed": True}, "no assignment"),
    ]
    for status, changes, why in table:
        reply = ask(stack, "dispatch", "POST", "/reports", "responders", {**right, **changes}, key())
        assert (reply.status, why in reply.body["detail"]) == (status, True), (changes, reply)


def test_no_answer_has_private_data(stack: Deployment) -> None:
    ticket = whistle(stack, key()).body["ticket"]
    wait_until(lambda: len(notices(stack, ticket)) >= 2, "notices")
    answers = [
        ask(stack, "tickets", "GET", f"/tickets/{ticket}", "desk"),
        ask(stack, "dispatch", "GET", f"/cases/{ticket}", "desk"),
        ask(stack, "notify", "GET", f"/tickets/{ticket}/notices", "desk"),
        ask(stack, "ledger", "GET", f"/log/{ticket}", "desk"),
    ]
    for answer in answers:
        assert answer.status == 200
        said = json.dumps(answer.body, ensure_ascii=False)
        assert not [word for word in PRIVATE if word in said], said
    assert set(answers[0].body).isdisjoint({"private_digest", "has_contact"})
    assert all("text" not in notice for notice in answers[2].body["notices"])


@pytest.mark.parametrize(
    ("service", "method", "path", "wrong_account"),
    [
        ("tickets", "POST", "/whistles", "responders"),
        ("tickets", "GET", "/tickets/T1", "responders"),
        ("dispatch", "POST", "/reports", "hotline"),
        ("dispatch", "GET", "/cases/T1", "app"),
        ("dispatch", "GET", "/cases/T1/clocks", "app"),
        ("dispatch", "GET", "/cases/T1/commands", "desk"),
        ("dispatch", "GET", "/cases", "responders"),
        ("dispatch", "GET", "/work", "desk"),
        ("dispatch", "GET", "/directory", "grid"),
        ("dispatch", "POST", "/cases/T1/requests", "hotline"),
        ("notify", "GET", "/tickets/T1/notices", "grid"),
        ("ledger", "GET", "/log", "grid"),
        ("ledger", "GET", "/log/T1", "grid"),
    ],
)
def test_nobody_is_answered_without_the_role(
    stack: Deployment, service: str, method: str, path: str, wrong_account: str
) -> None:
    body = {} if method == "POST" else None
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic dG9rZW4="}, {"Authorization": "Bearer"}):
        assert ask(stack, service, method, path, None, body, key(), headers=headers).status == 401, headers
    assert ask(stack, service, method, path, wrong_account, body, key()).status == 403


def test_who_whistled_may_follow_the_status_link_and_no_other(stack: Deployment) -> None:
    """`app` only whistles; `hotline` is a reader too."""
    body = {"category": "noise", "area": "shanqi-1", "channel": "mini_program", "text": "楼上半夜放音乐"}
    of_app, of_hotline = (ask(stack, "tickets", "POST", "/whistles", who, body, key()).body for who in ("app", "hotline"))

    def seen(account: str, path: str) -> int:
        return ask(stack, "tickets", "GET", path, account).status

    assert (seen("app", of_app["status"]), seen("app", of_hotline["status"])) == (200, 404)
    assert (seen("hotline", of_app["status"]), seen("app", "/tickets/T-NOBODY")) == (200, 404)
    assert seen("app", "/tickets") == 403, "a list is for readers"


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/"),
        (404, "GET", "/nowhere"),
        (405, "POST", "/tickets"),
        (404, "GET", "/tickets/"),
        (404, "GET", "/tickets//T1"),
        (404, "GET", "/tickets/T1/more"),
        (404, "GET", "/tickets/T-NOBODY"),
        (404, "GET", "/tickets/%00"),
        (404, "GET", "/tickets/a%20b"),
        (404, "GET", "/tickets/%ff%fe"),
        (404, "GET", "/tickets/" + "x" * 81),
        (404, "GET", "/tickets/T1%27%3B%20DROP%20TABLE%20tickets"),
        (405, "GET", "/tickets/T1/merges"),
        (405, "DELETE", "/tickets/T1"),
        (405, "OPTIONS", "/tickets/T1/merges"),
        (405, "BREW", "/whistles"),
    ],
)
def test_there_is_nothing_else(stack: Deployment, status: int, method: str, path: str) -> None:
    reply = ask(stack, "tickets", method, path, "desk")
    assert reply.status == status
    if status == 405:
        allowed = {"/tickets/T1/merges": "POST", "/whistles": "GET, HEAD, POST"}
        assert reply.headers["Allow"] == allowed.get(path, "GET, HEAD")
