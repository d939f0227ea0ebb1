"""The people answer what they hear, and nothing else."""

from __future__ import annotations

import json

from bench.load_generator import answers, whistle
from bench.sizes import Sizes


def test_who_is_named_signs_reports_in_and_handles() -> None:
    said = answers("assignment.made.v1", "T1", {"assignment": "A1", "to": "yangguang-property", "purpose": "handle"})
    assert [(account, json.loads(one.message.body)["command"]) for account, one in said] == [
        ("responders", "sign"),
        ("responders", "report_in"),
        ("responders", "handle"),
    ]
    assert [one.message.headers["ce-subject"] for _, one in said] == ["T1"] * 3


def test_who_checks_verifies() -> None:
    said = answers("assignment.made.v1", "T1", {"assignment": "A2", "to": "grid-worker-1", "purpose": "verify"})
    assert [(account, one.event_id) for account, one in said] == [("grid", "A2-verify")]


def test_the_desk_notes_that_it_is_solved() -> None:
    said = answers("ticket.verified.v1", "T1", {"generation": 1})
    assert [(account, one.type) for account, one in said] == [("desk", "request.made.v1")]


def test_to_a_closure_nobody_answers() -> None:
    assert answers("ticket.closed.v1", "T1", {"closure": "satisfied"}) == []


def test_a_whistle_is_the_same_each_time_but_for_its_time() -> None:
    assert whistle(3).event_id == whistle(3).event_id != whistle(4).event_id
    assert whistle(3).message.body == whistle(3).message.body


def test_a_small_scale_leaves_something_to_measure() -> None:
    small = Sizes().scaled(0.001)
    assert small.timers == 100
    assert small.lives == 10
