"""A property manager's telephone in a basement: it reads and writes without a network, and sends when it is back."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.kit.console import Street


def ready(page: Page, ticket: str) -> None:
    """Open the list of work and the ticket, and wait until the telephone keeps both."""
    page.goto("/work")
    link = page.locator(f"a[href='/tickets/{ticket}']")
    for _ in range(120):
        if link.count():
            break
        page.wait_for_timeout(500)
        page.goto("/work")
    page.wait_for_function(
        """async (path) => { await navigator.serviceWorker.ready;
           return navigator.serviceWorker.controller && (await caches.open("pages-v1")).match(path).then(Boolean) }""",
        arg=f"/tickets/{ticket}",
    )
    link.click()
    page.wait_for_load_state()


def test_what_was_entered_without_a_network_is_sent_once_with_its_time(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("property_service", "门禁坏了")
    page = visit("responders", phone=True)
    ready(page, ticket)
    page.context.set_offline(True)
    acted = datetime.now(UTC)
    page.get_by_role("button", name="签收", exact=True).click()
    expect(page.locator("#offline")).to_contain_text("有1条等待发送")
    page.get_by_role("button", name="已联系居民", exact=True).click()
    expect(page.locator("#offline")).to_contain_text("有2条等待发送")
    page.goto("/work")  # from the telephone alone
    expect(page.locator("#offline")).to_contain_text("没有网络")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.goto(f"/tickets/{ticket}")
    expect(page.locator("section", has_text="承办情况").last).to_contain_text("已联系")
    entries = town.ask("ledger", f"/log/{ticket}", "desk")["entries"]
    steps = {one["type"]: one["data"] for one in entries if one["type"].startswith("assignment.")}
    said = datetime.fromisoformat(steps["assignment.signed.v1"]["acted_at"])
    assert abs((said - acted).total_seconds()) < 60
    assert [one["type"] for one in entries].count("assignment.contacted.v1") == 1


def test_a_command_that_came_too_late_is_shown_as_refused(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("property_service", "楼道灯坏了")
    page = visit("responders", phone=True)
    ready(page, ticket)
    page.context.set_offline(True)
    page.get_by_role("button", name="签收", exact=True).click()
    expect(page.locator("#offline")).to_contain_text("有1条等待发送")
    town.report(ticket, "sign", "responders", "yangguang-property")  # a colleague at the office was faster
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_contain_text("未被接受")
    expect(page.locator("#offline")).to_contain_text("签收")


def test_after_signing_out_the_telephone_keeps_no_page(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("property_service", "水压低")
    page = visit("responders", phone=True)
    ready(page, ticket)
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/")
    page.wait_for_function("async () => !(await caches.has('pages-v1'))")


def test_the_first_load_is_small(town: Street, visit: Visit) -> None:
    page = visit("responders", phone=True)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body()) if answer.status == 200 else 0))
    page.goto("/work")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) < 60_000


def test_a_refusal_is_explained_at_once_where_there_is_a_network(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("property_service", "单元门锁坏了")
    page = visit("responders", phone=True)
    ready(page, ticket)
    town.report(ticket, "sign", "responders", "yangguang-property")
    page.get_by_role("button", name="签收", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("未被接受，没有任何改动")
    page.get_by_role("button", name="已联系居民", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="已联系居民")).to_be_visible()
