"""涉警事项: a matter for the police goes straight to them, and by no way to property or to mediation."""

from tests.chain.steps import MEDIATOR, POLICE, PROPERTY, SUPERVISOR, close
from tests.kit.chain import Chain

STATION, DISTRICT, CIVIL_AFFAIRS = "huancheng-police", "lianhu-police", "lianhu-civil-affairs"


def neither_property_nor_mediation(chain: Chain, ticket: str) -> None:
    """So far nobody was named who may not be, and nothing was mediated."""
    for unit in (PROPERTY, "yangguang-property-2", MEDIATOR):
        chain.never(ticket, "assignment.made", to=unit)
        chain.never(ticket, "assignment.ruled", to=unit)
    chain.never(ticket, "mediation.opened")


def test_domestic_violence_goes_straight_to_the_police(chain: Chain) -> None:
    ticket = chain.whistle("domestic_violence", dispute=True)
    chain.expect_notice(ticket, "ticket_opened_urgent")
    chain.expect(ticket, "case.started", playbook="police", level="community_police")
    chain.expect(ticket, "assignment.made", to=POLICE, level="community_police")
    chain.expect(ticket, "assignment.made", to=STATION, level="police_station")
    for command in ("sign", "contact", "report_in", "handle"):
        chain.act(ticket, POLICE, command)
    chain.expect(ticket, "case.completed", handled_by=[POLICE])
    chain.expect(ticket, "assignment.relieved", by=STATION)
    close(chain, ticket)
    neither_property_nor_mediation(chain, ticket)


def test_nobody_answers_and_it_moves_up_among_the_police(chain: Chain) -> None:
    ticket = chain.whistle("harm_to_minors", dispute=True)
    chain.expect(ticket, "assignment.made", to=STATION)
    chain.let_pass("40min")
    chain.expect(ticket, "case.escalated", level="district_police", cause="breached")
    called = chain.expect(ticket, "joint_action.called", lead=DISTRICT)
    assert called["units"] == [DISTRICT, CIVIL_AFFAIRS]
    neither_property_nor_mediation(chain, ticket)


def test_no_return_and_no_ruling_sends_it_to_property_or_a_mediator(chain: Chain) -> None:
    ticket = chain.whistle("suspected_crime", dispute=True)
    chain.expect(ticket, "assignment.made", to=STATION)
    for unit, number in ((POLICE, 1), (STATION, 2)):
        chain.act(ticket, unit, "return", reason="not_my_area")
        chain.expect(ticket, "assignment.returned", number=number)
    chain.expect(ticket, "assignment.returned", number=2, ruling_by=SUPERVISOR)
    for unit in (PROPERTY, MEDIATOR):
        chain.act(ticket, SUPERVISOR, "rule", to=unit)
    chain.act(ticket, SUPERVISOR, "rule", to=DISTRICT)
    chain.expect(ticket, "assignment.made", to=DISTRICT)
    chain.act(ticket, DISTRICT, "handle")
    close(chain, ticket)
    neither_property_nor_mediation(chain, ticket)
    assert sum("never goes to" in line for line in chain.dead()) == 2, "each of these rulings is refused, and it is said why"


def test_the_hotline_calls_it_the_same_as_a_noise_and_the_police_have_it_all_the_same(chain: Chain) -> None:
    noise = chain.whistle("noise")
    chain.expect(noise, "assignment.made", to=PROPERTY)
    violence = chain.whistle_again(noise, "domestic_violence")
    chain.expect(violence, "assignment.made", to=POLICE)
    chain.act(violence, POLICE, "handle")
    close(chain, violence)
    chain.never(violence, "ticket.merged")
    chain.never(noise, "case.withdrawn")
    neither_property_nor_mediation(chain, violence)
