"""A real browser for the tests: Debian's Chromium, driven by Playwright; and the pages of the console in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.kit.processes import ServerError
from tests.kit.server_binaries import found_or_installed

NAMES = ("chromium", "chromium-browser", "google-chrome")
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
HOW_TO_GET_ONE = "There is no Chromium for the tests: install the package chromium (done by itself when run as root on Debian)"


def chromium_binary() -> Path | None:
    """Return the browser's program."""
    return next((Path(found) for name in NAMES if (found := shutil.which(name))), None)


def chinese_font() -> Path | None:
    """Return a font with Chinese characters; without one a screenshot shows boxes."""
    return FONT if FONT.exists() else None


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless browser. Raises ServerError where there is none and none can be installed."""
    program = found_or_installed(chromium_binary, "chromium")
    if program is None:
        raise ServerError(HOW_TO_GET_ONE)
    found_or_installed(chinese_font, "fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()
