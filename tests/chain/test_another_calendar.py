"""The office calendar is changed by its file and a restart while a ticket is open."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from tests.chain.steps import PROPERTY
from tests.kit.chain import Chain
from tests.kit.deployment import ROOT


def test_offices_close_earlier_and_whoever_is_at_work_is_told_of_the_new_due_time(
    chain_of_its_own: Chain, tmp_path: Path
) -> None:
    chain = chain_of_its_own
    ticket = chain.whistle("parking")
    first = chain.expect(ticket, "deadline.set", clock="handle")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.stack.stop("dispatch")
    chain.stack.start("dispatch", WHISTLE_CONFIG_DIR=str(closing_at_half_past_five(tmp_path)))

    moved = chain.expect(ticket, "deadline.moved", clock="handle")
    assert moved["before"] == first["due"]
    assert datetime.fromisoformat(first["due"]) - datetime.fromisoformat(moved["due"]) == timedelta(minutes=30)
    assert moved["to"] == [PROPERTY]
    then = chain.of(ticket, "deadline.set", clock="handle")[-1]
    assert (then["due"], then["started"], then["rule"]) == (moved["due"], first["started"], first["rule"])
    assert then["calendar"] != first["calendar"]
    chain.expect_notice(ticket, "deadline_moved", audience=PROPERTY)
    chain.never(ticket, "deadline.moved", clock="contact")


def closing_at_half_past_five(scratch: Path) -> Path:
    """The deployment's files with other office hours."""
    config = scratch / "changed"
    shutil.copytree(ROOT / "deploy", config)
    file = config / "clocks.yaml"
    text = file.read_text("utf-8")
    assert text.count("closes: 18:00}\n") == 1
    file.write_text(text.replace("closes: 18:00}\n", "closes: 17:30}\n"), "utf-8")
    return config
