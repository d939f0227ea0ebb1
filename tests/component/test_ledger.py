"""The ledger in a real deployment: what it recorded is verified offline, counted again from the file, and tampered with."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import amqp
import pytest
from kombu import Connection

from services.ledger.domain.merkle import Frontier, leaf_hash
from tests.kit.broker_actors import BrokerActors, headers
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import Stack, stack

TICKETS = 6


@pytest.fixture(scope="module")
def town(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Stack]:
    """Six tickets that were closed; one resident of them all did not answer."""
    with stack(postgres_server, rabbit_server) as made:
        made.start("tickets", "dispatch", "ledger")
        street = BrokerActors(made)
        street.start()
        for number in range(TICKETS):
            street.whistle(number)
        wait_until(lambda: len(street.closed) == TICKETS, "every ticket closed", 60, details=lambda: made.log("dispatch"))
        street.answers = False
        street.whistle(TICKETS)
        wait_until(lambda: _count(made, "ticket.verified.v1") > TICKETS, "the last one verified", 30)
        made.let_pass(8 * 86400)
        wait_until(lambda: len(street.closed) > TICKETS, "closed without an answer", 30)
        wait_until(lambda: _count(made, "ticket.closed.v1") > TICKETS, "recorded", 30)
        street.stop()
        yield made


def _count(town: Stack, type_: str) -> int:
    return int(town.rows("ledger", "SELECT count(*) FROM entries WHERE type = %s", type_)[0][0])


def _published(town: Stack) -> set[str]:
    """The ids of the public events of tickets and dispatch."""
    return _ids(town, "tickets", "outbox", "tickets.events") | _ids(town, "dispatch", "outbox", "dispatch.events")


def _ids(town: Stack, service: str, table: str, exchange: str | None = None) -> set[str]:
    chosen = f" WHERE exchange = '{exchange}'" if exchange else ""
    return {id_ for (id_,) in town.rows(service, f"SELECT event_id FROM {table}{chosen}")}


def _export(town: Stack, path: Path) -> list[bytes]:
    town.whistle("ledger", "export", str(path))
    return path.read_bytes().splitlines(keepends=True)


def test_the_log_is_verified_without_any_service(town: Stack, tmp_path: Path) -> None:
    key = tmp_path / "public.pem"
    key.write_text(town.whistle("ledger", "key"))
    lines = _export(town, tmp_path / "log")
    said = town.whistle("ledger", "verify", str(tmp_path / "log"), "--key", str(key))
    assert said.startswith(f"{len(_events(lines))} entries")
    assert " 0 checkpoints" not in said


@pytest.mark.parametrize("act", ["flip", "delete", "swap"])
def test_what_was_tampered_with_is_named(town: Stack, tmp_path: Path, act: str) -> None:
    path = tmp_path / "log"
    lines = _export(town, path)
    middle = len(lines) // 2
    if act == "flip":
        lines[middle] = lines[middle].replace(b"2026", b"2027", 1)
    elif act == "delete":
        del lines[middle]
    else:
        lines[middle], lines[middle + 1] = lines[middle + 1], lines[middle]
    path.write_bytes(b"".join(lines))
    with pytest.raises(AssertionError, match=rf"bad: line {middle + 1}"):
        town.whistle("ledger", "verify", str(path))


def _events(lines: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line)["body"] for line in lines if b'"leaf"' in line]


def test_the_figures_are_those_of_the_log(town: Stack, tmp_path: Path) -> None:
    """Counted here a second time, from the exported events and in another way."""
    events = _events(_export(town, tmp_path / "log"))
    of = {type_: [e for e in events if e["type"] == type_] for type_ in {e["type"] for e in events}}
    closed = {e["subject"]: e["data"]["closure"] for e in of["ticket.closed.v1"]}
    answers = [e["data"] for e in of["ticket.rated.v1"]]
    due = {e["data"]["assignment"]: e["data"] for e in of["deadline.set.v1"] if e["data"]["clock"] == "report_in"}
    there = {e["data"]["assignment"]: e["time"] for e in of["assignment.reported_in.v1"]}
    on_time = [a for a, at in there.items() if a in due and _at(at) <= _at(due[a]["due"])]
    handled = {e["subject"]: e["time"] for e in of["ticket.handled.v1"]}
    handle = {e["subject"]: e["data"]["due"] for e in of["deadline.set.v1"] if e["data"]["clock"] == "handle"}
    in_time = [t for t in closed if t in handle and _at(handled[t]) <= _at(handle[t])]
    named = [e for e in of["assignment.made.v1"] if e["data"]["purpose"] == "handle"]
    low = [t for t in closed if {e["subject"]: e["data"]["rung"] for e in of["case.completed.v1"]}[t] <= 2]
    want = {
        "resolution": (sum(d["resolved"] for d in answers), len(answers)),
        "satisfaction": (sum(d["satisfied"] for d in answers), len(answers)),
        "completion": (len(closed.keys() & handle.keys()), len(handle)),
        "completion_in_time": (len(in_time), len(handle)),
        "report_in": (len(on_time), len(due)),
        "returns": (len(of.get("assignment.returned.v1", [])), len(named)),
        "rework": (len(of.get("ticket.rework_ordered.v1", [])), len(of["verification.done.v1"])),
        "grassroots": (len(low), len(closed)),
        "department_calls": (len(of.get("joint_action.called.v1", [])), len(of["ticket.opened.v1"])),
        "ineffective": (len(of.get("ticket.closure_doubted.v1", [])), len(closed)),
    }
    status, body, _ = town.call("ledger", "GET", "/kpis", "desk")
    assert status == 200
    got = {one["kpi"]: one for one in body["figures"]}
    assert {name: (got[name]["numerator"], got[name]["denominator"]) for name in want} == want
    assert got["satisfaction"]["apart"] == {"no_answer": 1, "no_contact": 0}
    assert want["resolution"] == (TICKETS, TICKETS)
    printed = json.loads(town.whistle("ledger", "kpi", "--tickets"))["figures"]
    assert [(one["kpi"], one["numerator"]) for one in printed] == [(n, one["numerator"]) for n, one in got.items()]
    assert set(printed[1]["tickets"]) == {e["subject"] for e in of["ticket.rated.v1"]}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_figures_by_area_category_and_month(town: Stack) -> None:
    def of(filters: str) -> tuple[int, list[str]]:
        status, body, _ = town.call("ledger", "GET", f"/kpis/resolution?{filters}", "desk")
        assert status == 200, body
        return body["denominator"], body["tickets"]

    everything, tickets = of("area=huancheng")
    assert (everything, len(tickets)) == (TICKETS, TICKETS)
    assert of("area=shanqi-1")[0] + of("area=shanqi-2")[0] == TICKETS
    assert sum(of(f"category={code}")[0] for code in ("noise", "parking", "leak")) == TICKETS
    assert of("month=1999-01") == (0, [])
    assert of("level=property")[0] + of("level=departments")[0] == TICKETS
    assert of("unit=yangguang-property")[0] + of("unit=heping-property")[0] == TICKETS
    body = town.call("ledger", "GET", "/kpis/resolution?by=area", "desk")[1]
    parts = {one["part"]: one["denominator"] for one in body["groups"]}
    assert parts == {area: of(f"area={area}")[0] for area in parts}
    assert sum(parts.values()) == TICKETS
    printed = json.loads(town.whistle("ledger", "kpi", "--by", "area"))["figures"]
    assert {one["part"]: one["denominator"] for one in printed[1]["groups"]} == parts
    assert town.call("ledger", "GET", "/kpis/resolution?by=colour", "desk")[0] == 422
    assert town.call("ledger", "GET", "/kpis?by=area", "desk")[0] == 422
    assert town.call("ledger", "GET", "/kpis?month=March", "desk")[0] == 422
    assert town.call("ledger", "GET", "/kpis?colour=red", "desk")[0] == 422
    assert town.call("ledger", "GET", "/kpis/beauty", "desk")[0] == 404


def test_a_book_that_was_spoilt_is_made_anew(town: Stack) -> None:
    before = town.rows("ledger", "SELECT id, document FROM ticket_book ORDER BY id")
    assert town.whistle("ledger", "rebuild") == f"{TICKETS + 1} tickets, 0 differed\n"
    town.rows(
        "ledger",
        """UPDATE ticket_book SET document = jsonb_set(document, '{satisfied}', 'false') WHERE id = %s""",
        before[0][0],
    )
    assert town.whistle("ledger", "rebuild") == f"{TICKETS + 1} tickets, 1 differed\n"
    assert town.rows("ledger", "SELECT id, document FROM ticket_book ORDER BY id") == before


def test_every_member_got_the_opening_points_once_and_the_books_balance(town: Stack) -> None:
    rows = town.rows("ledger", "SELECT account, side, amount, cause FROM postings")
    assert sum(amount if side == "debit" else -amount for _, side, amount, _ in rows) == 0
    assert [amount for account, _, amount, cause in rows if (account, cause) == ("shanqi-mediator", "opening")] == [10]
    status, body, _ = town.call("ledger", "GET", "/accounts/shanqi-mediator", "desk")
    assert (status, body["posted"] >= 10) == (200, True)


STARTED = {"playbook": "xianlinli", "playbook_version": "1", "level": "property"}


def _say(
    town: Stack, subject: str, sequence: int, id_: str = "", type_: str = "case.started.v1", by: str = "dispatch", **data: Any
) -> None:
    """Publish with a service's own account, past its outbox: the ledger sees a lost row or a forger in this way."""
    said = headers(type_, f"/{by}", id_ or str(uuid4()), subject) | {"ce-sequence": f"{sequence:020}"}
    body = json.dumps(data or STARTED).encode()
    with Connection(town.amqp(by)) as connection, connection.channel() as channel:
        message = amqp.Message(
            body, application_headers=said, content_type="application/json", delivery_mode=2, user_id=connection.userid
        )
        channel.basic_publish(message, f"{by}.events", type_)


def test_a_mediator_is_held_points_and_gets_them_at_the_closure(town: Stack) -> None:
    ticket = f"agreed-{uuid4().hex}"
    mediation = {"mediation": f"{ticket}-m"}
    opened = {**mediation, "mediator": "shanqi-mediator", "parties": ["applicant"], "steps": ["一"]}
    before = town.call("ledger", "GET", "/accounts/shanqi-mediator", "desk")[1]
    _say(town, ticket, 1, type_="ticket.closed.v1", by="tickets", closure="satisfied", generation=1)
    _recorded(town, ticket, 1)  # a closure before the mediation was opened decides nothing about it
    _say(town, ticket, 1, type_="mediation.agreed.v1", **mediation, sessions=3, perform_by="2026-04-01T00:00:00+08:00")
    _recorded(town, ticket, 2)
    _say(town, ticket, 2, type_="mediation.opened.v1", **opened)
    _recorded(town, ticket, 3)
    _say(town, ticket, 3, type_="ticket.closed.v1", by="tickets", closure="satisfied", generation=2)
    _recorded(town, ticket, 4)
    after = town.call("ledger", "GET", "/accounts/shanqi-mediator", "desk")[1]
    assert (after["posted"], after["held"]) == (before["posted"] + 2, before["held"])
    said = "SELECT type FROM outbox WHERE subject = 'shanqi-mediator' ORDER BY position"
    assert [type_ for (type_,) in town.rows("ledger", said)] == ["points.posted.v1", "points.held.v1", "points.posted.v1"]


def _recorded(town: Stack, subject: str, number: int) -> None:
    query = "SELECT count(*) FROM entries WHERE subject = %s"
    wait_until(lambda: town.rows("ledger", query, subject)[0][0] >= number, f"{subject} recorded", 20)


def _found(town: Stack, type_: str, subject: str) -> list[dict[str, Any]]:
    rows = town.rows("ledger", "SELECT convert_from(body, 'utf8') FROM outbox WHERE type = %s AND subject = %s", type_, subject)
    return [json.loads(body) for (body,) in rows]


def test_a_hole_is_said_once_and_only_when_it_did_not_fill(town: Stack) -> None:
    late, lost = f"late-{uuid4().hex}", f"lost-{uuid4().hex}"
    for subject in (late, lost):
        _say(town, subject, 1)
        _say(town, subject, 4)
        _recorded(town, subject, 2)
    town.let_pass(90)
    noted = "SELECT missing_from, missing_to, state FROM gaps WHERE subject = %s"
    wait_until(lambda: town.rows("ledger", noted, lost) == [(2, 3, "noted")], "the hole noted", 20)
    assert _found(town, "gap.found.v1", lost) == []
    for number in (2, 3):
        _say(town, late, number)
    _recorded(town, late, 4)
    town.let_pass(400)
    wait_until(lambda: town.rows("ledger", noted, late) == [(2, 3, "filled")], "the hole filled", 20)
    wait_until(lambda: town.rows("ledger", noted, lost) == [(2, 3, "found")], "the hole found", 20)
    said = [{"origin": "/dispatch", "missing_from": 2, "missing_to": 3}]
    assert (_found(town, "gap.found.v1", lost), _found(town, "gap.found.v1", late)) == (said, [])


def test_two_events_of_one_number_are_a_fork(town: Stack) -> None:
    subject = f"fork-{uuid4().hex}"
    _say(town, subject, 1, "a-first")
    _say(town, subject, 1, "b-second")
    _recorded(town, subject, 2)
    town.let_pass(120)
    wait_until(lambda: bool(_found(town, "fork.found.v1", subject)), "the fork found", 20)
    assert _found(town, "fork.found.v1", subject) == [
        {"origin": "/dispatch", "number": 1, "first": "a-first", "second": "b-second"}
    ]


def test_a_rewritten_log_is_named_by_readiness_and_metrics_until_it_is_as_it_was(town: Stack) -> None:
    """The newest entry is changed, and the frontier computed anew: the process knows the root that it had."""
    # nothing is appended meanwhile: the log is put back as it was
    town.stop("tickets", "dispatch")
    wait_until(lambda: _published(town) <= _ids(town, "ledger", "entries"), "everything recorded")
    town.wait_ready("ledger")
    ((document,),) = town.rows("ledger", "SELECT document FROM logs")
    rows = town.rows("ledger", "SELECT position, body FROM entries ORDER BY position")
    position, body = rows[-1][0], bytes(rows[-1][1])
    frontier = Frontier()
    for _, one in rows[:-1]:
        frontier.append(leaf_hash(bytes(one)))
    forged = body.replace(b'"id":"', b'"id":"x', 1)
    frontier.append(leaf_hash(forged))
    keep = "UPDATE entries SET body = %s, event_id = %s WHERE position = %s RETURNING position"
    town.rows("ledger", keep, forged, json.loads(forged)["id"], position)
    change = "UPDATE logs SET document = document || %s::jsonb RETURNING id"
    town.rows("ledger", change, json.dumps({"frontier": {"size": frontier.size, "peaks": frontier.peaks}}))
    wait_until(lambda: "log" in town.troubles("ledger"), "the ledger says what is wrong", 60)
    assert re.fullmatch(rf"entr(y|ies .* to) {position}: changed since this process saw it", town.troubles("ledger")["log"])
    with urllib.request.urlopen(town.ops("ledger", "/metrics"), timeout=10) as page:
        assert b"whistle_ledger_disagrees 1.0" in page.read()
    town.rows("ledger", keep, body, json.loads(body)["id"], position)
    town.rows("ledger", change, json.dumps({"frontier": document["frontier"]}))
    town.wait_ready("ledger", 60)
