"""What the front desk and residents decide about a ticket, and what becomes of the work: reopened, parked, merged, urgent."""

from datetime import datetime, timedelta

from tests.chain.steps import HOUSING, POLICE, PROPERTY, SUPERVISOR, VERIFIER, close, handle
from tests.kit.chain import Chain


def due(chain: Chain, ticket: str, clock: str, times: int = 1) -> datetime:
    """When a clock is due by what was said last."""
    return datetime.fromisoformat(chain.expect(ticket, "deadline.set", times, clock=clock)["due"])


def started(chain: Chain, ticket: str, clock: str) -> str:
    """From when a clock runs by what was said last."""
    return str(chain.expect(ticket, "deadline.set", clock=clock)["started"])


def test_it_is_closed_and_comes_back(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    handle(chain, ticket)
    close(chain, ticket)
    chain.ask(ticket, "reopen")
    chain.expect(ticket, "ticket.reopened", generation=2)
    chain.expect_notice(ticket, "ticket_reopened")
    chain.expect(ticket, "case.resumed", level="property", generation=2)
    assert len(chain.of(ticket, "deadline.set", clock="handle")) == 1, "the case's clock never restarts"
    handle(chain, ticket, generation=2)
    close(chain, ticket, generation=2)


def test_it_cannot_be_solved_now_and_is_parked(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    before = due(chain, ticket, "handle")
    review = before + timedelta(days=20)
    chain.order(ticket, "parkings", reason="awaits_budget", review_at=review.isoformat())
    chain.expect(ticket, "case.paused")
    chain.expect_notice(ticket, "ticket_parked")
    chain.let_pass("15d")
    chain.order(ticket, "resumptions")
    chain.expect(ticket, "case.resumed", generation=1)
    assert due(chain, ticket, "handle", times=2) > before, "the pause does not count"
    chain.never(ticket, "deadline.breached")
    chain.never(ticket, "deadline.warned")
    handle(chain, ticket)
    close(chain, ticket)


def test_a_parked_ticket_goes_on_at_its_review_date(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    review = due(chain, ticket, "handle") + timedelta(days=1)
    chain.order(ticket, "parkings", reason="awaits_budget", review_at=review.isoformat())
    chain.expect(ticket, "case.paused")
    chain.let_pass("14d")
    chain.expect(ticket, "ticket.resumed")
    chain.expect(ticket, "case.resumed")
    chain.expect(ticket, "deadline.set", times=2, clock="handle")


def test_it_is_parked_after_it_was_handled_and_is_work_again(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    handle(chain, ticket)
    chain.expect(ticket, "assignment.made", purpose="verify")
    review = due(chain, ticket, "handle") + timedelta(days=30)
    chain.order(ticket, "parkings", reason="awaits_budget", review_at=review.isoformat())
    chain.expect(ticket, "case.paused")
    chain.order(ticket, "resumptions")
    chain.expect(ticket, "ticket.rework_ordered", generation=2)
    chain.expect(ticket, "assignment.relieved", by=VERIFIER)
    handle(chain, ticket, generation=2)
    close(chain, ticket, generation=2)


def test_two_neighbours_whistle_about_one_matter(chain: Chain) -> None:
    other = {"name": "李大爷", "phone": "029-00000003", "locale": "zh"}
    survivor, merged = chain.whistle("parking"), chain.whistle("parking", reporter=other)
    for ticket in (survivor, merged):
        chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(merged, "merges", into=survivor)
    chain.expect(merged, "ticket.merged", into=survivor)
    chain.expect(merged, "case.withdrawn", cause="merged")
    chain.expect(merged, "assignment.relieved", by=PROPERTY)
    chain.expect_notice(merged, "assignment_relieved", audience=PROPERTY)
    chain.expect_notice(merged, "ticket_merged")
    handle(chain, survivor)
    close(chain, survivor)
    chain.expect_notice(merged, "ticket_closed_satisfied")
    chain.never(merged, "deadline.breached")


def test_the_hotline_is_called_by_two_neighbours_and_knows_that_it_is_one_matter(chain: Chain) -> None:
    other = {"name": "李大爷", "phone": "029-00000003", "locale": "zh"}
    first = chain.whistle("parking")
    chain.expect(first, "assignment.made", to=PROPERTY)
    again = chain.whistle_again(first, "parking", reporter=other, urgency="E1")
    chain.expect(again, "ticket.merged", into=first)
    chain.expect(first, "ticket.urgency_raised", urgency="E1")
    chain.expect(again, "case.withdrawn", cause="merged")
    chain.expect_notice(again, "ticket_merged")
    handle(chain, first)
    unsolved = chain.whistle_again(first, "parking", reporter=other)
    chain.expect(unsolved, "assignment.made", to=PROPERTY, purpose="handle")
    chain.never(unsolved, "ticket.merged")
    close(chain, first)
    chain.expect_notice(again, "ticket_closed_satisfied")
    chain.act(unsolved, PROPERTY, "sign")


def test_somebody_sees_that_it_is_more_urgent(chain: Chain) -> None:
    ticket = chain.whistle("property_service")
    since = started(chain, ticket, "handle")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(ticket, "urgency", urgency="E1")
    chain.expect(ticket, "ticket.urgency_raised", urgency="E1")
    for clock, rule in (("contact", "2h"), ("handle", "3d"), ("sign", "30min"), ("report_in", "2h")):
        chain.expect(ticket, "deadline.set", clock=clock, rule=rule)
    assert started(chain, ticket, "handle") == since, "from the old start"
    chain.let_pass("40min")
    chain.expect(ticket, "deadline.breached", clock="sign")
    chain.expect(ticket, "case.escalated", level="departments", cause="breached")


def test_somebody_sees_that_life_is_in_danger(chain: Chain) -> None:
    ticket = chain.whistle("leak")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(ticket, "urgency", urgency="E0")
    chain.expect(ticket, "case.escalated", level="departments", cause="parallel")
    called = chain.expect(ticket, "joint_action.called", lead=HOUSING)
    assert called["units"] == [HOUSING, POLICE]


def test_a_supervisor_pauses_and_the_work_goes_on_by_itself(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    until = due(chain, ticket, "handle")
    chain.act(ticket, SUPERVISOR, "pause", until=until.isoformat())
    chain.expect(ticket, "case.paused")
    chain.let_pass("10d")
    chain.expect(ticket, "case.resumed", generation=1)
    chain.expect(ticket, "deadline.set", times=2, clock="handle")


def test_a_leak_is_merged_into_a_parking_matter_and_the_housing_department_is_called(chain: Chain) -> None:
    parking, leak = chain.whistle("parking", dispute=False), chain.whistle("leak")
    for ticket in (parking, leak):
        chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(leak, "merges", into=parking)
    chain.expect(parking, "case.rerouted", category="leak", level="property", generation=2)
    chain.expect(parking, "ticket.urgency_raised", urgency="E1")
    chain.act(parking, PROPERTY, "hand_up")
    chain.expect(parking, "joint_action.called", lead=HOUSING)
    for unit in (HOUSING, POLICE):
        chain.act(parking, unit, "finish")
    chain.expect(parking, "ticket.handled", generation=2)
    close(chain, parking, generation=2)


def test_the_neighbour_cancels_and_the_other_whose_matter_was_merged_is_told_and_goes_on(chain: Chain) -> None:
    other = {"name": "李大爷", "phone": "029-00000003", "locale": "zh"}
    survivor, merged = chain.whistle("parking"), chain.whistle("parking", reporter=other)
    for ticket in (survivor, merged):
        chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(merged, "merges", into=survivor)
    chain.expect_notice(merged, "ticket_merged")
    chain.ask(survivor, "cancel")
    chain.expect(survivor, "case.withdrawn", cause="cancelled")
    chain.expect(merged, "ticket.unmerged", survivor=survivor, cause="cancelled", generation=2)
    chain.expect_notice(merged, "ticket_unmerged_cancelled")
    handle(chain, merged, generation=2)
    close(chain, merged, generation=2)
    chain.expect_notice(merged, "ticket_closed_satisfied")


def test_the_desk_rejects_one_of_two_and_the_other_goes_on(chain: Chain) -> None:
    survivor, merged = chain.whistle("parking"), chain.whistle("parking", reporter={"phone": "029-00000003", "locale": "zh"})
    chain.expect(merged, "assignment.made", to=PROPERTY)
    chain.order(merged, "merges", into=survivor)
    chain.expect(merged, "case.withdrawn", cause="merged")
    chain.order(survivor, "rejections", reason="abuse")
    chain.expect_notice(merged, "ticket_unmerged_rejected")
    handle(chain, merged, generation=2)
    close(chain, merged, generation=2)


def test_one_neighbour_is_content_and_the_other_reopens_the_own_ticket(chain: Chain) -> None:
    survivor, merged = chain.whistle("parking"), chain.whistle("parking", reporter={"phone": "029-00000003", "locale": "zh"})
    chain.expect(survivor, "assignment.made", to=PROPERTY)
    chain.expect(merged, "assignment.made", to=PROPERTY)
    chain.order(merged, "merges", into=survivor)
    handle(chain, survivor)
    close(chain, survivor)
    chain.expect_notice(merged, "ticket_closed_satisfied")
    chain.ask(merged, "reopen")
    chain.expect_notice(merged, "ticket_unmerged_reopened")
    handle(chain, merged, generation=2)
    close(chain, merged, generation=2)
    chain.never(survivor, "ticket.reopened")


def test_the_desk_sees_that_a_noise_is_a_leak_and_the_case_follows(chain: Chain) -> None:
    ticket = chain.whistle("parking", dispute=False)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(ticket, "category", category="leak", reason="不是停车，是车库漏水")
    chain.expect(ticket, "case.rerouted", category="leak", level="property", generation=2)
    chain.expect(ticket, "ticket.urgency_raised", urgency="E1")
    chain.expect(ticket, "deadline.set", clock="handle", rule="3d")
    chain.act(ticket, PROPERTY, "hand_up")
    assert chain.expect(ticket, "joint_action.called", lead=HOUSING)["units"] == [HOUSING, POLICE]
    for unit in (HOUSING, POLICE):
        chain.act(ticket, unit, "finish")
    chain.expect(ticket, "ticket.handled", generation=2)
    close(chain, ticket, generation=2)


def test_the_desk_sees_that_a_noise_is_a_crime_and_the_property_company_is_told_that_it_is_relieved(chain: Chain) -> None:
    ticket = chain.whistle("noise")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.order(ticket, "category", category="suspected_crime", reason="有人持刀")
    chain.expect(ticket, "case.rerouted", category="suspected_crime", playbook="police")
    chain.expect(ticket, "assignment.relieved", by=PROPERTY)
    chain.expect_notice(ticket, "assignment_relieved", audience=PROPERTY)
    chain.expect(ticket, "assignment.made", to=POLICE)


def test_the_contact_is_corrected_and_later_notices_are_in_the_right_language(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    chain.expect_notice(ticket, "ticket_opened")
    chain.order(ticket, "contact", locale="en")
    handle(chain, ticket)
    chain.expect(ticket, "assignment.made", purpose="verify", to=VERIFIER)
    chain.act(ticket, VERIFIER, "verify", passed=True)
    chain.expect_notice(ticket, "ticket_verified", locale="en")
