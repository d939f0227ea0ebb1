"""What a visitor without an account can do: look up a number, see what others reported, and not do it without end."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages import Scene
from tests.browser.test_every_page import RULES, WIDER_THAN_THE_PAGE
from tests.kit.console import Street

REPORTS, LOOKUPS = 20, 60
"""The defaults of WHISTLE_CONSOLE_REPORTS_PER_HOUR and WHISTLE_CONSOLE_LOOKUPS_PER_HOUR."""


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_number_shows_where_a_public_matter_stands_and_nothing_private(scene: Scene, visit: Visit, scripts: bool) -> None:
    page = visit(phone=True, scripts=scripts)
    page.goto("/")
    page.get_by_role("link", name="办理进度查询").click()
    page.get_by_label("事项编号").fill(f" {scene.answered.lower()[:5]} {scene.answered.lower()[5:]} ")
    page.get_by_role("button", name="查询").click()
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text("物业服务")
    expect(facts).to_contain_text(scene.answered)
    for private in ("电梯停了", "3号楼", "王阿姨", "87654321", "阳光"):
        assert private not in page.content()


def test_a_dispute_and_a_wrong_number_have_the_same_answer(scene: Scene, visit: Visit) -> None:
    page = visit(language="en-GB")
    answers = []
    for number in (scene.at_work, "T2222222222222222", "no number", "../whistles", "<b>"):
        answer = page.goto(f"/status?ticket={number}")
        assert answer is not None
        assert answer.status == 404, number
        answers.append(page.get_by_role("alert").inner_text())
    assert len(set(answers)) == 1
    assert "No matter that is shown here has this number" in answers[0]


def test_who_looks_up_numbers_without_end_waits(scene: Scene, visit: Visit) -> None:
    page = visit()
    for _ in range(LOOKUPS):
        assert page.request.get("/status?ticket=T2").status == 404
    answer = page.goto(f"/status?ticket={scene.answered}")
    assert answer is not None
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    expect(page.get_by_role("heading", level=1)).to_have_text("操作过于频繁")
    assert page.goto("/status").status == 200
    assert visit().goto(f"/status?ticket={scene.answered}").status == 200


def fill(page: Page, category: str, place: str, text: str) -> None:
    """Fill in the form and send it."""
    page.goto("/report")
    page.locator("select[name=category]").select_option(category)
    page.locator("select[name=place]").select_option(place)
    page.locator("textarea[name=text]").fill(text)
    page.locator("form.narrow button").click()


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_others_reports_are_offered_before_a_report_is_sent(town: Street, visit: Visit, phone: bool, language: str) -> None:
    town.whistle_blown("leak", "厨房顶上漏水，电话13800001111")
    page = visit(phone=phone, language=language)
    fill(page, "leak", "shanqi-1/yangguang", "楼道里漏水")
    offers = page.locator("section[aria-labelledby=offers]")
    expect(offers.locator("li").first).to_contain_text({"zh-CN": "漏水", "en-GB": "Leak"}[language])
    assert offers.locator("li").count() <= 5
    for private in ("厨房", "13800001111", "王阿姨", "3号楼"):
        assert private not in page.content()
    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate(WIDER_THAN_THE_PAGE) <= 0
    assert page.locator("textarea[name=text]").input_value() == "楼道里漏水"
    page.locator("form.narrow button").click()
    number = page.locator("strong.number").inner_text()
    assert town.ask("tickets", f"/tickets/{number}", "desk")["category"] == "leak"


def test_other_choices_are_offered_anew_without_scripts(town: Street, visit: Visit) -> None:
    town.whistle_blown("leak", "漏水")
    town.whistle_blown("property_service", "门禁坏了")
    page = visit(scripts=False)
    fill(page, "leak", "shanqi-1/yangguang", "漏水")
    page.locator("select[name=category]").select_option("property_service")
    page.locator("form.narrow button").click()
    expect(page.locator("section[aria-labelledby=offers] li").first).to_contain_text("物业服务")
    page.locator("form.narrow button").click()
    expect(page.locator("strong.number")).to_be_visible()


def test_disputes_and_police_matters_are_offered_to_nobody(town: Street, visit: Visit) -> None:
    for category in ("noise", "suspected_crime"):
        town.whistle_blown(category, "请不要公开")
        page = visit()
        fill(page, category, "shanqi-1/yangguang", "又来了")
        expect(page.locator("strong.number")).to_be_visible()
    town.whistle_blown("leak", "漏水，与楼上有争执", estate="heping", area="shanqi-2", dispute=True)
    page = visit()
    fill(page, "leak", "shanqi-2/heping", "漏水")
    expect(page.locator("strong.number")).to_be_visible()


def test_who_reports_without_end_waits_and_loses_no_text(visit: Visit) -> None:
    page = visit()
    form = {"category": "noise", "place": "shanqi-2", "text": "吵"}
    for number in range(REPORTS):
        answer = page.request.post("/report", form={**form, "key": f"limit-{number}"})
        assert answer.status == 200, answer.text()
    fill(page, "noise", "shanqi-2", "这一条不能丢")
    expect(page.get_by_role("alert")).to_contain_text("尚未提交")
    assert page.locator("textarea[name=text]").input_value() == "这一条不能丢"
    assert page.request.post("/report", form=form).status == 429
    fill(visit(), "noise", "shanqi-2", "别的居民不受影响")
    officer = visit("desk")
    fill(officer, "noise", "shanqi-2", "值班员不受影响")
    expect(officer.get_by_role("status")).to_be_visible()
