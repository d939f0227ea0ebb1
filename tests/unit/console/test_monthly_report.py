"""The monthly report: the month it is about, and the comparison with the month before."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.monthly_report import compare, last_month, month_before


def figure(kpi: str, numerator: int, denominator: int, version: int = 1) -> dict[str, Any]:
    rate = numerator / denominator if denominator else None
    return {"kpi": kpi, "version": version, "numerator": numerator, "denominator": denominator, "rate": rate}


@pytest.mark.parametrize(
    ("now", "before", "points", "change"),
    [
        ((9, 10), (8, 10), 10.0, "+10.0"),
        ((8, 10), (9, 10), -10.0, "-10.0"),
        ((1, 3), (1, 3), 0.0, "+0.0"),
        ((2, 3), (1, 3), 33.4, "+33.4"),  # 66.7 - 33.3, as it is printed
        ((0, 5), (0, 5), 0.0, "+0.0"),
        ((0, 0), (1, 2), None, "–"),
        ((1, 2), (0, 0), None, "–"),
    ],
)
def test_change_is_the_difference_of_the_printed_rates(
    now: tuple[int, int], before: tuple[int, int], points: float | None, change: str
) -> None:
    (row,) = compare([figure("response", *now)], [figure("response", *before)])
    assert (row.points, row.change) == (points, change)


def test_another_version_of_a_formula_is_not_compared() -> None:
    (row,) = compare([figure("resolution", 1, 2, version=2)], [figure("resolution", 1, 1)])
    assert (row.before, row.points) == (None, None)


def test_a_figure_that_is_new_is_shown_without_a_comparison() -> None:
    rows = compare([figure("a", 1, 2), figure("b", 1, 2)], [figure("b", 1, 4)])
    assert [(row.figure["kpi"], row.before) for row in rows] == [("a", None), ("b", 0.25)]


@pytest.mark.parametrize(("month", "before"), [("2026-03", "2026-02"), ("2026-01", "2025-12"), ("2024-03", "2024-02")])
def test_the_month_before(month: str, before: str) -> None:
    assert month_before(month) == before


@pytest.mark.parametrize("text", ["2026-13", "2026", "March", "", "2026-00", "2026-3"])
def test_a_text_that_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month|day"):
        month_before(text)


@given(st.dates(date(1901, 1, 1), date(2190, 12, 31)))
def test_the_report_is_about_the_last_month_that_is_over(today: date) -> None:
    month = last_month(today)
    assert month < f"{today:%Y-%m}"
    year, number = map(int, month.split("-"))
    assert (today.year - year) * 12 + today.month - number == 1
