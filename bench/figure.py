"""One figure of the benchmark: its value, the floor beside it, and its target. Pure data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A figure's target: at least or at most a bound. ``of_floor``: of the ratio to the floor, else of the value."""

    bound: float
    at_least: bool = True
    of_floor: bool = False

    def met(self, line: Figure) -> bool:
        """Return whether a figure meets the target. A figure without a floor does not meet a ratio."""
        measured = line.ratio if self.of_floor else line.value
        if measured is None:
            return False
        return measured >= self.bound if self.at_least else measured <= self.bound

    def __str__(self) -> str:
        of = " of the floor" if self.of_floor else ""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{of}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. ``floor`` is the value it is compared with, in the same unit; None without one."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Return the value divided by the floor."""
        return self.value / self.floor if self.floor else None

    def __str__(self) -> str:
        floor = f"{self.floor:10.4g} {self.ratio:6.2f}×" if self.floor and self.ratio is not None else " " * 18
        reached = "" if self.target is None else f"  {'reached' if self.target.met(self) else 'MISSED '} {self.target}"
        noted = f"\n      {self.note}" if self.note else ""
        return f"{self.name:<44} {self.value:10.4g} {self.unit:<18} {floor}{reached}{noted}"


def as_json(lines: Iterable[Figure]) -> str:
    """Return the figures as a list of {name, value, unit, floor, ratio}."""
    kept = [{"name": one.name, "value": one.value, "unit": one.unit, "floor": one.floor, "ratio": one.ratio} for one in lines]
    return json.dumps(kept, ensure_ascii=False, indent=2) + "\n"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least this part (0 to 1] of all do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]
