"""Notify against a gateway that can refuse, hang and be asked what it got; the rest is real: store, broker, processes."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml
from kombu import Connection

from contracts.envelope import EventSchema
from contracts.events import dispatch, tickets
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import ROOT, Stack, stack
from tests.kit.street import headers

ATTEMPTS = 3


class Gateway(ThreadingHTTPServer):
    """A webhook on loopback. ``answers`` are the statuses it gives by path, the last one for ever; `HANG` never answers."""

    HANG = 0
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.got: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: dict[str, list[int]] = {}
        self.halt = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, path: str) -> int:
        """The next status for a path."""
        left = self.answers.setdefault(path, [200])
        return left.pop(0) if len(left) > 1 else left[0]

    def to(self, phone: str) -> list[tuple[str, str, dict[str, Any]]]:
        """What came for a telephone: path, idempotency key, body."""
        return [one for one in self.got if one[2].get("to") == phone]


class _Hook(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((path, self.headers["X-Idempotency-Key"], body))
        status = self.server.answer(path)
        if status == Gateway.HANG:
            self.server.halt.wait(60)
            return
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


class Office:
    """A deployment of which notify alone runs; the test speaks for tickets and dispatch."""

    def __init__(self, deployed: Stack, gateway: Gateway):
        self.stack, self.gateway = deployed, gateway
        self.config = deployed.directory / "config"
        shutil.copytree(ROOT / "deploy", self.config)
        at = f"json://127.0.0.1:{gateway.server_port}"
        channels = {
            "channels": {
                "sms": {"via": f"{at}/sms?:to=$address", "size": 200, "timeout": "2s", "at_once": 2},
                "duty": {"via": f"{at}/duty?:to=duty", "timeout": "2s"},
                "log": {"via": "log", "batch": 50},
            },
            "routes": {"resident": {"channel": "sms"}, "duty": {"channel": "duty"}, "others": {"channel": "log"}},
            "retries": {"attempts": ATTEMPTS, "first": "1s", "longest": "1s"},
            "margin": "1s",
            "link": "https://street.example/$purpose/$token",
        }
        (self.config / "channels.yaml").write_text(yaml.safe_dump(channels))

    def start(self, failpoints: str = "") -> None:
        """Start notify."""
        self.stack.start("notify", failpoints=failpoints, WHISTLE_CONFIG_DIR=str(self.config), NO_PROXY="127.0.0.1")

    def say(self, schema: type[EventSchema], subject: str, data: dict[str, Any]) -> None:
        """An event of another service, as that service."""
        service = schema.producer
        numbered = {**headers(schema.type, f"/{service}", str(uuid4()), subject), "ce-sequence": "1".zfill(12)}
        with Connection(self.stack.amqp(service), transport_options={"confirm_publish": True}) as connection:
            connection.Producer().publish(
                json.dumps(data), exchange=schema.exchange(), routing_key=schema.type, headers=numbered,
                content_type="application/json", user_id=connection.userid, delivery_mode=2,
            )  # fmt: skip

    def ticket(self, locale: str | None = "zh") -> tuple[str, str]:
        """A new ticket whose reporter can be told; answers its id and the telephone."""
        id_, phone = f"T{uuid4().hex[:12].upper()}", f"+86-{uuid4().hex[:8]}"
        links = {"rate": "rate-token", "reopen": "reopen-token", "consent": "consent-token"}
        self.say(tickets.MatterDescribed, id_, {"text": "楼上漏水", "address": "3号楼"})
        self.say(tickets.ContactRecorded, id_, {"name": "王阿姨", "phone": phone, "locale": locale, "links": links})
        return id_, phone

    def verified(self, ticket: str) -> None:
        """It is checked: the resident is asked."""
        self.say(tickets.TicketVerified, ticket, {"generation": 1, "verified_by": "grid-worker-1"})

    def unattended(self, ticket: str) -> None:
        """Those on duty are told."""
        self.say(tickets.TicketUnattended, ticket, {"waited_seconds": 60})

    def said(self, ticket: str) -> list[str]:
        """What notify said about a ticket, in order."""
        query = "select type from outbox where subject = %s order by sequence"
        return [type_.split(".")[1] for (type_,) in self.stack.rows("notify", query, ticket)]

    def await_said(self, ticket: str, *types: str, seconds: float = 25) -> None:
        """Until notify has said just this about a ticket."""
        details = lambda: f"{self.said(ticket)}\n{self.gateway.got}\n{self.stack.log('notify')}"  # noqa: E731
        wait_until(lambda: self.said(ticket) == list(types), f"{types} of {ticket}", seconds, details=details)


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
    assert "https://street.example/rate/rate-token" in body["message"]
    assert ticket in body["message"]
    status, answer, _ = office.stack.call("notify", "GET", f"/tickets/{ticket}/notices", "hotline")
    assert status == 200
    (notice,) = answer["notices"]
    assert (notice["id"], notice["state"], notice["channel"], notice["attempts"]) == (key, "sent", "sms", 1)
    assert {"text", "address"}.isdisjoint(notice)
    everything = office.stack.log("notify", 10_000) + json.dumps(answer)
    assert not [private for private in (phone, "rate-token", "王阿姨", "漏水") if private in everything]


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
    assert office.stack.stop("notify") == {"notify": 0}
    ticket, phone = office.ticket()
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
    ("locale", "used", "word"), [("en", "en", "Is it solved"), ("bo", "zh", "是否解决"), (None, "zh", "是否解决")]
)
def test_the_language(office: Office, locale: str | None, used: str, word: str) -> None:
    ticket, phone = office.ticket(locale)
    office.verified(ticket)
    office.await_said(ticket, "sent")
    assert word in office.gateway.to(phone)[0][2]["message"]
    query = "select document->>'asked', document->>'locale' from notices where ticket = %s"
    assert office.stack.rows("notify", query, ticket) == [(locale, used)]


def test_danger_to_life_is_told_in_both_languages(office: Office) -> None:
    ticket, phone = office.ticket("en")
    opened = {"category": "leak", "area": "shanqi-1", "urgency": "E0", "dispute": False, "channel": "hotline"}
    office.say(tickets.TicketOpened, ticket, {**opened, "opened_at": "2026-03-04T05:06:07+00:00", "private_digest": "d"})
    office.await_said(ticket, "sent")
    message = office.gateway.to(phone)[0][2]["message"]
    assert "call 110" in message
    assert "拨打110" in message


def test_who_was_merged_follows_the_survivor(office: Office) -> None:
    merged, phone = office.ticket()
    survivor, _ = office.ticket()
    office.say(tickets.TicketMerged, merged, {"into": survivor})
    office.await_said(merged, "sent")
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


def test_it_stops_in_order_while_a_gateway_hangs(office: Office) -> None:
    office.gateway.answers["/duty"] = [Gateway.HANG]
    ticket, _ = office.ticket()
    office.unattended(ticket)
    before = len(office.gateway.got)
    wait_until(lambda: len(office.gateway.got) > before or office.said(ticket) != [], "it hangs", 10)
    assert office.stack.stop("notify") == {"notify": 0}
    assert office.said(ticket)[:1] == ["failed"]
