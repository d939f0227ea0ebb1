"""Lists as files: who sees a page downloads its list, with the same filters and in their language."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.pages import Scene

LISTS = {
    "/queue": {"desk", "supervisors"},
    "/work": {"supervisors", "responders", "mediators", "grid"},
    "/statistics": {"desk", "supervisors"},
    "/statistics/completion": {"desk", "supervisors"},
}


def downloaded(page: Page, link: str) -> tuple[str, bytes]:
    """Click a link and return the name and content of the file."""
    with page.expect_download() as started:
        page.get_by_role("link", name=link).first.click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def lines(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def cells(content: bytes) -> list[tuple[Any, ...]]:
    """Return the rows of a workbook."""
    return list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def test_the_queue_is_exported_with_its_filters(scene: Scene, visit: Visit) -> None:
    page = visit("desk")
    page.goto("/queue?category=noise&area=shanqi-1")
    shown = {link.get_attribute("href").rpartition("/")[2] for link in page.locator("tbody a").all()}
    name, content = downloaded(page, "CSV")
    rows = lines(content)
    assert name.startswith("工单队列-20")
    assert name.endswith(".csv")
    assert {row["编号"] for row in rows} == shown
    assert {row["事项类别"] for row in rows} == {"噪声扰民"}
    (mine,) = [row for row in rows if row["编号"] == scene.at_work]
    assert datetime.fromisoformat(mine["受理时间"]).utcoffset().total_seconds() == 8 * 3600
    assert (mine["小区"], mine["紧急程度"]) == ("阳光家园", "E2 一般")

    name, content = downloaded(page, "Excel (XLSX)")
    assert name.endswith(".xlsx")
    header, *table = cells(content)
    assert list(header) == list(rows[0])
    assert {row[0] for row in table} == shown
    received = header.index("受理时间")
    assert all(isinstance(row[received], datetime) for row in table)
    assert mine["受理时间"].startswith(next(row[received] for row in table if row[0] == scene.at_work).isoformat())


def test_files_are_in_the_visitors_language(scene: Scene, visit: Visit) -> None:
    page = visit("desk", language="en-GB")
    page.goto("/statistics")
    name, content = downloaded(page, "CSV")
    assert name.startswith("Statistics-20")
    rows = {row["Figure"]: row for row in lines(content)}
    assert rows["Joint actions"]["Formula"] == "joint actions called / tickets"
    assert int(rows["Joint actions"]["Denominator"]) >= 2
    page.goto("/statistics?lang=zh")
    header, *table = cells(downloaded(page, "Excel (XLSX)")[1])
    calls = next(row for row in table if row[0] == "部门吹哨率")
    assert calls[header.index("公式")] == "发起部门联动的次数 / 工单数"
    assert isinstance(calls[header.index("比率")], int | float)


def test_tickets_behind_a_figure_are_exported(scene: Scene, visit: Visit) -> None:
    page = visit("desk")
    page.goto(f"/statistics/department_calls?month={scene.month}&category=property_service&side=miss")
    rows = lines(downloaded(page, "CSV")[1])
    assert scene.answered in {row["编号"] for row in rows}
    assert scene.at_work not in {row["编号"] for row in rows}
    assert {(row["分子"], row["分母"]) for row in rows} == {("0", "1")}


def test_a_responders_own_work_is_exported(scene: Scene, visit: Visit) -> None:
    page = visit("responders", phone=True)
    page.goto("/work")
    rows = lines(downloaded(page, "CSV")[1])
    assert scene.at_work in {row["编号"] for row in rows}
    assert {row["单位"] for row in rows} <= {"阳光物业", "阳光物业二部", "和平物业"}


@pytest.mark.parametrize("account", ["desk", "supervisors", "responders", "mediators", "grid", None])
def test_who_may_see_a_page_may_export_it_and_nobody_else(account: str | None, visit: Visit) -> None:
    page = visit(account)
    for path, allowed in LISTS.items():
        for suffix in ("csv", "xlsx"):
            answer = page.request.get(f"{path}.{suffix}", max_redirects=0)
            if account is None:
                assert answer.status == 303
            else:
                assert (answer.status == 200) == (account in allowed), (path, answer.status)
                assert answer.status in {200, 403}
            assert ("attachment" in answer.headers.get("content-disposition", "")) == (answer.status == 200)


def test_a_list_that_does_not_exist_is_a_page(visit: Visit) -> None:
    page = visit("desk")
    for path in ("/queue.pdf", "/statistics/beauty.csv", "/statistics/beauty.xlsx", "/statistics/beauty", "/report.csv"):
        assert page.request.get(path).status == 404, path
    for path in ("/queue.csv?urgency=E9", "/statistics.xlsx?month=March", "/statistics/report?month=March"):
        answer = page.request.get(path)
        assert answer.status == 422, path
        assert "<h1>" in answer.text()
