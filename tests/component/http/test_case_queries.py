"""What a console asks dispatch: lists of cases and of work, clocks, allowed commands, the directory, a resident's progress."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chassis.signed_links import Links
from contracts.codes import Command
from tests.component.http.client import PRIVATE, ask, key, whistle
from tests.kit.deployment import SECRET, Deployment
from tests.kit.openapi_conformance import Reply
from tests.kit.processes import wait_until

PROPERTY, SECOND = "yangguang-property", "yangguang-property-2"
SUPERVISOR = "shanqi-supervisor"


def get(stack: Deployment, path: str, account: str | None = "desk", **search: Any) -> Reply:
    """One query of dispatch."""
    asked = "&".join(f"{name}={quote(str(value))}" for name, value in search.items())
    return ask(stack, "dispatch", "GET", f"{path}?{asked}" if asked else path, account)


def at_work(stack: Deployment, **changes: Any) -> str:
    """A ticket whose case is under way."""
    ticket: str = whistle(stack, key(), **changes).body["ticket"]
    wait_until(lambda: get(stack, f"/cases/{ticket}").status == 200, "the case")
    return ticket


def report(stack: Deployment, ticket: str, command: str, unit: str, account: str, **more: Any) -> Reply:
    """A unit reports."""
    return ask(
        stack, "dispatch", "POST", "/reports", account, {"ticket": ticket, "command": command, "unit": unit, **more}, key()
    )


def every(stack: Deployment, path: str, of: str, account: str, limit: int, **search: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found, after = [], {}
    while True:
        page = get(stack, path, account, limit=limit, **search, **after).body
        found += page[of]
        if page["next"] is None:
            return found
        assert len(page[of]) == limit
        after = {"after": page["next"]}


def commands(stack: Deployment, ticket: str, account: str) -> dict[str, dict[str, dict[str, Any]]]:
    """What the account's units may do, by unit and command."""
    units = get(stack, f"/cases/{ticket}/commands", account).body["units"]
    return {one["unit"]: {choice["command"]: choice for choice in one["commands"]} for one in units}


def test_a_case_is_listed_with_its_units_and_its_next_due_time(stack: Deployment) -> None:
    ticket = at_work(stack)
    (item,) = [one for one in every(stack, "/cases", "cases", "desk", 200) if one["id"] == ticket]
    clocks = get(stack, f"/cases/{ticket}/clocks").body["clocks"]
    assert item["units"] == [{"unit": PROPERTY, "purpose": "handle", "step": "made"}]
    assert (item["due"], item["due_clock"]) == (clocks[0]["due"], "sign")
    assert (item["level"], item["state"], item["urgency"], item["dispute"]) == ("property", "working", "E2", True)
    assert (item["paused"], item["breached"], item["nobody"], item["generation"]) == (False, False, False, 1)


def test_every_filter_keeps_the_cases_it_names_and_no_other(stack: Deployment) -> None:
    mine = at_work(stack, estate="heping", area="shanqi-2", category="parking")
    other = at_work(stack)
    soon = datetime.fromisoformat(get(stack, f"/cases/{mine}/clocks").body["clocks"][0]["due"])
    table: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"estate": "heping"}, {"estate": "yangguang-2"}),
        ({"area": "shanqi-2"}, {"area": "shanqi-1"}),
        ({"area": "huancheng"}, {"area": "nowhere"}),
        ({"category": "parking"}, {"category": "noise"}),
        ({"state": "working"}, {"state": "verified"}),
        ({"level": "property"}, {"level": "mediation"}),
        ({"urgency": "E2"}, {"urgency": "E3"}),
        ({"unit": "heping-property"}, {"unit": "grid-worker-1"}),
        ({"breached": "false"}, {"breached": "true"}),
        ({"open": "true"}, {"open": "false"}),
        ({"nobody": "false"}, {"nobody": "true"}),
        ({"due_before": (soon + timedelta(seconds=1)).isoformat()}, {"due_before": soon.isoformat()}),
    ]
    for keeps, drops in table:
        assert mine in ids(stack, **keeps), keeps
        assert mine not in ids(stack, **drops), drops
    everything = {name: value for keeps, _ in table for name, value in keeps.items()}
    assert mine in ids(stack, **everything)
    assert other not in ids(stack, **everything)


def ids(stack: Deployment, **search: Any) -> list[str]:
    """The ids of all cases that a search finds."""
    return [one["id"] for one in every(stack, "/cases", "cases", "desk", 200, **search)]


def test_pages_of_cases_and_work_are_in_order_and_have_each_once(stack: Deployment) -> None:
    mine = [at_work(stack) for _ in range(5)]
    assert report(stack, mine[2], "sign", PROPERTY, "responders").status == 202
    for path, of, account, name in (("/cases", "cases", "desk", "id"), ("/work", "work", "responders", "ticket")):
        items = every(stack, path, of, account, 2)
        dues = [one["due"] for one in items]
        timed = [datetime.fromisoformat(due) for due in dues if due]
        assert timed == sorted(timed)
        assert None not in dues[: len(timed)], "what has no due time comes last"
        found = [one[name] for one in items if one[name] in mine]
        assert sorted(found) == sorted(mine)
        assert found[-1] == mine[2], "a signed one is due later"


def test_work_is_that_of_the_units_the_account_speaks_for(stack: Deployment) -> None:
    ticket = at_work(stack)

    def work(account: str, **search: Any) -> list[dict[str, Any]]:
        return [one for one in every(stack, "/work", "work", account, 200, **search) if one["ticket"] == ticket]

    (one,) = work("responders")
    assert (one["assignment"], one["unit"], one["purpose"], one["step"]) == (f"{ticket}-1", PROPERTY, "handle", "made")
    assert (one["asked"], one["level"], one["contacted"], one["due_clock"]) == (None, "property", False, "sign")
    assert work("responders", unit=PROPERTY) == [one]
    assert work("responders", unit=SECOND) == work("grid") == work("supervisors") == []
    refused = get(stack, "/work", "responders", unit="grid-worker-1")
    assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (403, ["unit"])
    assert report(stack, ticket, "handle", PROPERTY, "responders").status == 202
    wait_until(lambda: len(work("grid")) == 1, "the verifier is named")
    assert work("responders") == []
    assert [(one["purpose"], one["level"], one["due_clock"]) for one in work("grid")] == [("verify", "verify", "verify")]


def test_a_supervisor_finds_what_is_asked_of_it(stack: Deployment) -> None:
    ticket = at_work(stack)

    def asked(account: str = "supervisors") -> list[tuple[str, str, str, Any]]:
        work = every(stack, "/work", "work", account, 3)
        return [(one["asked"], one["unit"], one["purpose"], one["assignment"]) for one in work if one["ticket"] == ticket]

    later = (stack.business_now() + timedelta(days=20)).isoformat()
    assert commands(stack, ticket, "supervisors")[SUPERVISOR]["rule"]["reason"]["code"] == "no_ruling_asked"
    assert report(stack, ticket, "extend", PROPERTY, "responders", until=later).status == 202
    assert asked() == [("extension", SUPERVISOR, "handle", None)]
    assert commands(stack, ticket, "supervisors")[SUPERVISOR]["rule"]["wants"] == ["passed"]
    assert report(stack, ticket, "rule", SUPERVISOR, "supervisors", passed=False).status == 202
    for unit in (PROPERTY, SECOND):
        assert report(stack, ticket, "return", unit, "responders", reason="not_my_duty").status == 202
    assert asked() == [("ruling", SUPERVISOR, "handle", None)]
    assert asked("grid") == []
    assert [one["nobody"] for one in every(stack, "/cases", "cases", "desk", 200) if one["id"] == ticket] == [True]
    assert commands(stack, ticket, "supervisors")[SUPERVISOR]["rule"]["wants"] == ["to"]
    assert report(stack, ticket, "rule", SUPERVISOR, "supervisors", to="shanqi-mediator").status == 202
    assert asked() == []


def test_clocks_explain_themselves_and_say_what_comes_next(stack: Deployment) -> None:
    ticket = at_work(stack)
    seen = get(stack, f"/cases/{ticket}/clocks").body
    by_name = {one["clock"]: one for one in seen["clocks"]}
    assert set(by_name) == {"sign", "contact", "report_in", "handle", "handle_within"}
    assert [one["due"] for one in seen["clocks"]] == sorted(one["due"] for one in seen["clocks"])
    sign, handle = by_name["sign"], by_name["handle"]
    assert (sign["unit"], sign["rule"], sign["escalates"], sign["stage"]) == (PROPERTY, "1wh", True, 0)
    assert sign["explanation"].startswith("自 ")
    assert [(mark["stage"], mark["to"]) for mark in sign["ahead"]] == [
        ("urge_half", PROPERTY),
        ("urge_most", PROPERTY),
        ("escalate", None),
    ]
    assert sign["ahead"][-1]["at"] == sign["due"]
    assert [(mark["stage"], mark["to"]) for mark in handle["ahead"]] == [
        ("urge_half", PROPERTY),
        ("urge_most", PROPERTY),
        ("supervise", SUPERVISOR),
        ("report_up", "huancheng-supervisor"),
        ("top_called", "lianhu-supervisor"),
    ]
    assert (seen["paused"], seen["pauses"]) == (False, [])
    later = (stack.business_now() + timedelta(days=2)).isoformat()
    assert report(stack, ticket, "pause", SUPERVISOR, "supervisors", until=later).status == 202
    seen = get(stack, f"/cases/{ticket}/clocks").body
    assert (seen["paused"], [pause["end"] for pause in seen["pauses"]]) == (True, [None])
    assert all(one["explanation"] for one in seen["clocks"])
    (item,) = [one for one in every(stack, "/cases", "cases", "desk", 200) if one["id"] == ticket]
    assert (item["paused"], item["due"], item["due_clock"]) == (True, None, None)


def test_a_responder_sees_only_cases_in_which_it_has_a_part(stack: Deployment) -> None:
    ticket = at_work(stack)
    for path in (f"/cases/{ticket}", f"/cases/{ticket}/clocks"):
        seen = {account: get(stack, path, account).status for account in ("responders", "supervisors", "grid", "desk", "app")}
        assert seen == {"responders": 200, "supervisors": 200, "grid": 404, "desk": 200, "app": 403}
        assert get(stack, path, None).status == 401
    assert get(stack, "/cases/T-NOBODY/clocks", "responders").status == 404


def test_the_commands_are_those_that_the_rules_take(stack: Deployment) -> None:
    ticket = at_work(stack)
    mine = commands(stack, ticket, "responders")
    assert set(mine) == {PROPERTY}
    assert set(mine[PROPERTY]) == set(Command)
    allowed = {name for name, one in mine[PROPERTY].items() if one["allowed"]}
    assert allowed == {"sign", "contact", "report_in", "progress", "return", "hand_up", "handle", "extend"}
    assert (mine[PROPERTY]["return"]["wants"], mine[PROPERTY]["extend"]["wants"]) == (["reason"], ["until"])
    assert mine[PROPERTY]["verify"]["reason"]["code"] == "not_assigned"
    assert report(stack, ticket, "sign", PROPERTY, "responders").status == 202
    late = commands(stack, ticket, "responders")[PROPERTY]["sign"]
    assert (late["allowed"], late["reason"]["code"]) == (False, "too_late")
    assert late["reason"]["zh"].startswith("已签收")
    assert late["reason"]["en"].startswith("it was signed")
    of_supervisors = commands(stack, ticket, "supervisors")
    assert list(of_supervisors) == [SUPERVISOR, "huancheng-supervisor", "lianhu-supervisor"]
    assert of_supervisors[SUPERVISOR]["pause"]["allowed"]
    assert (get(stack, f"/cases/{ticket}/commands", "grid").status, get(stack, f"/cases/{ticket}/commands").status) == (
        404,
        403,
    )


def test_any_link_of_the_ticket_shows_its_progress(stack: Deployment) -> None:
    ticket, now = at_work(stack), stack.business_now()
    links = Links(SECRET)

    def progress(token: str, of: str = ticket, **headers: str) -> Reply:
        return ask(stack, "dispatch", "GET", f"/cases/{of}/progress?token={token}", headers=headers)

    for purpose, generation in (("rate", 1), ("respond", 7), ("consent", 1)):
        seen = progress(links.sign(ticket, purpose, generation, now))
        assert seen.status == 200
    (unit,) = seen.body["units"]
    assert (unit["unit"], unit["level"], unit["purpose"], unit["step"]) == (PROPERTY, "property", "handle", "made")
    assert {one["clock"] for one in seen.body["clocks"]} == {"contact", "handle", "handle_within"}
    assert (seen.body["state"], seen.body["level"], seen.body["mediation"], seen.body["joint_action"]) == (
        "working",
        "property",
        None,
        None,
    )
    assert not [word for word in PRIVATE if word in str(seen.body)]
    expired = progress(links.sign(ticket, "rate", 1, now - timedelta(days=31)))
    foreign = progress(links.sign("T-OTHER", "rate", 1, now))
    assert (expired.status, foreign.status, progress("nonsense").status) == (410, 422, 422)
    assert progress(links.sign("T-NOBODY", "rate", 1, now), "T-NOBODY").status == 404
    assert get(stack, f"/cases/{ticket}/progress", None).status == 422


def test_a_browser_gets_the_progress_as_a_page(stack: Deployment) -> None:
    ticket = at_work(stack)
    token = Links(SECRET).sign(ticket, "rate", 1, stack.business_now())
    for given, status, told in ((token, 200, "事项正在办理。"), ("nonsense", 422, "not signed by us")):
        address = f"http://127.0.0.1:{stack.ports['dispatch'][0]}/cases/{ticket}/progress?token={given}"
        asked = urllib.request.Request(address, headers={"Accept": "text/html"})
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                seen, page, headers = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as refused:
            seen, page, headers = refused.code, refused.read().decode(), refused.headers
        assert (seen, told in page) == (status, True)
        assert headers["Content-Type"].startswith("text/html")
        assert headers["Referrer-Policy"] == "no-referrer"


def test_the_progress_of_a_mediation_has_consents_and_sessions(stack: Deployment) -> None:
    ticket, now = at_work(stack), stack.business_now()
    token = Links(SECRET).sign(ticket, "respond", 1, now)

    def mediation() -> dict[str, Any]:
        return dict(ask(stack, "dispatch", "GET", f"/cases/{ticket}/progress?token={token}").body["mediation"])

    def party(request: str, party: str) -> int:
        body = {"request": request, "party": party}
        return ask(stack, "dispatch", "POST", f"/cases/{ticket}/requests", "desk", body, key()).status

    assert report(stack, ticket, "hand_up", PROPERTY, "responders").status == 202
    session = commands(stack, ticket, "mediators")["shanqi-mediator"]["session"]
    assert (session["allowed"], session["reason"]["code"]) == (False, "no_consent")
    assert [party("consent", one) for one in ("applicant", "respondent")] == [202, 202]
    assert report(stack, ticket, "session", "shanqi-mediator", "mediators").status == 202
    seen = mediation()
    assert (seen["mediator"], seen["sessions"], seen["outcome"]) == ("shanqi-mediator", ["说事"], None)
    assert [(one["consented"], one["withdrawn"]) for one in seen["consents"]] == [(True, False)] * 2
    assert party("withdraw", "respondent") == 202
    seen = mediation()
    assert [(one["party"], one["consented"], one["withdrawn"]) for one in seen["consents"]] == [
        ("applicant", True, False),
        ("respondent", False, True),
    ]
    action = ask(stack, "dispatch", "GET", f"/cases/{ticket}/progress?token={token}").body["joint_action"]
    assert (action["lead"], [unit["unit"] for unit in action["units"]]) == ("lianhu-urban", ["lianhu-urban", "shanqi-police"])


def test_the_directory_is_shown_whole(stack: Deployment) -> None:
    seen = get(stack, "/directory").body
    assert {"code": "shanqi-1", "kind": "grid", "parent": "shanqi"} in seen["areas"]
    assert {"code": "noise", "urgency": "E2", "dispute": True} in seen["categories"]
    assert {"code": "grid-worker-1", "role": "grid_worker", "areas": ["shanqi-1"], "categories": []} in seen["responders"]
    assert seen["version"] > 0
    assert [one["code"] for one in seen["areas"]] == sorted(one["code"] for one in seen["areas"])


@pytest.mark.parametrize(
    ("path", "account", "wrong"),
    [("/cases", "desk", "responders"), ("/work", "responders", "desk"), ("/directory", "desk", "responders")],
)
def test_a_list_is_for_its_role(stack: Deployment, path: str, account: str, wrong: str) -> None:
    assert [get(stack, path, who).status for who in (account, wrong, None)] == [200, 403, 401]
