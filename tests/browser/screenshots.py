"""`make screenshots`: every page of the console at phone and desk width, in Chinese and English, in var/screenshots/."""

from __future__ import annotations

from tests.browser.conftest import DESK, PHONE, sign_in
from tests.browser.pages import prepared, stops
from tests.kit.browser import chromium
from tests.kit.console import street
from tests.kit.deployment import ROOT

TARGET = ROOT / "var" / "screenshots"


def main() -> None:
    """Write the pictures and name the directory."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with street() as town, chromium() as browser:
        scene = prepared(town)
        for width, viewport in (("phone", PHONE), ("desk", DESK)):
            for language in ("zh-CN", "en-GB"):
                for account in sorted({stop.account for stop in stops(scene)}, key=str):
                    context = browser.new_context(base_url=town.address, viewport=viewport, locale=language)
                    page = context.new_page()
                    if account is not None:
                        sign_in(page, account)
                    for stop in stops(scene):
                        if stop.account == account:
                            page.goto(stop.path)
                            page.screenshot(path=TARGET / f"{stop.name}-{width}-{language[:2]}.png", full_page=True)
                    context.close()
    print(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
