"""Live changes: a page shows a new matter by itself, and says so when it has heard nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.kit.console import Street


@pytest.mark.parametrize("path", ["/queue?category=leak", "/now"])
def test_a_new_matter_appears_without_loading_the_page_again(town: Street, visit: Visit, path: str) -> None:
    page = visit("desk")
    page.goto(path)
    expect(page.locator("#live")).to_contain_text("会自动更新")
    ticket = town.whistle_blown("leak", "厨房漏水")
    expect(page.locator(f"a[href='/tickets/{ticket}']")).to_be_visible()


def test_the_focus_stays_on_its_ticket_while_the_page_changes(town: Street, visit: Visit) -> None:
    first = town.whistle_blown("leak", "卫生间漏水")
    page = visit("desk")
    page.goto("/queue?category=leak")
    page.locator(f"a[href='/tickets/{first}']").focus()
    expect(page.locator("#live")).to_contain_text("会自动更新")
    second = town.whistle_blown("leak", "阳台漏水")
    expect(page.locator(f"a[href='/tickets/{second}']")).to_be_visible()
    expect(page.locator(f"a[href='/tickets/{first}']")).to_be_focused()


def test_without_scripts_the_page_is_complete_and_says_how_to_renew_it(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("leak", "屋顶漏水")
    page = visit("desk", scripts=False)
    for _ in range(120):
        page.goto("/queue?category=leak")
        if page.locator(f"a[href='/tickets/{ticket}']").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator(f"a[href='/tickets/{ticket}']")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("刷新页面")


def test_nobody_listens_without_the_role(visit: Visit) -> None:
    page = visit("responders")
    answer = page.request.get("/live")
    assert answer.status == 403
