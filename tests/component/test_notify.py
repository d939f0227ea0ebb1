"""Notify: its notices, its channels and its receipts, on a real store and broker, against a gateway on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from contracts.events import dispatch, ledger, tickets
from tests.component.street_office import APP_USER, ATTEMPTS, Gateway, Office
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack, stack


@pytest.fixture(scope="module")
def deployed(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Stack]:
    """One deployment for the module."""
    with stack(postgres_server, rabbit_server) as made:
        yield made


@pytest.fixture(scope="module")
def whole_office(deployed: Stack) -> Iterator[Office]:
    gateway = Gateway()
    yield Office(deployed, gateway)
    gateway.halt.set()
    gateway.shutdown()


@pytest.fixture
def office(whole_office: Office) -> Office:
    """Notify runs, and the gateway takes everything."""
    whole_office.gateway.answers.clear()
    running = whole_office.stack.processes.get("notify")
    if running is None or not running.alive:
        whole_office.start()
    return whole_office


def test_a_notice_is_delivered_once(office: Office) -> None:
    ticket, phone = office.ticket()
    office.verified(ticket)
    office.await_said(ticket, "sent")
    ((_, key, body),) = office.gateway.to(phone)
    link = body["message"].partition("https://street.example/rate/")[2].split()[0]
    assert link
    assert ticket in body["message"]
    status, answer, _ = office.stack.call("notify", "GET", f"/tickets/{ticket}/notices", "hotline")
    assert status == 200
    (notice,) = answer["notices"]
    assert (notice["id"], notice["state"], notice["channel"], notice["attempts"]) == (key, "sent", "sms", 1)
    assert {"text", "address"}.isdisjoint(notice)
    everything = office.stack.log("notify", 10_000) + json.dumps(answer)
    assert not [private for private in (phone, "rate-token", link, "王阿姨", "漏水") if private in everything]


def test_a_refusal_is_tried_again(office: Office) -> None:
    office.gateway.answers["/sms"] = [500, 200]
    ticket, phone = office.ticket()
    office.verified(ticket)
    office.await_said(ticket, "failed", "sent")
    assert len({key for _, key, _ in office.gateway.to(phone)}) == 1


def test_always_refused_is_exhausted_with_an_alert(office: Office) -> None:
    office.gateway.answers["/sms"] = [500]
    ticket, phone = office.ticket()
    office.verified(ticket)
    office.await_said(ticket, *["failed"] * (ATTEMPTS - 1), "exhausted")
    assert len(office.gateway.to(phone)) == ATTEMPTS


def test_a_final_refusal_is_not_repeated(office: Office) -> None:
    office.gateway.answers["/sms"] = [422]
    ticket, phone = office.ticket()
    office.verified(ticket)
    office.await_said(ticket, "exhausted")
    assert len(office.gateway.to(phone)) == 1


@pytest.mark.parametrize(("place", "times"), [("notify.claimed", 1), ("notify.sent", 2)])
def test_killed_around_a_sending_it_is_sent_again_under_the_same_key(office: Office, place: str, times: int) -> None:
    ticket, phone = office.ticket()
    assert office.stack.stop("notify") == {"notify": 0}
    office.verified(ticket)
    office.start(f"{place}=kill")
    process = office.stack.processes["notify"]
    assert process.wait(20) == -9, process.log_tail()
    assert process.log_tail(1) == f"failpoint {place}"
    assert office.said(ticket) == []
    office.start()
    office.await_said(ticket, "failed", "sent")
    got = office.gateway.to(phone)
    assert (len(got), len({key for _, key, _ in got})) == (times, 1)
    assert office.stack.rows("notify", "select state, document->>'attempts' from notices where ticket = %s", ticket) == [
        ("sent", "2")
    ]


def test_a_gateway_that_hangs_holds_up_its_own_channel_alone(office: Office) -> None:
    office.gateway.answers["/duty"] = [Gateway.HANG]
    stuck = [office.ticket()[0] for _ in range(3)]
    for ticket in stuck:
        office.unattended(ticket)
    wait_until(lambda: any(path == "/duty" for path, _, _ in office.gateway.got), "one hangs", 10)
    ticket, _ = office.ticket()
    office.verified(ticket)
    office.await_said(ticket, "sent", seconds=5)
    assert office.stack.ready("notify")
    office.gateway.answers["/duty"] = [200]
    for ticket in stuck:
        wait_until(lambda ticket=ticket: office.said(ticket)[-1:] == ["sent"], "told after all", 30)
    assert office.said(stuck[0]).count("sent") == 1


@pytest.mark.parametrize(
    ("locale", "used", "fell_back", "word"),
    [("en", "en", False, "Is it solved"), ("bo", "zh", True, "是否解决"), (None, "zh", False, "是否解决")],
)
def test_the_language_and_that_it_is_another(office: Office, locale: str | None, used: str, fell_back: bool, word: str) -> None:
    ticket, phone = office.ticket(locale)
    office.verified(ticket)
    office.await_said(ticket, "sent")
    assert word in office.gateway.to(phone)[0][2]["message"]
    (said,) = office.data(ticket)
    assert (said.get("asked"), said["locale"], said["fell_back"], said["final"]) == (locale, used, fell_back, True)
    _, answer, _ = office.stack.call("notify", "GET", f"/tickets/{ticket}/notices", "hotline")
    assert [(one["asked"], one["locale"], one["fell_back"]) for one in answer["notices"]] == [(locale, used, fell_back)]


def test_danger_to_life_is_told_in_both_languages(office: Office) -> None:
    ticket, phone = office.ticket("en")
    office.opened(ticket, "E0")
    office.await_said(ticket, "sent")
    message = office.gateway.to(phone)[0][2]["message"]
    assert "call 110" in message
    assert "拨打110" in message


def test_who_was_merged_follows_the_survivor(office: Office) -> None:
    merged, phone = office.ticket()
    survivor, _ = office.ticket()
    office.say(tickets.TicketMerged, merged, {"into": survivor})
    office.await_said(merged, "sent")
    office.contact(merged, phone, follows=survivor)
    office.say(tickets.TicketParked, survivor, {"reason": "funds", "review_at": "2026-06-01T00:00:00+08:00"})
    office.await_said(survivor, "sent")
    office.await_said(merged, "sent", "sent")
    assert "挂账" in office.gateway.to(phone)[-1][2]["message"]


def test_every_unit_of_a_joint_action_is_told_the_matter(office: Office) -> None:
    ticket, _ = office.ticket()
    units = ["lianhu-urban", "shanqi-police"]
    office.say(dispatch.JointActionCalled, ticket, {"joint_action": f"{ticket}-j1", "lead": units[0], "units": units})
    office.await_said(ticket, "sent", "sent")
    told = office.stack.rows("notify", "select document->>'audience', document->>'text' from notices where ticket = %s", ticket)
    assert sorted(audience for audience, _ in told) == units
    assert all("楼上漏水" in text for _, text in told)


def test_what_the_ledger_found_is_told_to_those_on_duty(office: Office) -> None:
    subject = f"area-{office.ticket()[0]}"
    office.say(ledger.GapFound, subject, {"origin": "/dispatch", "missing_from": 3, "missing_to": 4})
    office.await_said(subject, "sent")
    assert any(subject in body["message"] for path, _, body in office.gateway.got if path == "/duty")


def test_a_receipt_is_the_end_however_often_it_comes(office: Office) -> None:
    ticket, _ = office.ticket()
    before = office.stack.metric("notify", "whistle_notices_total", outcome="delivered")
    office.relieved(ticket, APP_USER)
    office.await_said(ticket, "sent")
    ((_, key, _),) = office.gateway.to(APP_USER, ticket)
    assert [office.receipt(key, "delivered") for _ in range(2)] == [(202, {"notice": key, "state": "delivered"})] * 2
    assert office.receipt(key, "rejected") == (202, {"notice": key, "state": "delivered"})
    office.await_said(ticket, "sent", "delivered")
    assert office.stack.metric("notify", "whistle_notices_total", outcome="delivered") == before + 1
    assert office.receipt(key, "delivered", account="hotline")[0] == 403
    assert office.receipt("nothing", "delivered")[0] == 404
    assert office.receipt(f"{key}~7", "delivered")[0] == 422
    assert office.receipt(key, "perhaps")[0] == 422


def test_after_a_bad_receipt_it_is_sent_again_and_then_another_way(office: Office) -> None:
    ticket, _ = office.ticket()
    office.relieved(ticket, APP_USER)
    office.await_said(ticket, "sent")
    office.receipt(office.gateway.to(APP_USER, ticket)[0][1], "undelivered")
    office.await_said(ticket, "sent", "failed", "sent")
    office.receipt(office.gateway.to(APP_USER, ticket)[1][1], "rejected")
    office.await_said(ticket, "sent", "failed", "sent", "failed", "sent")
    got = office.gateway.to(APP_USER, ticket)
    assert [path for path, _, _ in got] == ["/app", "/app", "/sms"]
    assert len({key for _, key, _ in got}) == 3
    assert office.data(ticket)[3]["next_channel"] == "sms"
    _, answer, _ = office.stack.call("notify", "GET", f"/tickets/{ticket}/notices", "hotline")
    (notice,) = answer["notices"]
    assert (notice["channel"], notice["given_up"], notice["state"], notice["ended"]) == ("sms", ["app", "app"], "sent", True)


def test_no_receipt_in_time_means_the_next_way(office: Office) -> None:
    ticket, _ = office.ticket()
    office.relieved(ticket, APP_USER)
    office.await_said(ticket, "sent", "failed", "sent")
    assert office.data(ticket)[1]["reason"] == "no_receipt"
    assert [path for path, _, _ in office.gateway.to(APP_USER, ticket)] == ["/app", "/sms"]


def test_it_waits_for_the_end_of_quiet_hours_by_business_time(office: Office) -> None:
    quiet, urgent = office.ticket()[0], office.ticket()[0]
    office.say(dispatch.CaseExhausted, quiet, {"cause": "last_level"})
    office.say(dispatch.CaseExhausted, urgent, {"cause": "last_level"})
    held = "select count(*) from notices where ticket in (%s, %s) and state = 'held'"
    wait_until(lambda: office.stack.rows("notify", held, quiet, urgent) == [(2,)], "held", 20)
    office.say(tickets.TicketUrgencyRaised, urgent, {"urgency": "E1"})
    office.await_said(urgent, "sent")
    assert office.said(quiet) == []
    office.stack.let_pass(7200)
    office.await_said(quiet, "sent")


def test_it_stops_in_order_while_a_gateway_hangs(office: Office) -> None:
    office.gateway.answers["/duty"] = [Gateway.HANG]
    ticket, _ = office.ticket()
    office.unattended(ticket)
    before = len(office.gateway.got)
    wait_until(lambda: len(office.gateway.got) > before or office.said(ticket) != [], "it hangs", 10)
    assert office.stack.stop("notify") == {"notify": 0}
    assert office.said(ticket)[:1] == ["failed"]
    assert office.data(ticket)[0]["reason"] == "unknown"
