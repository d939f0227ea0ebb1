"""The monthly report, as a street office prints it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.pages import Scene
from tests.kit.console import Street

A4_WIDTH = 794 - 2 * 53
"""Pixels between the margins."""


@pytest.mark.parametrize(("language", "office"), [("zh-CN", "环城街道办事处"), ("en-GB", "Huancheng street office")])
def test_a_printed_report_has_no_navigation_and_repeats_table_heads(
    scene: Scene, visit: Visit, language: str, office: str
) -> None:
    page = visit("desk", language=language)
    page.goto(f"/statistics/report?month={scene.month}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(office)
    page.set_viewport_size({"width": A4_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    for hidden in ("header.top", "form.filters", "footer", ".screen-only"):
        assert not page.locator(hidden).first.is_visible(), hidden
    heads = page.locator("thead").all()
    assert len(heads) >= 4
    assert {head.evaluate("one => getComputedStyle(one).display") for head in heads} == {"table-header-group"}
    assert {row.evaluate("one => getComputedStyle(one).display") for row in page.locator("tbody tr").all()} == {"table-row"}
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert 1 <= sheets <= 3


def test_the_report_has_the_ledgers_figures_and_root(town: Street, scene: Scene, visit: Visit) -> None:
    page = visit("desk")
    page.goto(f"/statistics/report?month={scene.month}&area=shanqi-1")
    expect(page.get_by_role("heading", level=1)).to_contain_text("山栖一网格")
    counts = town.ask("ledger", f"/counts?month={scene.month}&area=shanqi-1", "desk")["total"]
    opened = page.locator("dl.facts div").filter(has_text=re.compile("^受理")).locator("dd")
    expect(opened).to_have_text(str(counts["opened"]))
    figures = town.ask("ledger", f"/kpis?month={scene.month}&area=shanqi-1", "desk")["figures"]
    names = page.locator("tbody").first.locator("th").all_inner_texts()
    assert [name.split()[0] for name in names] == [one["title"] for one in figures]
    assert re.fullmatch("[0-9a-f]{64}", page.locator(".proof code").inner_text())
    assert town.ask("ledger", "/log", "desk")["size"] >= int(re.search("共([0-9]+)条", page.locator(".proof").inner_text())[1])
