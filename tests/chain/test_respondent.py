"""The other party of a dispute: asked for consent by a link of its own, and told how the mediation goes."""

import json

from tests.kit.chain import Chain
from tests.kit.processes import wait_until

MEDIATOR, PROPERTY = "shanqi-mediator", "yangguang-property"


def test_the_other_party_consents_by_its_own_link_and_is_told_of_the_agreement(chain: Chain) -> None:
    upstairs = {"name": "李先生", "phone": "029-00000002", "locale": "en"}
    ticket = chain.whistle("noise", dispute=True, respondent=upstairs)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "hand_up")
    chain.expect(ticket, "mediation.opened", mediator=MEDIATOR)
    chain.expect_notice(ticket, "mediation_opened")
    chain.expect_notice(ticket, "mediation_opened_respondent", audience="respondent", locale="en")
    query = "SELECT body FROM outbox WHERE type = 'contact.recorded.v1' AND subject = %s"
    ((body,),) = chain.stack.rows("tickets", query, ticket)
    contact = json.loads(bytes(body))
    link = contact["respondent"]["links"]["respond"]
    chain.ask(ticket, "consent", link=link)  # for the applicant: refused
    chain.ask(ticket, "consent", party="respondent", link=contact["links"]["consent"])  # by the applicant: refused
    chain.ask(ticket, "consent", party="respondent", link=link)
    chain.expect(ticket, "mediation.consented", party="respondent")
    chain.never(ticket, "mediation.consented", party="applicant")
    chain.ask(ticket, "consent", link=contact["links"]["consent"])
    chain.expect(ticket, "mediation.consented", party="applicant")
    chain.act(ticket, MEDIATOR, "session")
    chain.expect(ticket, "mediation.session_held", number=1)
    chain.act(ticket, MEDIATOR, "agree")
    for audience, locale in (("resident", "zh"), ("respondent", "en")):
        chain.expect_notice(ticket, "mediation_session", audience=audience, locale=locale)
        chain.expect_notice(ticket, "mediation_agreed", audience=audience, locale=locale)


def test_who_is_called_to_a_joint_action_is_told_once(chain: Chain) -> None:
    ticket = chain.whistle("noise", dispute=True)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "hand_up")
    chain.expect(ticket, "mediation.opened")
    chain.ask(ticket, "withdraw", party="respondent")
    called = chain.expect(ticket, "joint_action.called")
    taken = "SELECT count(*) FROM inbox WHERE subject = %s AND type = 'assignment.made.v1' AND state = 'applied'"
    named = 2 + len(called["units"])  # property, mediator, and who is called
    wait_until(lambda: chain.stack.rows("notify", taken, ticket) == [(named,)], "every assignment taken", 20)
    for unit in called["units"]:
        chain.expect_notice(ticket, "joint_action_called", audience=unit)
        told = [one["template"] for one in chain.of(ticket, "notification.sent", audience=unit)]
        assert told == ["joint_action_called"]
