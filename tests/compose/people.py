"""The people around a deployment, who know it only by its published ports: they whistle, handle, verify and answer.

Every command has a key that follows from what it answers and is given until it is taken, so that one whose answer was lost is
no second command.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.compose.deployed import Compose
from tests.kit.broker_actors import RATING, matter
from tests.kit.processes import ServerError, wait_until

SOURCE = "/accounts/hotline"
OPEN_AT_ONCE = 10
TRANSIENT = (408, 429, 500, 502, 503, 504)
"""Nobody could answer for the moment: the same command is given again."""
LATE = (404, 409, 422)
"""Somebody heard of it before its time, or too late: the next look decides."""


class People(threading.Thread):
    """Handles all that is whistled; whistles itself while `loaded`. ``sent`` are the keys of the whistles that were taken."""

    def __init__(self, deployed: Compose):
        super().__init__(name="people", daemon=True)
        self.deployed = deployed
        self.sent: dict[str, str] = {}
        """Key of the whistle, and its ticket."""
        self.closed: set[str] = set()
        self.last_words = ""
        self._whistling = threading.Event()
        self._halt = threading.Event()

    def run(self) -> None:
        while not self._halt.wait(0.05):
            if self._whistling.is_set() and len(self.sent) - len(self.closed) < OPEN_AT_ONCE:
                self.whistle()
            for ticket in [one for one in self.sent.values() if one not in self.closed]:
                self._look_after(ticket)

    def whistle(self) -> str:
        """Blow one; answers its ticket."""
        number = len(self.sent)
        key = f"w-{number:06d}"
        _, taken = self._say("tickets", "/whistles", "HOTLINE", matter(number), key)
        self.sent[key] = taken["ticket"]
        return self.sent[key]

    def _ask(self, service: str, method: str, path: str, account: str, body: Any = None, key: str | None = None) -> Any:
        """Until it is answered, whoever is being restarted."""
        while not self._halt.is_set():
            try:
                status, answer = self.deployed.ask(service, method, path, account, body, key)
            except OSError as wrong:
                status, answer = 503, str(wrong)
            self.last_words = f"{method} {path}: {status} {answer}"
            if status not in TRANSIENT:
                return status, answer
            self._halt.wait(0.2)
        raise ServerError("nobody asks any more")

    def _say(self, service: str, path: str, account: str, body: Any, key: str) -> Any:
        status, answer = self._ask(service, "POST", path, account, body, key)
        if status >= 300 and status not in LATE:
            raise ServerError(f"POST {path}: {status} {answer}")
        return status, answer

    def _look_after(self, ticket: str) -> None:
        try:
            state = self._ask("tickets", "GET", f"/tickets/{ticket}", "FRONT_DESK")[1].get("state")
            if state == "closed":
                self.closed.add(ticket)
            elif state == "revisiting":
                self._say("tickets", f"/tickets/{ticket}/requests", "FRONT_DESK", RATING, f"rate-{ticket}")
            else:
                self._work(ticket)
        except ServerError:
            if not self._halt.is_set():
                raise

    def _work(self, ticket: str) -> None:
        status, case = self._ask("dispatch", "GET", f"/cases/{ticket}", "FRONT_DESK")
        if status != 200:
            return
        for assignment in case["assignments"]:
            if assignment["step"] in ("done", "ended"):
                continue
            verifies = assignment["purpose"] == "verify"
            for command in ["verify"] if verifies else ["sign", "report_in", "handle"]:
                report = {"ticket": ticket, "command": command, "unit": assignment["to"]} | (
                    {"passed": True} if verifies else {}
                )
                account = "GRID_APP" if verifies else "PROPERTY_APP"
                self._say("dispatch", "/reports", account, report, f"{assignment['id']}-{command}")

    @contextmanager
    def loaded(self) -> Iterator[None]:
        """Whistles keep coming for as long as the block lasts."""
        self._whistling.set()
        try:
            yield
        finally:
            self._whistling.clear()

    def await_progress(self, tickets: int, seconds: float = 120) -> None:
        """So many more are closed while others are open: what comes next comes in the middle of something."""
        goal = len(self.closed) + tickets
        wait_until(
            lambda: len(self.closed) >= goal and len(self.sent) > len(self.closed),
            f"{goal} closed",
            seconds,
            alive=self.is_alive,
            details=lambda: self.last_words,
        )

    def await_all_closed(self, seconds: float = 180) -> None:
        """Until every whistle that was taken is closed."""
        wait_until(
            lambda: len(self.closed) == len(self.sent), "all closed", seconds, self.is_alive, details=lambda: self.last_words
        )

    def go_home(self) -> None:
        """The end."""
        self._halt.set()
        self.join(timeout=360)
