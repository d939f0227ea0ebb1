"""One service does not answer: a page names what is missing and shows the rest, and nothing that was entered is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, WAIT_MILLISECONDS, sign_in
from tests.browser.pages import Scene
from tests.kit.console import Street
from tests.kit.processes import free_port

NOBODY = "http://127.0.0.1:1"
"""An address at which nothing listens."""
MISSING = {
    "tickets": "工单服务暂时没有响应",
    "dispatch": "派单服务暂时没有响应",
    "notify": "通知服务暂时没有响应",
    "ledger": "台账暂时没有响应",
}
SHOWN = {
    "tickets": ("时限", "承办情况", "办理过程", "通知情况"),
    "dispatch": ("诉求内容", "值班处置", "办理过程", "通知情况"),
    "notify": ("诉求内容", "时限", "办理过程"),
    "ledger": ("诉求内容", "时限", "通知情况"),
}
"""The sections of a ticket's page that are there without the service."""


@pytest.fixture(params=MISSING)
def without(request: pytest.FixtureRequest, town: Street, browser: Browser) -> Iterator[tuple[str, Page]]:
    """A service, and an officer's page at a console to which this service does not answer."""
    service: str = request.param
    port = free_port()
    with (
        town.another_console(port, **{f"WHISTLE_{service.upper()}_URL": NOBODY}),
        browser.new_context(base_url=f"http://127.0.0.1:{port}", viewport=DESK, locale="zh-CN") as context,
    ):
        context.set_default_timeout(WAIT_MILLISECONDS)
        page = context.new_page()
        sign_in(page, "desk")
        yield service, page


def test_a_page_names_the_missing_part_and_shows_the_rest(without: tuple[str, Page], scene: Scene) -> None:
    service, page = without
    page.goto(f"/tickets/{scene.at_work}")
    expect(page.get_by_role("alert").first).to_contain_text(MISSING[service])
    for title in SHOWN[service]:
        expect(page.get_by_role("heading", name=title, level=2)).to_be_visible()
    for path in ("/now", "/queue", "/statistics", "/report"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status in {200, 503}, path
        if answer.status == 503:
            expect(page.get_by_role("alert").first).to_contain_text(MISSING[service])
