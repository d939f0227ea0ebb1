"""The counting service as nameko runs it: a process that the regression tests start. A report's note says what goes wrong."""

from chassis import launch  # isort: skip  (patches the standard library)

import logging
import sys
from pathlib import Path

import eventlet
from eventlet.patcher import original

from chassis.configuration.settings import read
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on
from contracts.envelope import Event
from contracts.events.dispatch import CaseResumed
from contracts.events.intake import ReportFiled
from tests.component.counting import DEFINITION, count_up

log = logging.getLogger("tests.small")


class CountingService:
    """Counts reports."""

    name = "counting"

    @on(ReportFiled)
    def take(self, event: Event[ReportFiled], ctx: HandlerContext) -> None:
        """What comes before the colon is what goes wrong, what comes after it a file that ends it."""
        wrong, _, file = (event.payload.note or "").partition(":")
        log.info("taking", extra={"wrong": wrong})
        count_up(event, ctx)
        if wrong == "raise":
            raise LookupError("it always does")
        if wrong == "exit":
            sys.exit("no")
        if wrong == "timeout":
            with eventlet.Timeout(0.01):
                eventlet.sleep(30)
        if wrong == "slow":
            eventlet.sleep(0.01)
        while wrong == "stand" and not Path(file).exists():
            original("time").sleep(0.02)  # the hub stands still, and with it every other worker


if __name__ == "__main__":
    sys.exit(launch.serve(launch.Hosted(CountingService, DEFINITION, read("counting")), frozenset({CaseResumed.type})))
