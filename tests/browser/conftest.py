"""Fixtures of the browser tests: one street with its console, one browser, and pages of people who are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from itertools import count

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.pages import Scene, prepared
from tests.kit.browser import chromium
from tests.kit.console import PASSWORD, Street, street

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1440, "height": 900}
expect.set_options(timeout=60_000)
WAIT_MILLISECONDS = 60_000
"""The bound of every wait in a page, for a machine that is busy with other things."""


@pytest.fixture(scope="session")
def town() -> Iterator[Street]:
    """One street for all browser tests: each works on tickets of its own."""
    with street() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser; each test has contexts of its own in it.

    Playwright keeps an event loop running until it ends: in the same process no other test could run one.
    """
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def scene(town: Street) -> Scene:
    """Tickets for the pages that show one."""
    return prepared(town)


Visit = Callable[..., Page]
_addresses = map(IPv4Address, count(int(IPv4Address("198.51.100.1"))))
"""Each visitor has an address of their own: what is limited by address is limited for each."""


@pytest.fixture
def visit(town: Street, browser: Browser) -> Iterator[Visit]:
    """Return a function that opens a page of a new visitor, signed in as ``account`` unless that is None."""
    contexts: list[BrowserContext] = []

    def opened(account: str | None = None, phone: bool = False, language: str = "zh-CN", scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=town.address,
            viewport=PHONE if phone else DESK,
            locale=language,
            java_script_enabled=scripts,
            extra_http_headers={"X-Forwarded-For": str(next(_addresses))},
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        if account is not None:
            sign_in(page, account)
        return page

    yield opened
    for context in contexts:
        context.close()


def sign_in(page: Page, account: str) -> None:
    """Sign in by keyboard."""
    page.goto("/sign-in")
    expect(page.locator("input[name=account]")).to_be_focused()  # a busy browser focuses it later than it says "loaded"
    page.keyboard.type(account)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
