"""What the front desk decides about a ticket, and what the others make of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.component.tickets.town import DAY, WHISTLE, Town


def test_rejected_with_a_reason_and_the_case_is_withdrawn(town: Town) -> None:
    ticket = town.at_work()
    rejected = town.order(ticket, "rejections", reason="in_court")
    assert (rejected.status, rejected.body["state"]) == (202, "rejected")
    assert town.said("tickets", "ticket.rejected", ticket) == [{"reason": "in_court"}]
    assert town.until_said("dispatch", "case.withdrawn", ticket) == [{"cause": "rejected"}]
    seen = town.seen(ticket)
    assert (seen["state"], seen["rejected_for"], seen["requests"]) == ("rejected", "in_court", [])
    again = town.order(ticket, "rejections", reason="abuse")
    assert (again.status, again.body["detail"]) == (422, "reject: not while the ticket is rejected")


def test_only_the_desk_decides(town: Town) -> None:
    ticket = town.at_work()
    for what, body in (
        ("rejections", {"reason": "abuse"}),
        ("merges", {"into": ticket}),
        ("parkings", {"reason": "r", "review_at": "2099-01-01T00:00:00Z"}),
        ("resumptions", {}),
        ("urgency", {"urgency": "E0"}),
        ("requests", {"request": "cancel"}),
    ):
        assert town.order(ticket, what, None, **body).status == 401, what
        assert town.order(ticket, what, "hotline", **body).status == 403, what
        assert town.order("T-NOBODY", what, "desk", **body).status == 404, what
    assert town.seen(ticket)["state"] == "handling"


def test_merged_and_the_reporter_follows_the_survivor(town: Town) -> None:
    survivor, first, second = town.at_work(), town.at_work(), town.at_work()
    assert town.order(first, "merges", into=first).status == 422
    assert town.order(first, "merges", into="T-NOBODY").body["detail"] == "into: no such ticket"
    merged = town.order(first, "merges", into=second)
    assert (merged.status, merged.body["state"]) == (202, "merged")
    assert town.order(second, "merges", into=survivor).status == 202
    assert town.said("tickets", "ticket.merged", second) == [{"into": survivor}]
    assert town.until_said("dispatch", "case.withdrawn", first) == [{"cause": "merged"}]
    contacts = town.said("tickets", "contact.recorded", first)
    assert [contact.get("follows") for contact in contacts] == [None, second, survivor], "also who followed the merged one"
    assert contacts[-1]["phone"] == "+862900001234"
    assert contacts[-1]["links"] is None, "the survivor's own reporter is asked"
    assert town.seen(second)["merged_into"] == survivor
    assert town.resident(first, "cancel").status == 410
    assert town.order(survivor, "merges", into=first).status == 422


def test_a_survivor_without_a_reporter_gets_one_to_ask(town: Town) -> None:
    survivor, merged = town.at_work(reporter=None), town.at_work()
    assert town.order(merged, "merges", into=survivor).status == 202
    links = town.said("tickets", "contact.recorded", merged)[-1]["links"]
    assert links.keys() == {"rate", "reopen"}
    for purpose, link in links.items():
        town.links.read(link, survivor, purpose).require(1, town.now())
    town.street.at_work = True
    assert town.until(survivor, state="closed")["closure"] == "satisfied"


def test_parked_until_its_review_date(town: Town) -> None:
    ticket = town.at_work()
    review_at = town.now() + timedelta(days=3)
    assert town.order(ticket, "parkings", reason="awaits_budget", review_at="2020-01-01T00:00:00+08:00").status == 422
    parked = town.order(ticket, "parkings", reason="awaits_budget", review_at=review_at.isoformat())
    assert (parked.status, parked.body["state"]) == (202, "parked")
    town.until_said("dispatch", "case.paused", ticket)
    seen = town.seen(ticket)
    assert (seen["parked_for"], datetime.fromisoformat(seen["review_at"])) == ("awaits_budget", review_at)
    town.stack.let_pass(2 * DAY)
    assert town.seen(ticket)["state"] == "parked"
    town.stack.let_pass(1 * DAY)
    town.until(ticket, state="handling", parked_for=None, review_at=None)
    assert town.said("tickets", "ticket.resumed", ticket) == [{}]
    town.until_said("dispatch", "case.resumed", ticket)


def test_resumed_before_its_review_date(town: Town) -> None:
    ticket = town.at_work()
    assert town.order(ticket, "resumptions").status == 422
    assert town.order(ticket, "parkings", reason="r", review_at=(town.now() + timedelta(days=9)).isoformat()).status == 202
    assert town.order(ticket, "resumptions").body["state"] == "handling"
    town.until_said("dispatch", "case.resumed", ticket)
    town.stack.let_pass(10 * DAY)
    assert len(town.said("tickets", "ticket.resumed", ticket)) == 1


def test_urgency_is_raised_and_the_reporter_told_whom_to_call(town: Town) -> None:
    ticket = town.at_work()
    assert town.seen(ticket)["advice"] is None
    assert town.order(ticket, "urgency", urgency="E3").status == 422
    assert town.order(ticket, "urgency", urgency="E0").status == 202
    assert town.said("tickets", "ticket.urgency_raised", ticket) == [{"urgency": "E0"}]
    seen = town.seen(ticket)
    assert seen["urgency"] == "E0"
    assert "119" in seen["advice"]["zh"]
    before = len(town.until_said("dispatch", "deadline.set", ticket))
    assert before > 0


def test_life_and_safety_is_told_at_once(town: Town) -> None:
    taken = town.ask("POST", "/whistles", "hotline", {**WHISTLE, "urgency": "E0"})
    assert all(number in taken.body["advice"][language] for number in ("110", "119", "120") for language in ("zh", "en"))
    assert town.seen(taken.body["ticket"])["advice"] == taken.body["advice"]
    assert town.ask("POST", "/whistles", "hotline", WHISTLE).body["advice"] is None
