"""Charts: lengths follow the rates, and names fit."""

from __future__ import annotations

from typing import Any

import pytest

from console.charts import LEFT, MAX_BARS, WIDTH, percent, rates, short


def group(name: str, rate: float | None) -> dict[str, Any]:
    return {"name": name, "rate": rate}


def test_bars_are_as_long_as_their_rates() -> None:
    chart = rates([group("a", 1.0), group("b", 0.25), group("c", None)], 0.5)
    assert chart is not None
    assert [bar.length for bar in chart.bars] == [WIDTH, WIDTH // 4, 0]
    assert [bar.value for bar in chart.bars] == ["100.0 %", "25.0 %", "–"]
    assert chart.mark == LEFT + WIDTH // 2
    assert [bar.top for bar in chart.bars] == sorted({bar.top for bar in chart.bars})
    assert chart.bars[-1].top < chart.height


def test_a_rate_above_one_stays_within_the_chart() -> None:
    chart = rates([group("a", 2.0), group("b", 1.0)], 1.5)
    assert chart is not None
    assert [bar.length for bar in chart.bars] == [WIDTH, WIDTH // 2]


@pytest.mark.parametrize("count", [0, 1, MAX_BARS + 1])
def test_nothing_is_drawn_where_nothing_is_compared(count: int) -> None:
    assert rates([group(str(number), 0.5) for number in range(count)], 0.5) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("噪声扰民", "噪声扰民"),
        ("一二三四五六七八九十", "一二三四五六七八九十"),
        ("一二三四五六七八九十甲", "一二三四五六七八九…"),
        ("Dispute between neighbours", "Dispute between nei…"),
        ("", ""),
    ],
)
def test_a_long_name_is_cut(name: str, shown: str) -> None:
    assert short(name) == shown


@pytest.mark.parametrize(("rate", "shown"), [(None, "–"), (0.0, "0.0 %"), (0.9406, "94.1 %"), (1, "100.0 %")])
def test_a_rate_in_words(rate: float | None, shown: str) -> None:
    assert percent(rate) == shown
