"""Timers that come due while their service is down: it dies while they ring, or just after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.fatal import WHISTLES, Fatal
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until

HOUR, WEEK = 3600, 7 * 24 * 3600
HALF_OF_E1 = 15 * 60 + 1
"""Seconds until somebody who has not signed is urged."""


@dataclass(frozen=True)
class Rings:
    """How a service comes to have due timers, how many, and what they say when they ring."""

    arm: Callable[[Fatal], None]
    seconds: int
    timer: str
    says: str
    afterwards: Callable[[Fatal], None] = lambda _: None
    timers: int = WHISTLES
    alone: bool = False
    """The others are down meanwhile: what they announce as time passes would be taken before anything rings."""


def _revisits_armed(fatal: Fatal) -> None:
    """No resident answers."""
    fatal.town.street.answers = False
    fatal.town.whistle(WHISTLES)
    wait_until(lambda: fatal.count("tickets", "state = 'revisiting'") == WHISTLES, "residents asked", 20)


def _watchdogs_armed(fatal: Fatal) -> None:
    """Nobody takes the tickets up."""
    fatal.town.stack.processes["dispatch"].kill()
    fatal.town.whistle(WHISTLES)
    wait_until(lambda: fatal.count("timers", "name = 'watchdog'") == WHISTLES, "watchdogs armed", 20)


def _clocks_armed(fatal: Fatal) -> None:
    """Nobody signs; by the clocks of E1, which run through nights and weekends."""
    fatal.town.street.at_work = False
    tickets = fatal.town.whistle(WHISTLES, urgency="E1")
    named = "select 1 from tickets where state = 'handling' and id = any(%s)"
    wait_until(lambda: len(fatal.town.stack.rows("tickets", named, tickets)) == WHISTLES, "responders named", 20)


def checkpoint_armed(fatal: Fatal) -> None:
    """Something is in the log that no checkpoint covers, and no full hour is near: each rings a checkpoint of its own."""
    left = HOUR - fatal.town.stack.business_now().timestamp() % HOUR
    if left < HOUR / 2:
        fatal.town.stack.let_pass(left + 60)
    fatal.town.whistle(1)
    fatal.town.prove()
    wait_until(lambda: fatal.count("timers", "name = 'checkpoint'") == 1, "a checkpoint armed", 10)


def _residents_answer(fatal: Fatal) -> None:
    fatal.town.street.answers = True


def _dispatch_is_back(fatal: Fatal) -> None:
    fatal.town.stack.start("dispatch")


def _responders_work(fatal: Fatal) -> None:
    fatal.town.street.at_work = True


RINGS = {
    "revisit": Rings(_revisits_armed, WEEK, "revisit", "ticket.closed.v1", _residents_answer),
    "watchdog": Rings(_watchdogs_armed, 61, "watchdog", "ticket.unattended.v1", _dispatch_is_back),
    "sign": Rings(_clocks_armed, HALF_OF_E1, "sign:%", "deadline.warned.v1", _responders_work),
    "checkpoint": Rings(checkpoint_armed, HOUR, "checkpoint", "checkpoint.signed.v1", timers=1, alone=True),
}


def rings(fatal: Fatal, kind: Rings) -> None:
    """Timers come due while the service is down; it dies with their effects made, or just after these were committed."""
    armed, said = f"name like '{kind.timer}'", f"type = '{kind.says}'"
    kind.arm(fatal)
    # a clean stop leaves it no message to commit first
    down = SERVICES if kind.alone else (fatal.service,)
    assert fatal.town.stack.stop(*down) == dict.fromkeys(down, 0)
    before = fatal.count("outbox", said)
    assert fatal.count("timers", armed) == kind.timers
    fatal.town.stack.let_pass(kind.seconds)
    fatal.starts_and_dies()
    rung = 0 if fatal.place == "timers.claimed" else kind.timers
    assert fatal.count("outbox", said) == before + rung
    fatal.town.stack.start(*down)
    wait_until(lambda: fatal.count("outbox", said) >= before + kind.timers, f"{kind.says} said", 20)
    kind.afterwards(fatal)
    fatal.town.prove()
    # once each, although some of it was done twice
    assert fatal.count("outbox", said) == before + kind.timers
