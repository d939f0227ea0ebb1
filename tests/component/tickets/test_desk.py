"""What those who work on a ticket read of it, and what it says to whoever holds one of its links."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from chassis.signed_links import ExpiredLink, Links
from tests.component.tickets.town import DAY, WHISTLE, Town, located, place
from tests.kit.processes import wait_until

TOLD = {**WHISTLE, "address": "3号楼2单元", "respondent": {"name": "李先生", "phone": "029-00005678"}}


def reading(town: Town, ticket: str, account: str | None) -> int:
    """The status that an account gets for the private part of a ticket."""
    return town.ask("GET", f"/tickets/{ticket}/matter", account).status


def until_reading(town: Town, ticket: str, account: str, status: int) -> None:
    """Wait until the account gets this status."""
    wait_until(lambda: reading(town, ticket, account) == status, f"{status} for {account}", 30)


def counted(town: Town, role: str) -> float:
    """How often the private part of a ticket was read by accounts of a role."""
    with urllib.request.urlopen(town.stack.ops("tickets", "/metrics"), timeout=20) as page:
        lines = page.read().decode().splitlines()
    return float(
        next(line for line in lines if line.startswith(f'whistle_tickets_matters_read_total{{role="{role}"}}')).split()[-1]
    )


def test_the_desk_and_the_unit_at_work_read_the_matter_and_it_is_logged(town: Town) -> None:
    ticket = town.at_work(**TOLD, location=located((34.31, 108.91)))
    assert town.order(ticket, "requests", "desk", request="cancel", comment="已经安静了").status == 202
    other = town.at_work(**TOLD)
    before = counted(town, "responder")
    seen = town.ask("GET", f"/tickets/{ticket}/matter", "desk").body
    assert (seen["text"], seen["address"], seen["source"]) == (TOLD["text"], TOLD["address"], "/accounts/hotline")
    assert (seen["reporter"], seen["respondent"]["name"]) == (TOLD["reporter"], "李先生")
    assert seen["place"] == {"lat": pytest.approx(34.31), "lon": pytest.approx(108.91)}
    (asked,) = seen["requests"]
    assert (asked["request"], asked["noted_by"], asked["comment"]) == ("cancel", "desk", "已经安静了")
    until_reading(town, other, "responders", 200)
    assert counted(town, "responder") >= before + 1
    lines = [json.loads(line) for line in town.stack.log("tickets", 400).splitlines() if "private part" in line]
    assert {("desk", ticket), ("responders", other)} <= {(line["account"], line["ticket"]) for line in lines}
    assert not any(word in json.dumps(lines, ensure_ascii=False) for word in (TOLD["text"], TOLD["address"], "王阿姨"))


def test_nobody_else_reads_it(town: Town) -> None:
    ticket = town.at_work(**TOLD)
    until_reading(town, ticket, "responders", 200)
    statuses = {account: reading(town, ticket, account) for account in (None, "hotline", "app", "grid", "departments")}
    assert statuses == {None: 401, "hotline": 403, "app": 403, "grid": 404, "departments": 404}
    assert reading(town, "T-NOBODY", "desk") == reading(town, "T-NOBODY", "responders") == 404


def test_who_is_relieved_reads_it_no_longer_and_who_handled_it_until_it_is_closed(town: Town) -> None:
    relieved = town.at_work(**TOLD)
    until_reading(town, relieved, "responders", 200)
    assert town.ask("POST", f"/tickets/{relieved}/rejections", "desk", {"reason": "not_ours"}).status == 202
    assert reading(town, relieved, "responders") == 404, "the ticket is settled"
    town.until_said("dispatch", "assignment.relieved", relieved)
    returned = town.at_work(**TOLD)
    until_reading(town, returned, "responders", 200)
    report = {"ticket": returned, "command": "return", "unit": "yangguang-property", "reason": "not_my_duty"}
    assert town.ask("POST", "/reports", "responders", report, service="dispatch").status == 202
    ended = "SELECT count(*) FROM ticket_units WHERE ticket = %s AND ended_at IS NOT NULL AND unit = 'yangguang-property'"
    wait_until(lambda: town.stack.rows("tickets", ended, returned) == [(1,)], "the end", 30)
    town.street.at_work, town.street.answers = True, False
    handled = town.whistle(**TOLD)
    town.until(handled, state="revisiting")
    assert (reading(town, handled, "responders"), reading(town, handled, "grid")) == (200, 200)
    assert town.resident(handled, "rate", resolved=True, satisfied=True).status == 202
    assert (reading(town, handled, "responders"), reading(town, handled, "grid")) == (404, 404)


def test_the_list_of_commands_is_for_the_desk(town: Town) -> None:
    ticket = town.at_work()
    path = f"/tickets/{ticket}/commands"
    assert [town.ask("GET", path, account).status for account in (None, "hotline", "responders")] == [401, 403, 403]
    assert town.ask("GET", "/tickets/T-NOBODY/commands").status == 404
    seen = town.ask("GET", path).body
    listed = {one["command"]: one for one in seen["commands"]}
    assert (seen["state"], listed["park"]["allowed"], listed["park"]["wants"]) == ("handling", True, ["reason", "review_at"])
    assert (listed["rate"]["code"], listed["rate"]["reason"]["en"][:28]) == ("not_now", "The ticket is being handled.")
    for command, name, body in (
        ("resume", "resumptions", {}),
        ("rate", "requests", {"request": "rate", "resolved": True, "satisfied": True}),
    ):
        assert not listed[command]["allowed"]
        assert town.order(ticket, name, **body).status == 422


def shown(town: Town, ticket: str, token: str, **headers: str) -> Any:
    """The ticket for the holder of a token."""
    return town.ask("GET", f"/tickets/{ticket}/status?{urlencode({'token': token})}", None)


def test_whoever_holds_a_link_sees_where_it_stands_and_the_reporter_the_own_words(town: Town) -> None:
    ticket, other = town.at_work(**TOLD), town.at_work()
    seen = {
        purpose: shown(town, ticket, town.link(ticket, purpose)).body for purpose in ("rate", "consent", "reopen", "cancel")
    }
    assert all(one == {**seen["rate"], "purpose": purpose} for purpose, one in seen.items())
    assert (seen["rate"]["text"], seen["rate"]["requests"], seen["rate"]["state"]) == (TOLD["text"], ["cancel"], "handling")
    respondent = shown(town, ticket, town.link(ticket, "respond"))
    assert (respondent.body["text"], respondent.body["requests"]) == (None, [])
    assert TOLD["address"] not in json.dumps([seen, respondent.body], ensure_ascii=False)
    old = town.link(ticket, "cancel", generation=7)
    assert shown(town, ticket, old).status == 200, "whatever the generation"
    assert town.resident(ticket, "cancel").status == 202
    assert shown(town, ticket, old).body["state"] == "cancelled", "a used link shows how it ended"
    for wrong in (town.link(other, "cancel"), Links("another secret").sign(ticket, "cancel", 1, town.now()), "x"):
        refused = shown(town, ticket, wrong)
        assert (refused.status, refused.body["detail"].partition(":")[0]) == (422, "link")
    assert shown(town, "T-NOBODY", town.links.sign("T-NOBODY", "rate", 1, town.now())).status == 404
    assert town.ask("GET", f"/tickets/{ticket}/status", None).body["errors"][0]["field"] == "token"
    town.stack.let_pass(31 * DAY)
    late = shown(town, ticket, old)
    assert (late.status, late.body["detail"]) == (410, ExpiredLink().told)


def test_of_a_survivor_that_nobody_could_be_told_of_a_followers_link_shows_no_words(town: Town) -> None:
    survivor, merged = town.at_work(reporter=None, text="只有报告人知道"), town.at_work()
    assert town.order(merged, "merges", into=survivor).status == 202
    link = town.said("tickets", "contact.recorded", merged)[-1]["links"]["rate"]
    seen = shown(town, survivor, link).body
    assert (seen["text"], seen["state"], seen["merged"]) == (None, "handling", False)
    own = shown(town, merged, town.link(merged, "reopen")).body
    assert (own["merged"], own["state"], own["text"]) == (True, "merged", WHISTLE["text"])


def found(town: Town, **search: str) -> list[str]:
    """The ids of the tickets that a search finds, from page to page."""
    ids: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = town.ask("GET", f"/tickets?{urlencode({**search, 'limit': '2', **after})}").body
        ids += [one["id"] for one in page["tickets"]]
        if page["next"] is None:
            return ids
        after = {"after": page["next"]}


def test_the_list_is_searched_by_what_a_desk_asks(town: Town) -> None:
    since = town.now().isoformat()
    urgent = town.at_work(urgency="E0", channel="walk_in")
    plain = town.at_work(area="shanqi-2", estate="heping")
    gone = town.at_work(urgency="E0", area="shanqi-2", estate="heping")
    assert town.resident(gone, "cancel").status == 202
    recent = {"opened_from": since}
    assert found(town, **recent) == [gone, plain, urgent]
    assert found(town, **recent, urgency="E0") == [gone, urgent]
    assert found(town, **recent, urgency="E0", open="true") == [urgent]
    assert found(town, **recent, open="false") == [gone]
    assert found(town, **recent, estate="heping") == [gone, plain]
    assert found(town, **recent, channel="walk_in", state="handling") == [urgent]
    assert found(town, **recent, open="true", state="cancelled") == []
    assert urgent not in found(town, opened_before=since, open="true")
    for wrong, field in (
        ({"urgency": "E9"}, "urgency"),
        ({"open": "yes"}, "open"),
        ({"opened_from": "2026-01-01"}, "opened_from"),
        ({"text": "吵"}, "text"),
    ):
        refused = town.ask("GET", f"/tickets?{urlencode(wrong)}")
        assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, [field])


def test_related_tickets_are_of_the_same_reporter_the_same_address_or_nearby(town: Town) -> None:
    here, call = (34.71, 108.71), {"area": "shanqi-1", "estate": "yangguang"}
    ticket = town.at_work(**call, address="77号楼1单元", reporter={"phone": "13800000077"}, location=located(here))
    near = town.at_work(**call, category="leak", reporter=None, location=located(place(20, here)))
    both = town.at_work(**call, category="parking", address="77号楼１单元", reporter={"phone": "+86 138 0000 0077"})
    town.at_work(**call, reporter=None, location=located(place(500, here)))
    seen = town.ask("GET", f"/tickets/{ticket}/related").body
    assert [(one["id"], one["by"]) for one in seen["related"]] == [(both, ["address", "reporter"]), (near, ["place"])]
    assert (seen["related"][1]["category"], seen["related"][1]["state"]) == ("leak", "handling")
    path = f"/tickets/{ticket}/related"
    assert [town.ask("GET", path, account).status for account in (None, "hotline", "responders")] == [401, 403, 403]
    assert town.ask("GET", "/tickets/T-NOBODY/related").status == 404


def test_a_note_is_read_by_those_who_work_on_the_ticket_alone(town: Town) -> None:
    ticket = town.at_work()
    until_reading(town, ticket, "responders", 200)
    assert town.order(ticket, "notes", text="物业已联系过一次").status == 202
    for account in ("desk", "responders"):
        (note,) = town.ask("GET", f"/tickets/{ticket}/matter", account).body["notes"]
        assert (note["about"], note["by"], note["text"]) == ("note", "desk", "物业已联系过一次")
    for service in ("tickets", "ledger"):
        bodies = town.stack.rows(service, "SELECT body FROM outbox WHERE body IS NOT NULL")
        assert not any("已联系过" in bytes(body).decode() for (body,) in bodies)
    assert [town.order(ticket, "notes", account, text="x").status for account in (None, "responders")] == [401, 403]
    assert town.order(ticket, "notes", text=" ").body["errors"] == [{"field": "text", "detail": "Blank: want a text."}]
    assert town.order("T-NOBODY", "notes", text="x").status == 404


def test_a_corrected_contact_is_told_to_notify_and_what_was_sent_stays(town: Town) -> None:
    ticket = town.at_work(reporter={"name": "王阿姨"})
    assert not town.said("tickets", "contact.recorded", ticket)[0].get("links")
    assert town.order(ticket, "contact", phone="029-00007777").status == 202
    told = town.said("tickets", "contact.recorded", ticket)[-1]
    assert (told["name"], told["phone"], told["links"].keys()) == (
        "王阿姨",
        "+862900007777",
        {"rate", "consent", "reopen", "cancel"},
    )
    assert town.ask("GET", f"/tickets/{ticket}/matter").body["reporter"] == {
        "name": "王阿姨",
        "phone": "029-00007777",
        "locale": None,
    }
    ((sent,),) = town.stack.rows("tickets", "SELECT data FROM whistles WHERE ticket = %s", ticket)
    assert sent["reporter"] == {"name": "王阿姨"}
    wrong = town.order(ticket, "contact", phone="13800000000,13900000000")
    assert (wrong.status, [error["field"] for error in wrong.body["errors"]]) == (422, ["phone"])
    assert "at least one" in town.order(ticket, "contact").body["detail"]
    assert [town.order(ticket, "contact", account, name="x").status for account in (None, "responders")] == [401, 403]
    town.street.at_work = town.street.answers = True
    assert town.until(ticket, state="closed")["closure"] == "satisfied", "there is somebody to ask now"


def test_the_corrected_contact_of_a_merged_ticket_follows_the_survivor(town: Town) -> None:
    survivor, merged = town.at_work(reporter=None), town.at_work(reporter=None)
    assert town.order(merged, "merges", into=survivor).status == 202
    assert town.order(merged, "contact", phone="029-00007778", locale="en").status == 202
    told = town.said("tickets", "contact.recorded", merged)[-1]
    assert (told["follows"], told["phone"], told["links"].keys()) == (survivor, "+862900007778", {"rate", "reopen"})
    town.links.read(told["links"]["rate"], survivor, "rate").require(1, town.now())
    town.street.at_work = town.street.answers = True
    assert town.until(survivor, state="closed")["closure"] != "no_contact"


def test_the_desk_corrects_the_category_and_says_why(town: Town) -> None:
    ticket = town.at_work()
    assert town.order(ticket, "category", category="leak", reason="是楼上漏水").status == 202
    (changed,) = town.said("tickets", "ticket.category_changed.v2", ticket)
    assert (changed["category"], changed["before"], changed.get("merged"), changed["generation"]) == ("leak", "noise", None, 2)
    assert town.seen(ticket)["category"] == "leak"
    (note,) = town.ask("GET", f"/tickets/{ticket}/matter").body["notes"]
    assert (note["about"], note["text"]) == ("change_category", "是楼上漏水")
    for body, field in (({"category": "atlantis"}, "category"), ({"category": "leak"}, "category")):
        refused = town.order(ticket, "category", **body, reason="x")
        assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, [field])
    violence = town.at_work(category="domestic_violence")
    refused = town.order(violence, "category", category="noise", reason="x")
    assert (refused.status, "stays with the police" in refused.body["detail"]) == (422, True)
    assert [town.order(ticket, "category", who, category="noise", reason="x").status for who in (None, "responders")] == [
        401,
        403,
    ]


def test_a_part_of_a_matter_is_a_ticket_of_its_own_and_no_duplicate(town: Town) -> None:
    told = {**TOLD, "address": "88号楼8单元", "reporter": {"name": "王阿姨", "phone": "13800000088", "locale": "zh"}}
    ticket = town.at_work(**told)
    made = town.order(ticket, "splits", text="水管也漏了", category="leak")
    assert (made.status, made.body["split_from"], made.body["state"]) == (202, ticket, "open")
    part = town.until(made.body["ticket"], state="handling")
    assert (part["split_from"], part["category"], part["estate"], part["channel"]) == (
        ticket,
        "leak",
        "yangguang",
        "mini_program",
    )
    matter = town.ask("GET", f"/tickets/{part['id']}/matter").body
    assert (matter["text"], matter["address"], matter["respondent"]) == ("水管也漏了", told["address"], None)
    assert (matter["reporter"], matter["source"]) == (told["reporter"], "/accounts/desk")
    (contact,) = town.said("tickets", "contact.recorded", part["id"])
    assert contact["links"].keys() == {"rate", "consent", "reopen", "cancel"}
    again = town.order(ticket, "splits", text="半夜还搬家具").body["ticket"]
    elsewhere = town.order(ticket, "splits", text="隔壁小区也有", area="shanqi-2").body["ticket"]
    seen = town.until(elsewhere, state="handling")
    assert (seen["area"], seen["estate"], seen["category"]) == ("shanqi-2", None, "noise")
    wait_until(lambda: not town.stack.rows("tickets", "SELECT 1 FROM timers WHERE name = 'compare'"), "everything was compared")
    assert not any(town.said("tickets", "cluster.proposed.v2", one) for one in (part["id"], again, elsewhere))
    refused = town.order(ticket, "splits", text="x", category="atlantis", area="nowhere")
    assert (refused.status, {error["field"] for error in refused.body["errors"]}) == (422, {"category", "area"})
    assert [town.order(ticket, "splits", account, text="x").status for account in (None, "responders")] == [401, 403]
    assert town.resident(ticket, "cancel").status == 202
    assert town.order(ticket, "splits", text="x").status == 422
