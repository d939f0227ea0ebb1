"""A noise at night, from the report to the resident's answer, in the pages alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.kit.console import Street


def report(page: Page, text: str, place: str = "shanqi-1/yangguang", category: str = "property_service") -> None:
    page.goto("/report")
    page.get_by_label("什么问题？").fill(text)
    page.get_by_label("事项类别").select_option(category)
    page.get_by_label("小区和网格").select_option(place)
    page.get_by_label("具体位置").fill("3号楼2单元")
    page.get_by_label("姓名").fill("王阿姨")
    page.get_by_label("电话", exact=True).fill("029-87654321")
    page.get_by_role("button", name="提交").click()
    another = page.get_by_role("button", name="是另一件事，继续提交")
    expect(another.or_(page.locator("strong.number"))).to_be_visible()
    if another.count():  # others have reported the like
        another.click()
    other = page.get_by_role("button", name="是另一件事")  # where others reported the like, the form is shown once more
    if other.count():
        other.click()


def test_a_resident_reports_and_a_street_office_closes_the_ticket(town: Street, visit: Visit) -> None:
    resident = visit(phone=True)
    report(resident, "电梯停了两天，老人下不了楼")
    number = resident.locator("strong.number").inner_text()

    desk = visit("desk")
    await_listed(desk, "/queue?category=property_service", number)
    expect(desk.locator("p.number").first).to_have_text(number)
    expect(desk.get_by_text("电梯停了两天")).to_be_visible()
    expect(desk.get_by_text("王阿姨")).to_be_visible()

    property_company = visit("responders", phone=True)
    await_listed(property_company, "/work", number)
    for command in ("签收", "已联系居民", "到场报到"):
        property_company.get_by_role("button", name=command, exact=True).click()
        expect(property_company.get_by_role("status")).to_contain_text(command)
    done = command_form(property_company, "办理完毕")
    done.get_by_label("说明").fill("已更换门机，恢复运行")
    done.get_by_role("button", name="办理完毕").click()
    expect(property_company.get_by_role("status")).to_contain_text("办理完毕")

    grid_worker = visit("grid", phone=True)
    await_listed(grid_worker, "/work", number)
    check = command_form(grid_worker, "登记核查结果")
    check.get_by_label("是", exact=True).check()
    check.get_by_role("button", name="登记核查结果").click()
    expect(grid_worker.get_by_role("status")).to_contain_text("登记核查结果")

    resident.goto(town.link(number, "rate"))
    expect(resident.get_by_role("heading", level=1)).to_have_text("已核查，请告诉我们是否解决")
    resident.get_by_label("解决了", exact=True).check()
    resident.get_by_label("满意", exact=True).check()
    resident.get_by_role("button", name="提交答复").click()
    expect(resident.get_by_role("heading", level=1)).to_have_text("您反映的问题已办结")

    desk.goto(f"/tickets/{number}")
    expect(desk.locator("dl.facts").first).to_contain_text(re.compile("已办结"))


def command_form(page: Page, name: str) -> Locator:
    """Open the form of a command that asks for more, and return it."""
    form = page.locator("details.command").filter(has=page.locator("summary", has_text=re.compile(f"^{name}$")))
    form.locator("summary").click()
    return form


def await_listed(page: Page, path: str, number: str) -> None:
    """Open a ticket as soon as it is in a list: the event that puts it there may be on its way."""
    link = page.locator(f"a[href='/tickets/{number}']")
    for _ in range(120):
        page.goto(path)
        if link.count():
            break
        page.wait_for_timeout(500)
    link.click()
