"""The load generator, a process of its own: simulated people whistle, sign, report in, handle, verify and rate.

They publish under windows of confirms and answer what they hear in batches, so that they cost little beside the services. How
fast they are alone is measured, too (see `bench.load_control`).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from chassis.messaging.amqp import AmqpConsumer, AmqpPublisher
from chassis.messaging.bus import Letter
from chassis.messaging.cloudevents_codec import JSON, Message
from services.tickets.domain.whistle import ticket_id
from tests.kit.broker_actors import RATING, SOURCE, answer_to, headers, matter

CHUNK = 50
"""Whistles that are published together."""


def letter(type_: str, source: str, id_: str, subject: str, data: Mapping[str, Any]) -> Letter:
    """Return a message to `intake.events`."""
    body = json.dumps(data, ensure_ascii=False).encode()
    return Letter(id_, "intake.events", type_, Message(headers(type_, source, id_, subject), JSON, body), mandatory=False)


def whistle(number: int) -> Letter:
    """Return the whistle of a number."""
    id_ = whistle_id(number)
    return letter("whistle.blown.v1", SOURCE, id_, id_, matter(number))


def whistle_id(number: int) -> str:
    """Return the whistle's id: as most producers' ids, one without neighbours in an index."""
    return str(uuid5(NAMESPACE_OID, f"whistle {number}"))


def answers(type_: str, ticket: str, data: Mapping[str, Any]) -> list[tuple[str, Letter]]:
    """Return the people's answer to an event: each account and its message, in order."""
    if type_ == "assignment.made.v1":
        account, reports = answer_to(data)
        ids = [f"{data['assignment']}-{report['command']}" for report in reports]
        said = zip(ids, reports, strict=True)
        return [(account, letter("report.filed.v1", f"/{account}", id_, ticket, report)) for id_, report in said]
    if type_ == "ticket.verified.v1":
        id_ = f"rate-{ticket}-{data['generation']}"
        return [("desk", letter("request.made.v1", "/desk", id_, ticket, RATING))]
    return []


class LoadGenerator:
    """The generator. ``blown`` is when each ticket was whistled, ``closed`` when its closure was received (machine clock)."""

    def __init__(self, job: Mapping[str, Any]):
        self.job = job
        self.blown: dict[str, float] = {}
        self.closed: dict[str, float] = {}
        self.stop = threading.Event()
        self._end = time.monotonic()
        self._publishers = {account: AmqpPublisher(url, f"people {account}") for account, url in job["accounts"].items()}
        self._whistler = AmqpPublisher(job["accounts"]["hotline"], "people whistling")

    def hear(self, messages: Sequence[Message]) -> None:
        """Answer a batch of events."""
        said: dict[str, list[Letter]] = defaultdict(list)
        for message in messages:
            type_, ticket = message.headers["ce-type"], message.headers["ce-subject"]
            if type_ == "ticket.closed.v1":
                self.closed[ticket] = time.time()
            for account, one in answers(type_, ticket, json.loads(message.body)):
                said[account].append(one)
        for account, letters in said.items():
            self._publishers[account].publish(letters)

    def blow(self, numbers: Sequence[int], due: Mapping[int, float]) -> None:
        """Blow these whistles; ``due`` is the planned time, where that was earlier."""
        now = time.time()
        for number in numbers:
            self.blown[ticket_id(SOURCE, whistle_id(number))] = due.get(number, now)
        self._whistler.publish([whistle(number) for number in numbers])

    def whistle_all(self) -> None:
        """Blow the job's whistles: at its rate, or whenever fewer than its window are open."""
        first, count, rate = self.job["first"], self.job["count"], self.job["rate"]
        began, sent = time.time(), 0
        while sent < count and not self._late():
            if rate:
                ready = int((time.time() - began) * rate) + 1 - sent
            else:
                ready = self.job["window"] - (len(self.blown) - len(self.closed))
            numbers = range(first + sent, first + sent + min(ready, CHUNK, count - sent))
            due = {number: began + (number - first) / rate for number in numbers} if rate else {}
            if not numbers:
                time.sleep(0.005)
                continue
            self.blow(numbers, due)
            sent += len(numbers)

    def run(self) -> dict[str, Any]:
        """Run until all tickets are closed, or the job's time is over."""
        consumer = AmqpConsumer(
            self.job["url"], self.job["queue"], self.hear, probe=lambda: None, on_state=lambda _: None, batch=200, prefetch=400
        )
        listening = threading.Thread(target=consumer.run, args=[self.stop], daemon=True)
        began = time.time()
        self._end = time.monotonic() + self.job["seconds"]
        listening.start()
        if self.job["whistles"]:
            self.whistle_all()
        while len(self.closed) < self.job["count"] and not self._late():
            time.sleep(0.01)
        ended, busy = time.time(), time.process_time()
        self.stop.set()
        listening.join(timeout=10)
        return {"began": began, "ended": ended, "cpu": busy, "blown": self.blown, "closed": self.closed}

    def _late(self) -> bool:
        return time.monotonic() > self._end


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    Path(told["result"]).write_text(json.dumps(LoadGenerator(told).run()))
