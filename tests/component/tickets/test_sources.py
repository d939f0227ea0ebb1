"""An account speaks in its own name alone, and what it calls its matters is known to nobody but tickets."""

from __future__ import annotations

import json
import urllib.request
from uuid import uuid4

import pytest

from chassis.messaging.external_events import Digests
from tests.component.tickets.town import WHISTLE, Town
from tests.kit.broker_actors import EventPublisher
from tests.kit.deployment import SECRET, SERVICES
from tests.kit.processes import wait_until


def dead(town: Town, service: str, id_: str) -> list[tuple[str, str]]:
    """The state and reason of the rows that an id has."""
    asked = "SELECT state, reason FROM inbox WHERE event_id = %s OR event_id LIKE %s"
    return [(state, reason) for state, reason in town.stack.rows(service, asked, id_, f"{id_}#%")]


def say(town: Town, account: str, type_: str, source: str, id_: str, subject: str, data: dict[str, object]) -> None:
    """Publish one event as an account."""
    mouth = EventPublisher(town.stack, account, town.street._halt)
    try:
        mouth.say(type_, source, id_, subject, data)
    finally:
        mouth.close()


def found(town: Town, id_: str, source: str | None = None, account: str = "hotline") -> dict[str, str] | None:
    """The ticket of a whistle, by its producer's own id."""
    more = f"&source={source}" if source else ""
    reply = town.ask("GET", f"/whistles?id={id_}{more}", account)
    assert reply.status in {200, 404}, reply
    return dict(reply.body) if reply.status == 200 else None


REFUSED = "NotOwnSource: ce-source: not among the sources of account 'sensor' in the identities file"


@pytest.mark.parametrize("same", [True, False], ids=["the same body", "another body"])
def test_whoever_takes_anothers_source_is_refused_and_the_owner_is_not_hindered(town: Town, same: bool) -> None:
    town.street.at_work = False
    id_ = f"night-{uuid4()}"
    data = {**WHISTLE, "channel": "sensor"}
    say(town, "sensor", "whistle.blown.v1", "/hotline", id_, "whistle", data)
    wait_until(lambda: dead(town, "tickets", id_) == [("dead", REFUSED)], "the refusal", 20)
    assert found(town, id_, "/hotline") is None
    say(town, "hotline", "whistle.blown.v1", "/hotline", id_, "whistle", data if same else WHISTLE)
    wait_until(lambda: found(town, id_, "/hotline") is not None, "the owner's ticket", 20)
    say(town, "sensor", "whistle.blown.v1", "/hotline", id_, "whistle", data)
    assert sorted(dead(town, "tickets", id_))[0] == ("applied", None)


def test_reports_and_requests_under_anothers_source_are_refused_too(town: Town) -> None:
    ticket, id_ = town.at_work(), f"report-{uuid4()}"
    signs: dict[str, object] = {"command": "sign", "unit": "yangguang-property"}
    say(town, "responders", "report.filed.v1", "/grid", id_, ticket, signs)
    told = "NotOwnSource: ce-source: not among the sources of account 'responders' in the identities file"
    wait_until(lambda: dead(town, "dispatch", id_) == [("dead", told)], "the refusal", 20)


def test_an_account_whistles_on_its_own_channels_alone(town: Town) -> None:
    reply = town.ask("POST", "/whistles", "sensor", WHISTLE)
    assert (reply.status, [error["field"] for error in reply.body["errors"]]) == (422, ["channel"])
    id_ = f"channel-{uuid4()}"
    say(town, "sensor", "whistle.blown.v1", "/sensor", id_, "whistle", WHISTLE)
    wait_until(lambda: [state for state, _ in dead(town, "tickets", id_)] == ["dead"], "the refusal", 20)
    assert "channel" in dead(town, "tickets", id_)[0][1]


def test_an_account_finds_its_own_whistles_by_its_own_ids_alone(town: Town) -> None:
    town.street.at_work = False
    key = f"029-{uuid4().hex[:8]}"
    ticket = town.whistle(key=key)
    assert found(town, key) == {"ticket": ticket, "source": "/accounts/hotline", "status": f"/tickets/{ticket}"}
    assert found(town, key, "/hotline") is None
    assert found(town, key, account="app") is None
    refused = town.ask("GET", f"/whistles?id={key}&source=/accounts/hotline", "app")
    assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, ["source"])


def test_a_producers_id_leaves_tickets_by_its_digest_alone(town: Town) -> None:
    """Here each id is a telephone number, as those of hotlines are."""
    phone = f"029{uuid4().int % 10**8:08d}"
    posted = town.whistle(key=phone)
    claimed: dict[str, object] = {**WHISTLE, "same_as": phone}
    say(town, "hotline", "whistle.blown.v1", "/hotline", f"{phone}-2", phone, claimed)
    say(town, "hotline", "whistle.blown.v1", "/hotline", f"{phone}-3", phone, {**claimed, "area": "atlantis"})
    wait_until(lambda: found(town, f"{phone}-2", "/hotline") is not None, "both tickets", 20)
    wait_until(lambda: bool(dead(town, "tickets", f"{phone}-3")), "the one that waits", 20)
    say(town, "responders", "report.filed.v1", "/responders", f"{phone}-4", phone, {"command": "sign", "unit": phone})
    wait_until(lambda: bool(dead(town, "dispatch", f"{phone}-4")), "the report that is refused", 20)
    other = found(town, f"{phone}-2", "/hotline")
    assert other is not None
    for ticket in (posted, other["ticket"]):
        town.until_said("dispatch", "case.started", ticket)
        town.ask("GET", f"/log/{ticket}", service="ledger")
    causes = {
        headers["ce-causationid"]
        for (headers,) in town.stack.rows("tickets", "SELECT headers FROM outbox WHERE type = 'ticket.opened.v1'")
    }
    digests = Digests(SECRET.encode())
    assert {digests.cause("account:hotline", phone), digests.cause("/hotline", f"{phone}-2")} <= causes
    for service in SERVICES:
        public = "SELECT headers, body FROM outbox WHERE exchange LIKE '%%.events' AND headers IS NOT NULL AND %s = ''"
        for headers, body in town.stack.rows(service, public, ""):
            assert phone not in json.dumps(headers)
            assert phone not in bytes(body).decode()
        assert phone not in town.stack.log(service, 100_000)
        with urllib.request.urlopen(town.stack.ops(service, "/metrics"), timeout=20) as page:
            assert phone not in page.read().decode()
    wait_until(
        lambda: town.stack.rows("ledger", "SELECT count(*) FROM entries WHERE subject = %s", posted)[0][0] > 0, "the ledger", 20
    )
    for (body,) in town.stack.rows("ledger", "SELECT body FROM entries"):
        assert phone not in bytes(body).decode()
