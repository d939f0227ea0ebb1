"""A figure, what stands beside it, and whether it reaches what it is to reach."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figure import Figure, Target, as_json, percentile


@pytest.mark.parametrize(
    ("value", "floor", "target", "met"),
    [
        (100, 100, Target(1, of_floor=True), True),
        (99, 100, Target(1, of_floor=True), False),
        (119, 100, Target(1.2, at_least=False, of_floor=True), True),
        (121, 100, Target(1.2, at_least=False, of_floor=True), False),
        (0.9, None, Target(1, at_least=False), True),
        (1.1, None, Target(1, at_least=False), False),
        (100, None, Target(1, of_floor=True), False),
    ],
)
def test_a_bound_is_of_the_value_or_of_the_ratio(value: float, floor: float | None, target: Target, met: bool) -> None:
    assert target.met(Figure("a line", value, "x/s", floor, target)) is met


def test_a_line_says_whether_it_was_missed() -> None:
    assert "MISSED" in str(Figure("slow", 1, "x/s", 2, Target(1, of_floor=True)))
    assert "reached" in str(Figure("fast", 3, "x/s", 2, Target(1, of_floor=True)))


def test_the_report_has_five_fields_each() -> None:
    kept = json.loads(as_json([Figure("a", 3, "x/s", 2), Figure("b", 1, "s", note="said, not kept")]))
    assert kept == [
        {"name": "a", "value": 3, "unit": "x/s", "floor": 2, "ratio": 1.5},
        {"name": "b", "value": 1, "unit": "s", "floor": None, "ratio": None},
    ]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_so_many_do_not_exceed_a_percentile(values: list[float], part: float) -> None:
    found = percentile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values)


def test_of_nothing_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
