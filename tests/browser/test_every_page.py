"""Every page, at phone and desk width, in Chinese and English: accessible, within its width, and alone with its own origin."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.pages import Scene, stops
from tests.kit.console import Street

WIDER_THAN_THE_PAGE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_a_page_is_accessible_and_fits(town: Street, scene: Scene, visit: Visit, phone: bool, language: str) -> None:
    pages: dict[str | None, Page] = {}
    for stop in stops(scene):
        page = pages.get(stop.account) or pages.setdefault(stop.account, watched(visit(stop.account, phone, language), town))
        page.goto(stop.path)
        for summary in page.locator("summary").all():
            summary.click()
        found = Axe().run(page, options=RULES)
        assert not found.response["violations"], f"{stop.name}:\n{found.generate_report()}"
        assert page.evaluate(WIDER_THAN_THE_PAGE) <= 0, f"{stop.name} is wider than its window"
        assert page.locator("html").get_attribute("lang") == language[:2]


def watched(page: Page, town: Street) -> Page:
    """Fail at the first request that leaves the origin, and at every error that the browser reports."""

    def only_ours(url: str) -> None:
        assert url.startswith((town.address, "data:")), url

    def no_error(kind: str, text: str) -> None:
        assert kind != "error" or "Failed to load resource" in text, text

    page.on("request", lambda request: only_ours(request.url))
    page.on("console", lambda message: no_error(message.type, message.text))
    return page


def test_twice_the_size_still_fits(scene: Scene, visit: Visit) -> None:
    for account in (None, "desk", "responders"):
        page = visit(account)
        page.set_viewport_size({"width": 720, "height": 450})  # 200 % of 1,440 by 900
        for stop in stops(scene):
            if stop.account == account:
                page.goto(stop.path)
                assert page.evaluate(WIDER_THAN_THE_PAGE) <= 0, stop.name


def test_what_a_resident_wrote_is_shown_as_text(scene: Scene, visit: Visit) -> None:
    page = visit("desk")
    page.goto(f"/tickets/{scene.at_work}")
    words = page.locator("blockquote").inner_text()
    assert words == "楼上半夜放音乐，<b>睡不着</b>"
