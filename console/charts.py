"""Bar charts as inline SVG, in coordinates of their own: a bar for each part of a figure. A table tells the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROW, BAR, LEFT, WIDTH, RIGHT = 26, 16, 150, 180, 70
"""The height of a row and of its bar, and the widths for names, bars and values, in units of the chart."""
MAX_NAME = 20
"""The characters of a name that fit. A Chinese one is as wide as two."""
MAX_BARS = 24


@dataclass(frozen=True)
class Bar:
    """A bar. ``value`` is the text at its end; a part without a rate has a bar without length."""

    name: str
    value: str
    length: int
    top: int

    @property
    def middle(self) -> int:
        """Return where its texts stand."""
        return self.top + BAR // 2


@dataclass(frozen=True)
class Chart:
    """A chart. ``mark`` is where the rate of all parts together stands; None without one."""

    bars: Sequence[Bar]
    mark: int | None

    @property
    def height(self) -> int:
        """Return the height of the drawing."""
        return len(self.bars) * ROW

    @property
    def width(self) -> int:
        """Return the width of the drawing."""
        return LEFT + WIDTH + RIGHT

    left = LEFT
    bar = BAR


def rates(groups: Sequence[Mapping[str, Any]], rate: float | None) -> Chart | None:
    """Return the chart of a figure's groups, which have a ``name`` and a ``rate``; None where there is nothing to compare."""
    if not 2 <= len(groups) <= MAX_BARS:
        return None
    most = max((one["rate"] or 0 for one in groups), default=0)
    scale = WIDTH / max(1, most, rate or 0)
    bars = [
        Bar(short(one["name"]), percent(one["rate"]), round((one["rate"] or 0) * scale), number * ROW + (ROW - BAR) // 2)
        for number, one in enumerate(groups)
    ]
    return Chart(bars, None if rate is None else LEFT + round(rate * scale))


def percent(rate: float | None) -> str:
    """Return a rate as a percentage with one decimal; a dash for none."""
    return "–" if rate is None else f"{rate * 100:.1f} %"


def short(name: str) -> str:
    """Return a name that fits before a bar; the table has the whole."""
    width = 0
    for index, character in enumerate(name):
        width += 2 if ord(character) > 0x2E80 else 1
        if width > MAX_NAME:
            return f"{name[: index - 1]}…"
    return name
