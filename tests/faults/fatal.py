"""A service that is made to die at a named place, and what is seen of it before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.topology import queues
from tests.faults.proof import Town
from tests.kit.processes import wait_until

WHISTLES = 8


@dataclass
class Fatal:
    """A service that is made to die at a place."""

    town: Town
    service: str
    place: str
    applied_before: int = 0
    queued: int = 0

    def count(self, table: str, condition: str = "true") -> int:
        """Rows of its store."""
        return int(self.town.stack.rows(self.service, f"select count(*) from {table} where {condition}")[0][0])

    def applied(self) -> int:
        """How many events have had their effect since the backlog was made."""
        return self.count("inbox", "state = 'applied'") - self.applied_before

    def ready(self) -> int:
        """Messages that stand in its queues, in nobody's hands."""
        return sum(self.town.stack.queue_length(f"{self.service}.{source}") for source in queues(self.service))

    def down(self) -> None:
        """It is gone, as a machine goes."""
        self.town.stack.processes[self.service].kill()

    def backlog(self) -> None:
        """While it is gone whistles are blown, and what it is to take stands in its queues."""
        self.down()
        self.applied_before = self.count("inbox", "state = 'applied'")
        self.town.whistle(WHISTLES)
        if self.service in {"notify", "ledger"}:
            self.town.await_closed()
        wait_until(lambda: self.ready() >= WHISTLES, f"a backlog of {self.service}", 20)
        self.queued = self.ready()

    def starts_and_dies(self, failpoints: str = "", meanwhile: Callable[[], None] = lambda: None) -> None:
        """It starts, works, and dies of SIGKILL at its place."""
        self.town.stack.start(self.service, failpoints=failpoints or f"{self.place}=kill")
        meanwhile()
        process = self.town.stack.processes[self.service]
        assert process.wait(20) == -9, process.log_tail()
        assert process.log_tail(1) == f"failpoint {self.place}"

    def comes_back(self) -> None:
        """It starts again and is not made to die."""
        self.town.stack.start(self.service)

    def await_ready(self, count: int) -> None:
        """So many messages are again in its queues: the broker was never told that they are settled."""
        wait_until(lambda: self.ready() >= count, f"{count} messages are back in the queues of {self.service}", 10)
