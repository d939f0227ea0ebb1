"""A running stack, the street outside it, and short words for what people do with tickets."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chassis.signed_links import Links
from tests.kit.broker_actors import BrokerActors
from tests.kit.openapi_conformance import Reply, check
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

DAY = 24 * 3600.0


WHISTLE: dict[str, Any] = {
    "category": "noise",
    "area": "shanqi-1",
    "estate": "yangguang",
    "channel": "mini_program",
    "text": "楼上半夜放音乐",
    "reporter": {"name": "王阿姨", "phone": "029-00001234", "locale": "zh"},
}


_numbers = count(1)


class Town:
    """A running stack, the street outside it, and short words for what people do."""

    def __init__(self, stack: Stack, street: BrokerActors):
        self.stack, self.street = stack, street
        self.links = Links("a secret of the tests")

    def ask(
        self, method: str, path: str, account: str | None = "desk", body: Any = None, service: str = "tickets", key: str = ""
    ) -> Reply:
        """One request, its answer held against the OpenAPI document. A command gets a key that no other has, or this one."""
        headers = {"Authorization": f"Bearer token-of-{account}"} if account else {}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key or f"key-{next(_numbers)}"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.stack.ports[service][0]}{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers=headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                reply = Reply(answer.status, dict(answer.headers), json.loads(answer.read()))
        except urllib.error.HTTPError as refused:
            reply = Reply(refused.code, dict(refused.headers), json.loads(refused.read()))
        assert reply.status != 500, self.stack.log(service, 40)
        check(service, method, path, reply)
        return reply

    def whistle(self, key: str = "", account: str = "hotline", **changes: Any) -> str:
        """Blow a whistle; answers the ticket's id. What is changed to None is left out."""
        body = {name: value for name, value in {**WHISTLE, **changes}.items() if value is not None}
        taken = self.ask("POST", "/whistles", account, body, key=key)
        assert taken.status == 202, taken
        return str(taken.body["ticket"])

    def order(self, ticket: str, what: str, account: str | None = "desk", **body: Any) -> Reply:
        """A command about a ticket."""
        return self.ask("POST", f"/tickets/{ticket}/{what}", account, body)

    def resident(self, ticket: str, request: str, purpose: str | None = None, **body: Any) -> Reply:
        """A resident asks with a link for what is asked, or for something else."""
        return self.order(ticket, "requests", None, request=request, link=self.link(ticket, purpose or request), **body)

    def link(self, ticket: str, purpose: str, generation: int | None = None) -> str:
        """A link that is made now, for the generation of work that the ticket is in or for another one."""
        return self.links.sign(ticket, purpose, generation or self.seen(ticket)["generation"], self.now())

    def seen(self, ticket: str) -> dict[str, Any]:
        """The ticket as it stands."""
        return dict(self.ask("GET", f"/tickets/{ticket}").body)

    def until(self, ticket: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the ticket is seen so."""

        def so() -> bool:
            seen = self.seen(ticket)
            return all(seen[name] == value for name, value in wanted.items())

        wait_until(so, f"{ticket} {wanted}", 40, details=lambda: str(self.seen(ticket)))
        return self.seen(ticket)

    def said(self, service: str, type_: str, subject: str) -> list[dict[str, Any]]:
        """Return a service's events about a subject, in order. A type without a version is the first."""
        query = "SELECT body FROM outbox WHERE type = %s AND subject = %s ORDER BY sequence"
        versioned = type_ if ".v" in type_ else f"{type_}.v1"
        return [json.loads(bytes(body)) for (body,) in self.stack.rows(service, query, versioned, subject)]

    def until_said(self, service: str, type_: str, subject: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait until a service has said it so often."""
        wait_until(
            lambda: len(self.said(service, type_, subject)) >= times,
            f"{type_} about {subject}",
            40,
            details=lambda: self.stack.log(service, 10),
        )
        return self.said(service, type_, subject)

    def closed(self, **changes: Any) -> str:
        """A ticket that the street has worked on to its end."""
        ticket = self.whistle(**changes)
        self.until(ticket, state="closed")
        return ticket

    def at_work(self, **changes: Any) -> str:
        """A ticket that is being handled, and that nobody goes on with."""
        self.street.at_work = False
        ticket = self.whistle(**changes)
        self.until(ticket, state="handling")
        return ticket

    def now(self) -> datetime:
        """Business time."""
        path = self.stack.directory / "clock"
        return datetime.now(UTC) + timedelta(seconds=float(path.read_text()) if path.exists() else 0)


def place(metres_north: float, at: tuple[float, float]) -> tuple[float, float]:
    """Return the point so many metres north of a point."""
    return at[0] + metres_north / 111_195.0, at[1]


def located(point: tuple[float, float], system: str = "WGS-84") -> dict[str, Any]:
    """A whistle's location."""
    return {"lat": point[0], "lon": point[1], "system": system}
