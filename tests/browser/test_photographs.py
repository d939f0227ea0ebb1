"""Photographs in the pages: sent from a telephone by a unit and by a resident, seen by the desk, refused if they are none."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from chassis.size_limits import MAX_UPLOAD_BYTES
from tests.browser.conftest import Visit
from tests.browser.test_whole_chain import await_listed
from tests.kit.console import Street
from tests.kit.pictures import located, opened, picture

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"


def send(page: Page, content: bytes, name: str = "IMG_0001.jpg", media_type: str = "image/jpeg") -> None:
    """Choose a file and send it."""
    attach = page.locator("summary", has_text="添加照片")
    if attach.count():
        attach.click()
    page.get_by_label("照片", exact=True).set_input_files({"name": name, "mimeType": media_type, "buffer": content})
    page.get_by_role("button", name="发送照片").click()


def shown(page: Page) -> list[Any]:
    """The natural sizes of the images of the gallery, once all have loaded."""
    images = page.locator(".gallery img")
    for image in images.all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
    return [image.evaluate("one => [one.naturalWidth, one.naturalHeight]") for image in images.all()]


def refusal(page: Page) -> Locator:
    """The reason that a page shows."""
    return page.get_by_role("alert")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_unit_and_a_resident_send_photographs_and_the_desk_sees_them(town: Street, visit: Visit, scripts: bool) -> None:
    ticket = town.whistle_blown("property_service", "单元门关不上")
    unit = visit("responders", phone=True, scripts=scripts)
    await_listed(unit, "/work", ticket)
    send(unit, picture((2000, 1500), orientation=6, gps=located()))
    expect(unit.get_by_role("status")).to_have_text("照片已发送。")
    if scripts:
        assert shown(unit) == [[1200, 1600]]

    resident = visit(phone=True, scripts=scripts)
    resident.goto(town.signed_link(ticket, "cancel"))
    send(resident, picture((300, 200), "PNG"), "屏幕截图.png", "image/png")
    expect(resident.get_by_role("status")).to_have_text("照片已发送。")
    expect(resident.locator("img")).to_have_count(0)

    desk = visit("desk")
    desk.goto(f"/tickets/{ticket}")
    assert shown(desk) == [[1200, 1600], [300, 200]]
    gallery = desk.locator(".gallery li")
    expect(gallery.first).to_contain_text("34.34120, 108.93972")
    expect(gallery.last).to_contain_text("居民")
    path = desk.locator(".gallery a").first.get_attribute("href")
    assert path is not None
    image = desk.request.get(f"{town.address}{path}")
    assert (image.status, image.headers["content-type"], opened(image.body()).size) == (200, "image/jpeg", (1200, 1600))
    assert (image.headers["cache-control"], image.headers["x-content-type-options"]) == ("no-store, private", "nosniff")
    assert unit.request.get(f"{town.address}{path}").status == 200
    assert visit("mediators").request.get(f"{town.address}{path}").status == 404
    assert "/sign-in" in visit().request.get(f"{town.address}{path}").url


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (SVG, "image/jpeg", "所选文件不是照片"),
        (HTML, "image/jpeg", "所选文件不是照片"),
        (SVG, "image/svg+xml", "所选文件不是照片"),
        (picture((400, 400))[:3000], "image/jpeg", "照片已损坏或不完整"),
        (picture() + b"\0" * (MAX_UPLOAD_BYTES + 1_000_000), "image/jpeg", "照片过大"),
        (b"", "image/jpeg", "请先选择照片"),
    ],
)
def test_what_is_no_photograph_is_refused_on_a_clear_page(
    town: Street, visit: Visit, content: bytes, media_type: str, reason: str
) -> None:
    ticket = town.whistle_blown("property_service", "楼道堆物")
    desk, resident = visit("desk"), visit(phone=True)
    desk.goto(f"/tickets/{ticket}")
    resident.goto(town.signed_link(ticket, "cancel"))
    for page in (desk, resident):
        send(page, content, "photo.jpg", media_type)
        expect(refusal(page)).to_contain_text(reason)
        expect(page.locator("main")).to_contain_text("发送照片")
    desk.goto(f"/tickets/{ticket}")
    expect(desk.locator(".gallery")).to_have_count(0)


def test_a_form_of_another_session_or_link_sends_nothing(town: Street, visit: Visit) -> None:
    ticket = town.whistle_blown("property_service", "电梯异响")
    desk = visit("desk")
    desk.goto(f"/tickets/{ticket}")
    desk.evaluate("document.querySelectorAll('input[name=csrf]').forEach(one => { one.value = 'x' })")
    send(desk, picture())
    expect(desk.get_by_role("heading", level=1)).to_have_text("表单无法读取")
    resident = visit(phone=True)
    resident.goto(town.signed_link(ticket, "cancel"))
    form = resident.locator("form[enctype='multipart/form-data']")
    form.evaluate("one => { one.action = one.action.replace(/token=.*/, 'token=x') }")
    send(resident, picture())
    expect(resident.get_by_role("heading", level=1)).to_have_text("这个链接无效")
    grid = visit("grid")
    answer = grid.request.post(
        f"{town.address}/tickets/{ticket}/photographs",
        multipart={"csrf": csrf(grid), "key": "k", "photograph": {"name": "a", "mimeType": "image/jpeg", "buffer": picture()}},
    )
    assert answer.status == 404
    desk.goto(f"/tickets/{ticket}")
    expect(desk.locator(".gallery")).to_have_count(0)


def csrf(page: Page) -> str:
    """The token of the session's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.content())
    assert found is not None
    return found[1]
