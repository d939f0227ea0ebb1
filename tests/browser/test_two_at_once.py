"""Two people act on one ticket at once, or one form is sent twice: the second is refused clearly, and nothing happens twice."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_whole_chain import command_form
from tests.kit.console import Street


def test_the_second_officer_is_told_that_it_was_refused(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("noise", "广场舞太吵")
    first, second = visit("desk"), visit("desk")
    for page in (first, second):
        page.goto(f"/tickets/{ticket}")
    reject = command_form(first, "不予受理")
    reject.get_by_label("原因").select_option("not_ours")
    reject.get_by_role("button", name="不予受理").click()
    expect(first.get_by_role("status")).to_contain_text("不予受理")

    urgency = command_form(second, "提高紧急程度")
    urgency.get_by_label("紧急程度").select_option("E0")
    urgency.get_by_role("button", name="提高紧急程度").click()
    expect(second.get_by_role("alert")).to_contain_text("未被接受，没有任何改动")
    expect(second.locator("dl.facts").first).to_contain_text("不予受理")
    expect(second.locator("dl.facts").first).to_contain_text("E2")


def test_the_same_form_twice_has_its_effect_once(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("noise", "装修太早")
    page = visit("desk")
    page.goto(f"/tickets/{ticket}")
    form = {"csrf": page.locator("input[name=csrf]").first.get_attribute("value"), "key": "the-same", "command": "note"}
    for _ in range(2):
        assert page.request.post(f"/tickets/{ticket}/desk", form={**form, "text": "已电话了解情况"}).status == 200
    page.goto(f"/tickets/{ticket}")
    expect(page.get_by_text("已电话了解情况")).to_have_count(1)


def test_a_form_of_another_session_is_refused(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("noise", "楼上跳绳")
    page = visit("desk")
    answer = page.request.post(f"/tickets/{ticket}/desk", form={"csrf": "0" * 64, "key": "k", "command": "cancel"})
    assert answer.status == 400
    assert "没有任何改动" in answer.text()
    assert town.ask("tickets", f"/tickets/{ticket}", "desk")["state"] != "cancelled"
