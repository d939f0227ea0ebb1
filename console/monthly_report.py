"""The rules of the monthly report: which month it is about, and how a figure compares with the month before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class Compared:
    """A figure of the month and its rate in the month before. ``points`` is the difference in percentage points."""

    figure: Mapping[str, Any]
    before: float | None
    points: float | None

    @property
    def change(self) -> str:
        """Return the difference with its sign; a dash where one of the months has no rate."""
        return "–" if self.points is None else f"{self.points:+.1f}"


def compare(figures: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[Compared]:
    """Return every figure of the month with that of the month before.

    A figure whose formula had another version then is not compared: it means something else.
    """
    earlier = {(one["kpi"], one["version"]): one["rate"] for one in before}
    return [
        Compared(one, rate, _points(one["rate"], rate))
        for one in figures
        for rate in [earlier.get((one["kpi"], one["version"]))]
    ]


def _points(rate: float | None, before: float | None) -> float | None:
    if rate is None or before is None:
        return None
    return round(round(rate * 100, 1) - round(before * 100, 1), 1) + 0.0  # as whoever subtracts the printed rates; never -0.0


def last_month(today: date) -> str:
    """Return the month before a day's, such as 2026-03: the last one that is over."""
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def month_before(month: str) -> str:
    """Return the month before another one. Raises ValueError for a text that is no month."""
    return last_month(date.fromisoformat(f"{month}-01"))
