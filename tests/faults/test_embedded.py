"""`kill -9` of the one process that holds all four services, at every named place and at random, while whistles come in.

There is no broker that keeps anything: what was accepted is in the four files, or it is lost. Each start is the recovery
from the kill before.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from chassis.failpoints import NAMES
from tests.faults.load import load
from tests.faults.proof import Town, keep
from tests.kit.embedded import EmbeddedStack, embedded_stack
from tests.kit.embedded_actors import EmbeddedActors

SEED = 20250601
KILLS = 5
HOUR = 3600
ARMED = {"inbox.replaying": "inbox.inserted=error,inbox.replaying=kill@3", "batch.middle": "batch.middle=kill@2"}
"""How a place is reached where it is not simply passed: a replay wants events that failed before."""


@pytest.fixture(scope="module")
def running() -> Iterator[Town]:
    """One process, and people in the street."""
    with embedded_stack() as deployment:
        actors = EmbeddedActors(deployment)
        actors.start()
        try:
            deployment.start()
            yield Town(deployment, actors)
        finally:
            actors.stop()


def test_killed_in_every_window_and_at_random(running: Town, tmp_path: Path) -> None:
    chosen, stack = random.Random(SEED), running.stack
    assert isinstance(stack, EmbeddedStack)
    with load(running) as whistles:
        whistles.await_progress(3)
        for place in sorted(NAMES):
            _dies_at(place, stack)
        stack.start()
        for _ in range(KILLS):
            whistles.await_progress(chosen.randint(1, 4))
            stack.process.kill()
            stack.start()
        whistles.await_progress(3)
    found = running.prove(60)
    assert stack.stop() == {"embedded": 0}
    sent = tmp_path / "sent.json"
    sent.write_text(json.dumps(running.sent))
    answer = json.loads(stack.whistle("reconcile", "--settled", "--sent", str(sent)))
    assert (answer["lost"], answer["doubled"]) == ([], [])
    assert answer["counts"]["sent"] == len(running.sent)
    kills = {"at a named place": len(NAMES), "at random": KILLS}
    keep("embedded", {"kills": kills, "total": sum(kills.values()), "seed": SEED, **asdict(found)})


def _dies_at(place: str, stack: EmbeddedStack) -> None:
    """It starts, works, and dies of SIGKILL at its place and of nothing else."""
    stack.process.kill()
    process = stack.launch(WHISTLE_FAILPOINTS=ARMED.get(place, f"{place}=kill"))
    if place == "timers.claimed":
        stack.let_pass(HOUR)  # the ledger's checkpoint, for one
    assert process.wait(30) == -9, process.log_tail()
    assert process.log_tail(1) == f"failpoint {place}"


def test_a_clean_stop_ends_in_time_and_loses_nothing(running: Town) -> None:
    """SIGTERM in the middle of everything: what is not published yet is published after the next start."""
    stack = running.stack
    if not stack.process_of("tickets").alive:
        stack.start()
    with load(running) as whistles:
        for _ in range(2):
            whistles.await_progress(5)
            assert stack.stop() == {"embedded": 0}
            stack.start()
        whistles.await_progress(3)
    running.prove()
