"""Timers of the counting service: what rings is counted."""

from __future__ import annotations

from datetime import timedelta

from chassis.timers import Ring, Ringing, Timers
from chassis.work import Work
from tests.component.counting import SOURCE, Counter, Counting

HOUR = timedelta(hours=1)


def ring_up(ringing: Ringing, work: Work) -> None:
    """Count the ring, if the timer is of the generation that the counter has come to."""
    counter = work.find(Counter, ringing.subject)
    if counter is None:
        counter = Counter(ringing.subject)
        work.add(counter)
    if counter.count == ringing.generation:
        work.apply(counter.up(ringing.name))


def timers(one: Counting, ring: Ring = ring_up, batch: int = 200) -> Timers:
    """The timers of one process."""
    return Timers(one.store, one.clock, SOURCE, {"sign": ring}, one.watch, batch, rung=(Counter,))
