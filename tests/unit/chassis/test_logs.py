"""JSON logs: one object a line, with the ids of what is being handled."""

import io
import json
import logging
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest

from chassis.observability import logs

log = logging.getLogger("tests.log")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("tickets", logging.INFO, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_that_names_the_service(stream: io.StringIO) -> None:
    log.info("开始 %s", "now", extra={"case": "c-1"})
    (line,) = lines(stream)
    assert (line["service"], line["level"], line["logger"], line["message"]) == ("tickets", "INFO", "tests.log", "开始 now")
    assert line["case"] == "c-1"
    assert line["time"]
    assert "开始" in stream.getvalue()


def test_lines_within_a_block_carry_its_ids_and_those_of_the_block_around(stream: io.StringIO) -> None:
    with logs.bound(correlation="t-1", event="e-1"):
        with logs.bound(event="e-2", causation=None):
            log.info("inner")
        log.info("outer")
    log.info("after")
    inner, outer, after = lines(stream)
    assert (inner["correlation"], inner["event"], inner["causation"]) == ("t-1", "e-2", None)
    assert (outer["correlation"], outer["event"]) == ("t-1", "e-1")
    assert "correlation" not in after


def test_ids_that_are_found_out_later_are_added_to_the_innermost_block_alone(stream: io.StringIO) -> None:
    logs.add(account="nobody")
    with logs.bound(correlation=None):
        with logs.bound(event="e-1"):
            logs.add(account="desk")
            log.info("inner")
        logs.correlate("t-1")
        copy_context().run(logs.correlate, "t-2")  # as a worker does
        copy_context().run(logs.add, account="hotline")
        log.info("outer")
    log.info("after")
    inner, outer, after = lines(stream)
    assert (inner["correlation"], inner["account"]) == (None, "desk")
    assert (outer["correlation"], outer["account"]) == ("t-1", "hotline")
    assert not {"correlation", "account"} & after.keys()


def test_a_block_that_fails_leaves_no_ids_behind(stream: io.StringIO) -> None:
    with pytest.raises(LookupError), logs.bound(correlation="t-1"):
        raise LookupError
    log.info("after")
    assert "correlation" not in lines(stream)[0]


def test_what_a_line_says_itself_counts(stream: io.StringIO) -> None:
    with logs.bound(event="e-1"):
        log.info("dead", extra={"event": "e-2"})
    assert lines(stream)[0]["event"] == "e-2"


def test_an_exception_stays_on_its_line(stream: io.StringIO) -> None:
    try:
        raise LookupError("nothing there")
    except LookupError:
        log.exception("failed")
    (line,) = lines(stream)
    assert "LookupError" in line["exc_info"]


def test_the_level_counts(stream: io.StringIO) -> None:
    log.debug("no")
    assert lines(stream) == []
