"""Simulated actors of an embedded deployment: the same people as in `tests.kit.broker_actors`, over HTTP.

Every command has a key that follows from what it answers, and is given until it is answered: so an answer that was lost
with the process is no second command.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import Any

from tests.kit.broker_actors import RATING, answer_to, matter
from tests.kit.clients import Heard, HttpClient
from tests.kit.embedded import EmbeddedStack
from tests.kit.processes import ServerError


class EmbeddedActors(threading.Thread):
    """Reads published events and answers. ``sent`` are the ids of the whistles that were answered with 202."""

    source = "/accounts/hotline"

    def __init__(self, stack: EmbeddedStack):
        super().__init__(name="lane", daemon=True)
        self.sent: list[str] = []
        self.closed: dict[str, str] = {}
        self._client = HttpClient(stack)
        self._halt = threading.Event()
        self._answered = 0

    def whistle(self, number: int, **changes: Any) -> str:
        """Blow a whistle and keep its id. Return the id."""
        id_ = f"w-{number:06d}"
        self._client.say("hotline", "whistle.blown.v1", id_, id_, {**matter(number), **changes})
        self.sent.append(id_)
        return id_

    def run(self) -> None:
        while not self._halt.wait(0.02):
            # killed in the middle of a checkpoint, or away for long: what was not answered is answered next time
            with suppress(sqlite3.OperationalError, ServerError):
                self._listen()

    def _listen(self) -> None:
        for event in self._client.heard()[self._answered :]:
            if self._halt.is_set():
                return
            self._answer(event)
            self._answered += 1

    def _answer(self, event: Heard) -> None:
        type_, ticket, data = event["type"], event["subject"], event["data"]
        if type_ == "assignment.made.v1":
            account, reports = answer_to(data)
            for report in reports:
                self._client.say(account, "report.filed.v1", f"{data['assignment']}-{report['command']}", ticket, report)
        elif type_ == "ticket.verified.v1":
            self._client.say("desk", "request.made.v1", f"rate-{ticket}-{data['generation']}", ticket, RATING)
        elif type_ == "ticket.closed.v1":
            self.closed[ticket] = data["closure"]

    def stop(self) -> None:
        """Stop reading events."""
        self._halt.set()
        self.join(timeout=30)
