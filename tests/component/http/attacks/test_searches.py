"""Tricks in paths and behind the question mark: what is refused names the field, what is harmless finds nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.component.http.client import ask
from tests.kit.deployment import Deployment

pytestmark = pytest.mark.parametrize("stack", ["embedded"], indirect=True)

SEARCHES: list[tuple[str, str, str, str | None]] = [
    # service, what is searched, how, the field that is named; None where it is only a search that finds nothing
    *(
        ("tickets", "/tickets", f"limit={text}", "limit")
        for text in ("0", "-1", "201", "1_0", "+5", " 5", "٣", "5.0", "1e1", "NaN")
    ),
    *(("tickets", "/tickets", f"limit={text}", "limit") for text in ("", "9" * 30, "0x10", "5\0")),
    ("tickets", "/tickets", "limit=1&limit=2", "limit"),
    ("tickets", "/tickets", "state=OPEN", "state"),
    ("tickets", "/tickets", "state=open;category=noise", "state"),
    ("tickets", "/tickets", "area=", "area"),
    ("tickets", "/tickets", "area=a\0b", "area"),
    ("tickets", "/tickets", "area=a b", "area"),
    ("tickets", "/tickets", f"area={'x' * 81}", "area"),
    ("tickets", "/tickets", "area=\x9b2J", "area"),
    ("tickets", "/tickets", "area='; DROP TABLE tickets; --", "area"),
    ("tickets", "/tickets", "area='||pg_sleep(9)||'", None),
    ("tickets", "/tickets", "area=%", None),
    ("tickets", "/tickets", "category=\u202eقىز😀", None),
    ("tickets", "/tickets", "area[]=shanqi-1", "?"),  # no name of ours: it is not repeated
    ("tickets", "/tickets", "Area=shanqi-1", "Area"),
    ("tickets", "/tickets", "=1", "?"),
    *(("dispatch", "/cases", f"breached={text}", "breached") for text in ("True", "1", "yes", "", "null")),
    *(("dispatch", "/cases", f"due_before={text}", "due_before") for text in ("2026-03-03", "2026-03-03T09:00:00", "soon", "")),
    *(
        ("dispatch", "/cases", f"after={text}", "after")
        for text in ("T1", "e30", "W10", "WyIyMDI2IiwiVCJd", "%00", "", "x" * 801)
    ),
    *(("dispatch", "/cases", f"{name}=", name) for name in ("state", "level", "urgency", "category", "area", "estate", "unit")),
    ("dispatch", "/cases", "limit=201", "limit"),
    ("dispatch", "/cases", "sort=due", "sort"),
    ("dispatch", "/cases", "area='||pg_sleep(9)||'", None),
    ("dispatch", "/cases", "unit=%", None),
    *(("ledger", "/kpis", f"month={text}", "month") for text in ("0000-01", "0001-01", "1899-12", "2200-01", "9999-12")),
    *(("ledger", "/kpis", f"month={text}", "month") for text in ("2026-00", "2026-13", "2026-1", "２０２６-01", "2026-01\n")),
    *(("ledger", "/kpis", f"month={text}", None) for text in ("1900-01", "2199-12")),
    ("ledger", "/kpis", "by=area", "by"),
    ("ledger", "/kpis/response", "by=colour", "by"),
    ("ledger", "/kpis", "unit=\ud800", None),
    ("ledger", "/kpis", "urgency=e0", "urgency"),
]

NOBODY = [
    "..%2fT1",
    "%2e%2e",
    ".",
    "%",
    "%zz",
    "%00",
    "%0d%0aX:%20y",
    "%c3%28",
    "%ed%a0%80",
    "%e2%80%ae",
    "%F0%9F%98%80",
    "a;b",
]
PATHS = [
    *(("tickets", f"/tickets/{name}") for name in NOBODY),
    *(("dispatch", f"/cases/{name}") for name in NOBODY),
    *(("ledger", f"/accounts/{name}") for name in NOBODY),
    *(("ledger", f"/kpis/{name}") for name in NOBODY),
    ("ledger", "/log/%00"),
    ("notify", "/tickets/%20/notices"),
    ("notify", f"/tickets/{'x' * 81}/notices"),
    ("tickets", "//elsewhere/tickets"),
    ("tickets", "/tickets/../whistles"),
    ("tickets", "/./tickets"),
    ("tickets", "/TICKETS"),
    ("tickets", "/tickets#x"),
    ("tickets", "/tickets;x=1"),
]


@pytest.mark.parametrize(("service", "path", "search", "field"), SEARCHES)
def test_a_search(stack: Deployment, service: str, path: str, search: str, field: str | None) -> None:
    reply = ask(stack, service, "GET", f"{path}?{quote(search, safe='=&%', errors='surrogatepass')}", "desk")
    if field is None:
        assert reply.status == 200
        assert not reply.body.get("tickets", reply.body.get("cases"))
    else:
        assert (reply.status, [error["field"] for error in reply.body["errors"]]) == (422, [field])


@pytest.mark.parametrize(("service", "path"), PATHS)
def test_a_path_to_nobody(stack: Deployment, service: str, path: str) -> None:
    assert ask(stack, service, "GET", path, "desk").status == 404
