"""Pages and files of the figures over services that answer as a test says: what is shown of many, and what of a failure."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from openpyxl import load_workbook

from contracts.http.dispatch_lists import GET_DIRECTORY, LIST_CASES
from contracts.http.ledger import GET_KPIS
from contracts.http.ledger_tickets import COUNT_TICKETS, LIST_FIGURE_TICKETS
from tests.kit.console_app import console_client

ROOT_HASH = "9f" * 32
TICKET = LIST_FIGURE_TICKETS.answered["tickets"][0]


class Ledger:
    """A ledger with three overdue tickets on three pages, and figures that were worse in February."""

    def __init__(self, overdue: int = 3) -> None:
        self.asked: list[str] = []
        self.overdue = overdue

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, search = request.url.path, request.url.params
        self.asked.append(path)
        if path == "/kpis":
            rate = {"2026-03": 0.9, "2026-02": 0.75}[search["month"]]
            (figure,) = GET_KPIS.answered["figures"]
            return self._answer({**GET_KPIS.answered, "figures": [{**figure, "rate": rate}]})
        if path == "/kpis/completion/tickets":
            assert search["side"] == "miss"
            number = int(search.get("after", "0")) + 1
            due = f"2026-03-{31 - number:02}T09:00:00+08:00"
            found = [{**TICKET, "id": f"T{number}", "due": due, "closed_at": None}]
            following = str(number) if number < self.overdue else None
            return self._answer({**LIST_FIGURE_TICKETS.answered, "tickets": found, "next": following})
        if path == "/counts":
            total = {**COUNT_TICKETS.answered["total"], "overdue": self.overdue}
            part = {"category": "noise", "area": "shanqi-1", "urgency": "E2"}[search["by"]]
            return self._answer({**COUNT_TICKETS.answered, "total": total, "groups": [{**total, "part": part}]})
        if path == "/log":
            return self._answer({"size": 1342, "root": ROOT_HASH})
        return self._answer(GET_DIRECTORY.answered)

    def _answer(self, body: Any) -> httpx.Response:
        return httpx.Response(200, json=body)


def text_of(html: str) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def test_the_report_compares_counts_lists_and_proves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger()
    client = console_client(tmp_path, monkeypatch, ledger, ["reader"])
    answer = client.get("/statistics/report?month=2026-03&area=shanqi-1")
    said = text_of(answer.text)
    assert answer.status_code == 200
    assert "Report on the matters of March 2026" in said
    assert "90.0 % 75.0 % +15.0" in said
    assert re.search("T3 .* T2 .* T1", said), "the earliest due first"
    assert "The others are in the list" not in said
    assert f"it had 1342 entries; its root is: {ROOT_HASH}" in said
    assert "/log" not in ledger.asked[: ledger.asked.index("/kpis/completion/tickets")], "the root covers what was counted"
    assert [path for path in ledger.asked if path != "/directory"][-1] == "/log"
    assert all(name in said for name in ("Shanqi grid 1", "Noise", "E2 General", "answers that say resolved / answers"))


def test_of_very_many_overdue_tickets_the_first_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(overdue=28)
    monkeypatch.setattr("console.pages.monthly_report.MAX_OVERDUE", 20)
    said = text_of(console_client(tmp_path, monkeypatch, ledger, ["reader"]).get("/statistics/report?month=2026-03").text)
    assert "Due and not closed : 28" in said or "Due and not closed: 28" in said
    assert ledger.asked.count("/kpis/completion/tickets") == 20
    assert "The others are in the list" in said


@pytest.mark.parametrize(
    ("roles", "status"), [(None, 303), ([], 403), (["responder"], 403), (["desk"], 403), (["reader"], 200)]
)
def test_who_may_see_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: list[str] | None, status: int) -> None:
    client = console_client(tmp_path, monkeypatch, Ledger(), roles)
    assert client.get("/statistics/report?month=2026-03").status_code == status


def cases(*pages: int | dict[str, Any]) -> Any:
    """Return services whose list of cases has these pages; a number is the status of a failure."""
    left = list(pages)

    def answer(_: httpx.Request) -> httpx.Response:
        page = left.pop(0)
        return httpx.Response(page) if isinstance(page, int) else httpx.Response(200, json=page)

    return answer


FIRST = {**LIST_CASES.answered, "next": "W1"}


@pytest.mark.parametrize(("path", "pages"), [("/queue.csv", [503]), ("/queue.xlsx", [503]), ("/queue.xlsx", [FIRST, 503])])
def test_a_file_that_cannot_be_made_is_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, pages: list[Any]
) -> None:
    answer = console_client(tmp_path, monkeypatch, cases(*pages), ["desk"]).get(path)
    assert answer.status_code == 503
    assert "content-disposition" not in answer.headers
    assert "A part of the system does not answer" in answer.text


def test_a_csv_file_that_breaks_off_ends_without_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = console_client(tmp_path, monkeypatch, cases(FIRST, 503), ["desk"])
    with pytest.raises(RuntimeError, match="response already started"):
        client.get("/queue.csv")


@pytest.mark.parametrize(("language", "named"), [("zh", "工单队列-"), ("en", "Queue-")])
def test_a_file_is_named_in_the_visitors_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, named: str
) -> None:
    client = console_client(tmp_path, monkeypatch, cases(LIST_CASES.answered), ["desk"], language)
    answer = client.get("/queue.xlsx")
    disposition = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"queue-\d{4}-\d\d-\d\d\.xlsx\"; filename\*=UTF-8''[!-~]+", disposition)
    assert unquote(disposition.partition("UTF-8''")[2]).startswith(named)
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert load_workbook(io.BytesIO(answer.content)).active["A2"].value == LIST_CASES.answered["cases"][0]["id"]
