"""A town during an outage: who whistles meanwhile and is told what, what /readyz says, and what is left when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import psutil

from contracts.http.problem import MEDIA_TYPE
from contracts.topology import queues
from tests.faults.proof import Town, keep
from tests.kit.broker_actors import matter
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until
from tests.kit.stack import Stack

PATIENCE = 60.0
"""Seconds that anything may take on a machine that has other work."""
COMPLAINTS = 100
"""So many warnings and errors a service may log during a story: it says what is wrong, and does not go on about it."""
POOL = 11
"""Sessions that a service keeps with its database: ten, and its leader's."""
GROWTH = 40 * 2**20
"""Bytes that a service may have grown by, all stories together."""

_numbers = count()
"""Of whistles over HTTP: no key is used in two stories."""


def _is_refused(status: int, body: Any, headers: Mapping[str, str]) -> None:
    assert (status, body and body["status"]) == (503, 503)
    assert headers["Content-Type"] == MEDIA_TYPE
    assert int(headers["Retry-After"]) > 0


class Outage:
    """One story. ``answers`` counts what whistles over HTTP were answered; ``end`` ends the outage."""

    def __init__(self, town: Town):
        assert isinstance(town.stack, Stack)
        self.town, self.stack = town, town.stack
        self.answers: Counter[int] = Counter()
        self.end: Callable[[], object] = lambda: None
        self._first, self._before = len(town.sent), self._complaints()

    def post(self, many: int, at_once: int = 4) -> list[int]:
        """So many whistles over HTTP, which are accepted; answers their numbers. One that is not accepted fails the test."""
        numbers = [next(_numbers) for _ in range(many)]
        assert [answer for answer in self._ask(numbers, at_once) if answer[0] != 202] == []
        return numbers

    def refused(self, many: int, at_once: int = 4) -> list[int]:
        """So many whistles over HTTP, each answered with a problem document that says when to ask again."""
        numbers = [next(_numbers) for _ in range(many)]
        for answer in self._ask(numbers, at_once):
            _is_refused(*answer)
        return numbers

    def again(self, numbers: Sequence[int]) -> None:
        """Ask again with the keys that were used before, as long as it takes: now they are accepted."""
        left = list(numbers)

        def accepted() -> bool:
            left[:] = [number for number, (status, *_) in zip(left, self._ask(left, 4), strict=True) if status != 202]
            return not left

        wait_until(accepted, "what was refused is accepted", PATIENCE, details=lambda: str(self.answers))

    def until_refused(self, most: int) -> list[int]:
        """Whistles over HTTP until one is refused; answers its number alone."""
        for number in (next(_numbers) for _ in range(most)):
            (answer,) = self._ask([number], 1)
            if answer[0] != 202:
                _is_refused(*answer)
                return [number]
        raise AssertionError(f"{most} whistles were accepted")

    def _ask(self, numbers: Sequence[int], at_once: int) -> list[tuple[int, Any, Mapping[str, str]]]:
        with ThreadPoolExecutor(at_once) as asking:
            answers = list(asking.map(self._blow, numbers))
        self.answers += Counter(status for status, _, _ in answers)
        return answers

    def _blow(self, number: int) -> tuple[int, Any, Mapping[str, str]]:
        key = f"h-{number}"
        answer = self.stack.call("tickets", "POST", "/whistles", "hotline", matter(number), key)
        if answer[0] == 202:
            self.town.posted.append(("/accounts/hotline", key))
        return answer

    def await_said(self, service: str, loop: str, words: str) -> None:
        """Until /readyz of a service says what is wrong, and /healthz that it lives."""

        def details() -> str:
            return f"{self.stack.troubles(service)}\nstuck: {self.stack.stuck(service)}\n{self.stack.log(service)}"

        said = lambda: words in self.stack.troubles(service).get(loop, "")  # noqa: E731
        wait_until(said, f"{service} says {words!r} of {loop}", PATIENCE, details=details)
        wait_until(lambda: self.stack.alive(service), f"{service} says that it lives", PATIENCE, details=details)

    def await_well(self, *services: str) -> None:
        """Until /readyz says that all is well; nobody restarts anything."""
        for service in services or SERVICES:
            self.stack.wait_ready(service, PATIENCE)

    def await_nothing_left(self) -> None:
        """At most one connection of each kind at the broker, and no more sessions with the databases than are kept."""
        wait_until(self._links_are_right, "one connection of each", PATIENCE, details=lambda: str(self.links()))
        wait_until(self._sessions_are_few, "as many sessions as are kept", PATIENCE)

    def _sessions_are_few(self) -> bool:
        sessions = "select count(*) from pg_stat_activity where datname like '{}%' group by datname"
        return all(many <= POOL for many in self.stack.postgres.column(sessions.format(self.stack.name)))

    def _links_are_right(self) -> bool:
        return CONSUMERS <= self.links() <= CONSUMERS + RELAYS

    def links(self) -> Counter[str]:
        """The services' connections at the broker, by name. A safety net's come and go.

        What was closed in the moment in which the broker's management looked stays in its list for minutes: where ports can be
        compared, because nothing stands between, only what a process here still holds counts.
        """
        listed = self.stack.rabbit.api("GET", f"vhosts/{self.stack.name}/connections")
        held = {one.laddr.port for one in psutil.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED}
        there = [one for one in listed if one.get("peer_port") in held] or listed
        names = (one.get("client_properties", {}).get("connection_name") for one in there)
        # the people of the street have connections of their own
        return Counter(name for name in names if name and name.partition(".")[0] in SERVICES and not name.endswith(".dead"))

    def _complaints(self) -> Counter[str]:
        logs = {name: self.stack.processes[name].log.read_text().splitlines() for name in SERVICES}
        return Counter({name: sum('"level": "INFO"' not in line for line in lines) for name, lines in logs.items()})

    def over(self, what: str) -> None:
        """All is well again and nothing is left behind; nothing is lost and nothing doubled. Keep the numbers."""
        self.await_well()
        found = self.town.prove(PATIENCE)
        self.await_nothing_left()
        complaints = {name: many - self._before[name] for name, many in self._complaints().items()}
        numbers = {
            "whistles": len(self.town.sent) - self._first,
            "over HTTP": {str(status): times for status, times in sorted(self.answers.items())},
            "warnings logged": complaints,
            "lost": len(found.lost),
            "doubled": len(found.doubled),
            "in all": found.counts,
        }
        keep(f"outage: {what}", numbers)
        assert max(complaints.values()) <= COMPLAINTS


CONSUMERS = Counter(f"{service}.{source}" for service in SERVICES for source in queues(service))
RELAYS = Counter(f"{service}.relay" for service in SERVICES)
"""The connections that there should be: one for each queue and, once it has published something, for each relay."""


@contextmanager
def outage(town: Town, begin: Callable[[], object], end: Callable[[], object]) -> Iterator[Outage]:
    """Within the block it lasts, until the story ends it or something goes wrong."""
    story = Outage(town)
    with ExitStack() as lasting:
        lasting.callback(end)
        story.end = lasting.close
        begin()
        yield story


def memory(town: Town) -> dict[str, int]:
    """Bytes that each service has in memory."""
    return {name: psutil.Process(town.stack.process_of(name).pid).memory_info().rss for name in SERVICES}
