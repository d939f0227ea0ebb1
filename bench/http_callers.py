"""Producers who whistle over HTTP, in a process of their own: each keeps a connection and waits for each answer."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from typing import Any

from tests.kit.broker_actors import matter

CALLERS = 16


class Caller(threading.Thread):
    """One producer, who blows every ``CALLERS``-th whistle."""

    def __init__(self, index: int, job: dict[str, Any]):
        super().__init__(daemon=True)
        self.index, self.job = index, job
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        ports = self.job["ports"]
        connection = http.client.HTTPConnection("127.0.0.1", ports[self.index % len(ports)], timeout=30)
        for number in range(self.index, self.job["count"], CALLERS):
            headers = {
                "Authorization": f"Bearer {self.job['token']}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{self.job['prefix']}-{number}",
            }
            connection.request("POST", "/whistles", json.dumps(matter(number)), headers)
            answer = connection.getresponse()
            answer.read()
            self.answers[answer.status] += 1
        connection.close()


def main(job: dict[str, Any]) -> None:
    """Blow the whistles, and print the result."""
    callers = [Caller(index, job) for index in range(CALLERS)]
    began = time.time()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    answers = sum((caller.answers for caller in callers), Counter[int]())
    told = {"began": began, "ended": time.time(), "cpu": time.process_time(), "accepted": answers[202], "answers": answers}
    print(json.dumps(told))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
