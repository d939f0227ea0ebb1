"""The whole chain as a street office sees it: somebody whistles, units act, time passes, and published events can be looked up.

It drives intake and hears the published events; it knows nothing of the services' inside and imports none of their code.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.kit.clients import AmqpClient, Client, Heard, HttpClient
from tests.kit.deployment import ACCOUNTS, SERVICES
from tests.kit.embedded import EmbeddedStack
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

_SECONDS = {"min": 60, "h": 3600, "d": 86400}
_ACCOUNT_OF = {unit: account["id"] for account in ACCOUNTS for unit in account["units"]}


def seconds(text: str) -> float:
    """Return ``30min``, ``2h`` or ``7d`` in seconds."""
    match = re.fullmatch(r"(\d+)(min|h|d)", text)
    assert match, f"{text!r} is no duration"
    return int(match[1]) * _SECONDS[match[2]]


class Chain:
    """One deployment with all its published events, and methods to act."""

    def __init__(self, stack: Stack | EmbeddedStack):
        self.stack = stack
        self._client: Client = AmqpClient(stack) if isinstance(stack, Stack) else HttpClient(stack)

    @property
    def over_the_broker(self) -> bool:
        """Return whether commands go over the broker, so that nobody waits for an answer; otherwise over HTTP."""
        return isinstance(self._client, AmqpClient)

    @staticmethod
    def account_of(unit: str) -> str:
        """Return the account that speaks for a unit."""
        return str(_ACCOUNT_OF[unit])

    @property
    def heard(self) -> Sequence[Heard]:
        """Return every public event published so far."""
        return self._client.heard()

    # --- acting

    def whistle(self, category: str, estate: str = "yangguang", area: str = "shanqi-1", **more: Any) -> str:
        """Blow a whistle. Return the ticket's id once the ticket exists."""
        id_ = str(uuid.uuid4())
        data = {
            "category": category,
            "area": area,
            "estate": estate,
            "channel": "hotline",
            "text": "楼上半夜放音乐",
            "reporter": {"name": "王阿姨", "phone": "029-00000001", "locale": "zh"},
            **more,
        }
        self._client.say("hotline", "whistle.blown.v1", id_, id_, data)
        found: list[tuple[Any, ...]] = []

        def there() -> bool:
            found[:] = self.stack.rows("tickets", "SELECT ticket FROM whistles WHERE producer_id = %s", id_)
            return bool(found)

        wait_until(there, f"a ticket for whistle {id_}", 20)
        return str(found[0][0])

    def whistle_again(self, ticket: str, category: str, **more: Any) -> str:
        """Blow another whistle of the same producer about the same matter."""
        ((earlier,),) = self.stack.rows("tickets", "SELECT producer_id FROM whistles WHERE ticket = %s", ticket)
        return self.whistle(category, same_as=earlier, **more)

    def act(self, ticket: str, unit: str, command: str, **more: Any) -> None:
        """Report as a unit."""
        self._client.say(
            _ACCOUNT_OF[unit], "report.filed.v1", str(uuid.uuid4()), ticket, {"command": command, "unit": unit, **more}
        )

    def ask(self, ticket: str, request: str, **more: Any) -> None:
        """Make a request as a resident; the front desk takes it down."""
        self._client.say("desk", "request.made.v1", str(uuid.uuid4()), ticket, {"request": request, **more})

    def order(self, ticket: str, what: str, **body: Any) -> None:
        """Give a command of the front desk over HTTP: ``parkings``, ``merges``, ``urgency``, …"""
        status, answer, _ = self.stack.call("tickets", "POST", f"/tickets/{ticket}/{what}", "desk", body, str(uuid.uuid4()))
        assert status == 202, answer

    def let_pass(self, text: str) -> None:
        """Advance business time."""
        self.stack.let_pass(seconds(text))

    def let_pass_until(self, moment: datetime) -> None:
        """Advance business time to a later moment."""
        self.stack.let_pass((moment - self.stack.business_now()).total_seconds())

    # --- hearing

    def of(self, ticket: str, type_: str, **data: Any) -> list[dict[str, Any]]:
        """Return the data of a ticket's events, by type without version, with these data."""
        return [
            event["data"]
            for event in self.heard
            if event["subject"] == ticket
            and event["type"].rpartition(".v")[0] == type_
            and all(event["data"].get(name) == value for name, value in data.items())
        ]

    def expect(self, ticket: str, type_: str, times: int = 1, **data: Any) -> dict[str, Any]:
        """Wait for an event; return the data of the last one. A failure shows all events of the ticket."""
        wait_until(
            lambda: len(self.of(ticket, type_, **data)) >= times,
            f"{type_} {data or ''} about {ticket}",
            25,
            details=lambda: self.story(ticket),
        )
        return self.of(ticket, type_, **data)[-1]

    def expect_notice(self, ticket: str, template: str, audience: str = "resident", locale: str = "zh") -> None:
        """Wait until somebody was told."""
        self.expect(ticket, "notification.sent", template=template, audience=audience, locale=locale)

    def never(self, ticket: str, type_: str, **data: Any) -> None:
        """Assert that an event was not published. This is meaningful only after a later event was received."""
        assert not self.of(ticket, type_, **data), self.story(ticket)

    def story(self, ticket: str) -> str:
        """Return all events of a ticket, one line each."""
        lines = [f"{event['type']} {event['data']}" for event in self.heard if event["subject"] == ticket]
        return "\n".join(["heard:", *lines, "dead letters:", *self.dead()])

    def dead(self) -> list[str]:
        """Return the reasons of dead letters in any service, and of refusals over HTTP."""
        query = "SELECT type, reason FROM inbox WHERE state IN ('dead', 'waiting')"
        kept = [f"{service}: {row}" for service in SERVICES for row in self.stack.rows(service, query)]
        return [*kept, *self._client.refused]

    def close(self) -> None:
        """Stop listening."""
        self._client.close()
