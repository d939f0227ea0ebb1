"""The year turns before its holidays are known: due times are provisional and alerted, and computed anew when they are."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar.constants

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from tests.chain.steps import PROPERTY, close, handle
from tests.kit.chain import Chain
from tests.kit.deployment import ROOT
from tests.kit.processes import wait_until

UNKNOWN = max(day.year for day in chinese_calendar.constants.holidays) + 1
GAUGE = "whistle_dispatch_provisional_deadlines"


def test_the_holidays_of_the_new_year_are_published(chain_of_its_own: Chain, tmp_path: Path) -> None:
    chain = chain_of_its_own
    monday = date(UNKNOWN, 3, 1) + timedelta(days=-date(UNKNOWN, 3, 1).weekday() % 7)
    morning = datetime(UNKNOWN, 3, monday.day, 2, tzinfo=UTC)
    ahead = max(timedelta(), morning - datetime.now(UTC))
    chain.stack.let_pass(ahead.total_seconds())
    ticket = chain.whistle("parking")
    first = chain.expect(ticket, "deadline.set", clock="handle")
    assert first["provisional"]
    assert "暂定" in first["explanation"]
    wait_until(lambda: chain.stack.metric("dispatch", GAUGE) > 0, "the gauge", 30)
    chain.act(ticket, PROPERTY, "sign")
    chain.expect(ticket, "assignment.signed")

    chain.stack.stop("dispatch")
    chain.stack.start("dispatch", WHISTLE_CONFIG_DIR=str(published(tmp_path, monday)))
    then = chain.expect(ticket, "deadline.set", clock="handle", provisional=False)
    assert datetime.fromisoformat(then["due"]) > datetime.fromisoformat(first["due"])
    assert (then["started"], then["rule"]) == (first["started"], first["rule"])
    assert then["calendar"] != first["calendar"]
    wait_until(lambda: chain.stack.metric("dispatch", GAUGE) == 0, "the gauge back to none", 30)
    handle(chain, ticket)
    close(chain, ticket)
    assert len(chain.of(ticket, "deadline.set", clock="handle")) == 2


def published(scratch: Path, monday: date) -> Path:
    """The deployment's files with the year's holidays: three days of this week are off."""
    config = scratch / "published"
    shutil.copytree(ROOT / "deploy", config)
    clocks = load_yaml((config / "clocks.yaml").read_text("utf-8"))
    clocks["years"] = {
        year: {"off": [f"{year}-01-01", *([f"{monday + timedelta(days=1)}/{monday + timedelta(days=3)}"] if n == 0 else [])]}
        for n, year in enumerate((UNKNOWN, UNKNOWN + 1))
    }
    (config / "clocks.yaml").write_text(dump_yaml(clocks), "utf-8")
    return config
