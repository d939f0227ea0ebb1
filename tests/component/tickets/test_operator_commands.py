"""The commands of operators on a ticket, and their effects in the other services."""

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
    assert town.said("tickets", "ticket.merged", second) == [{"into": survivor, "generation": 1}]
    assert town.until_said("dispatch", "case.withdrawn", first) == [{"cause": "merged"}]
    contacts = town.said("tickets", "contact.recorded", first)
    assert [contact.get("follows") for contact in contacts] == [None, second, survivor], "also who followed the merged one"
    assert contacts[-1]["phone"] == "+862900001234"
    links = contacts[-1]["links"]
    assert (links.keys(), contacts[-1]["links_of"]) == ({"reopen"}, first), "the survivor's own reporter is asked"
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


def test_a_police_matter_is_not_merged_in_either_direction_and_the_desk_is_told_why(town: Town) -> None:
    noise, violence = town.at_work(), town.at_work(category="domestic_violence")
    for ticket, into in ((violence, noise), (noise, violence)):
        refused = town.order(ticket, "merges", into=into)
        assert refused.status == 422
        assert refused.body["detail"].startswith("into: a police matter is never merged")
    assert {town.seen(ticket)["state"] for ticket in (noise, violence)} == {"handling"}


def test_a_more_serious_matter_gives_the_survivor_its_category_and_dispatch_routes_it_again(town: Town) -> None:
    survivor, leak = town.at_work(), town.at_work(category="leak")
    assert town.order(leak, "merges", into=survivor).status == 202
    (changed,) = town.said("tickets", "ticket.category_changed.v2", survivor)
    assert (changed["category"], changed["before"], changed["merged"], changed["generation"]) == ("leak", "noise", leak, 2)
    (rerouted,) = town.until_said("dispatch", "case.rerouted", survivor)
    assert (rerouted["category"], rerouted["playbook"], rerouted["generation"]) == ("leak", "xianlinli", 2)
    assert town.seen(survivor)["category"] == "leak"
    town.street.at_work = True
    assert town.until(survivor, state="closed")["generation"] == 2


def test_the_reporter_of_the_survivor_cancels_and_the_merged_one_goes_on(town: Town) -> None:
    survivor, merged, chained = town.at_work(), town.at_work(), town.at_work()
    assert town.order(chained, "merges", into=merged).status == 202
    assert town.order(merged, "merges", into=survivor).status == 202
    assert town.resident(survivor, "cancel").status == 202
    (unmerged,) = town.said("tickets", "ticket.unmerged", merged)
    assert unmerged == {"survivor": survivor, "cause": "cancelled", "generation": 2}
    town.until(merged, state="handling", merged_into=None)
    assert town.seen(chained)["merged_into"] == merged
    contacts = town.said("tickets", "contact.recorded", merged)
    assert (contacts[-1].get("follows"), contacts[-1]["links"].keys()) == (None, {"rate", "consent", "reopen", "cancel"})
    assert town.said("tickets", "contact.recorded", chained)[-1]["follows"] == merged
    town.street.at_work = True
    assert town.until(merged, state="closed")["generation"] == 2


def test_the_desk_rejects_the_survivor_and_the_merged_one_goes_on(town: Town) -> None:
    survivor, merged = town.at_work(), town.at_work()
    assert town.order(merged, "merges", into=survivor).status == 202
    assert town.order(survivor, "rejections", reason="abuse").status == 202
    assert town.until_said("dispatch", "case.resumed", merged)[-1]["generation"] == 2
    assert town.until(merged, state="handling")["merged_into"] is None


def test_the_survivor_is_closed_and_the_merged_reporter_reopens_alone(town: Town) -> None:
    survivor, merged = town.at_work(), town.at_work()
    assert town.order(merged, "merges", into=survivor).status == 202
    refused = town.resident(merged, "reopen")
    assert (refused.status, refused.body["detail"]) == (422, f"reopen: not while the matter goes on as ticket {survivor!r}")
    assert town.seen(merged)["requests"] == []
    town.street.at_work = True
    town.until(survivor, state="closed")
    assert town.seen(merged)["requests"] == ["reopen"]
    assert town.resident(merged, "reopen").status == 202
    assert town.until(merged, state="closed")["generation"] == 2
    assert town.seen(survivor)["state"] == "closed"
