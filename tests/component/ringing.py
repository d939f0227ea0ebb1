"""Timers of the counting service: what rings is counted."""

from __future__ import annotations

from datetime import timedelta

from chassis.handler_context import HandlerContext
from chassis.timers import TimerFired, TimerHandler, Timers
from tests.component.counting import SOURCE, Counter, Counting

HOUR = timedelta(hours=1)


def ring_up(timer: TimerFired, ctx: HandlerContext) -> None:
    """Count the ring, if the timer is of the generation that the counter has come to."""
    counter = ctx.find(Counter, timer.subject)
    if counter is None:
        counter = Counter(timer.subject)
        ctx.add(counter)
    if counter.count == timer.generation:
        ctx.apply(counter.up(timer.name))


def timers(one: Counting, ring: TimerHandler = ring_up, batch: int = 200) -> Timers:
    """The timers of one process."""
    return Timers(one.store, one.clock, SOURCE, {"sign": ring}, one.watch, batch, aggregates=(Counter,))
