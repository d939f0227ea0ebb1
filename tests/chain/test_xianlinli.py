"""贤邻里: whistle → property reports in → mediation in three steps → departments together → closed; by act and by time-out."""

from datetime import datetime, timedelta

from tests.chain.steps import LEAD, MEDIATOR, POLICE, PROPERTY, SECOND, SUPERVISOR, VERIFIER, close
from tests.kit.chain import Chain


def to_mediation(chain: Chain) -> str:
    """A ticket that property handed up."""
    ticket = chain.whistle("noise", dispute=True)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "hand_up")
    chain.expect(ticket, "mediation.opened", mediator=MEDIATOR)
    return ticket


def consent(chain: Chain, ticket: str) -> None:
    """Both parties consent."""
    for party in ("applicant", "respondent"):
        chain.ask(ticket, "consent", party=party)
        chain.expect(ticket, "mediation.consented", party=party)


def test_property_reports_in_and_handles(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    chain.expect(ticket, "assignment.made", to=PROPERTY, purpose="handle")
    for command, said in (("sign", "signed"), ("contact", "contacted"), ("report_in", "reported_in"), ("handle", "handled")):
        chain.act(ticket, PROPERTY, command)
        chain.expect(ticket, f"assignment.{said}", by=PROPERTY)
    chain.expect(ticket, "ticket.handled", handled_by=[PROPERTY])
    close(chain, ticket)


def test_property_hands_up_and_the_mediator_brings_them_to_agree_in_three_steps(chain: Chain) -> None:
    ticket = to_mediation(chain)
    consent(chain, ticket)
    for number, step in enumerate(("说事", "议事", "解纷"), start=1):
        chain.act(ticket, MEDIATOR, "session")
        chain.expect(ticket, "mediation.session_held", number=number, step=step)
    chain.act(ticket, MEDIATOR, "agree")
    chain.expect(ticket, "mediation.agreed")
    chain.expect(ticket, "case.completed", outcome="agreed")
    close(chain, ticket)


def to_agreement(chain: Chain) -> str:
    """A ticket that ended with an agreement, and whose reporter is content."""
    ticket = to_mediation(chain)
    consent(chain, ticket)
    chain.act(ticket, MEDIATOR, "session")
    chain.expect(ticket, "mediation.session_held", number=1)
    chain.act(ticket, MEDIATOR, "agree")
    chain.expect(ticket, "mediation.agreed")
    close(chain, ticket)
    return ticket


def test_the_mediator_comes_back_and_what_was_agreed_was_not_done(chain: Chain) -> None:
    ticket = to_agreement(chain)
    chain.let_pass("15d")
    chain.expect(ticket, "mediation.performance_asked", number=1, to=MEDIATOR)
    chain.expect_notice(ticket, "performance_asked", MEDIATOR)
    chain.act(ticket, MEDIATOR, "perform", passed=False)
    chain.expect(ticket, "mediation.not_performed")
    chain.expect_notice(ticket, "mediation_not_performed")


def test_nobody_looks_at_an_agreement_and_the_supervisor_is_asked(chain: Chain) -> None:
    ticket = to_agreement(chain)
    chain.let_pass("30d")
    chain.expect(ticket, "mediation.performance_asked", number=3, to=SUPERVISOR)
    chain.expect_notice(ticket, "performance_overdue", SUPERVISOR)
    chain.act(ticket, SUPERVISOR, "perform", passed=True)
    chain.expect(ticket, "mediation.performed")


def test_no_session_without_every_partys_consent(chain: Chain) -> None:
    ticket = to_mediation(chain)
    chain.ask(ticket, "consent", party="applicant")
    chain.expect(ticket, "mediation.consented")
    chain.act(ticket, MEDIATOR, "session")
    chain.ask(ticket, "consent", party="respondent")
    chain.expect(ticket, "mediation.consented", party="respondent")
    chain.never(ticket, "mediation.session_held")
    chain.act(ticket, MEDIATOR, "session")
    chain.expect(ticket, "mediation.session_held", number=1)


def test_a_party_withdraws_and_the_departments_are_called(chain: Chain) -> None:
    ticket = to_mediation(chain)
    consent(chain, ticket)
    chain.ask(ticket, "withdraw", party="respondent")
    chain.expect(ticket, "mediation.failed", cause="consent_withdrawn")
    called = chain.expect(ticket, "joint_action.called")
    assert (called["lead"], called["units"]) == (LEAD, [LEAD, POLICE])
    for unit in (POLICE, LEAD):
        chain.act(ticket, unit, "report_in")
        chain.expect(ticket, "joint_action.unit_reported_in", unit=unit, on_time=True)
        chain.act(ticket, unit, "finish")
    chain.expect(ticket, "joint_action.completed")
    chain.expect(ticket, "case.completed", outcome="joint")
    close(chain, ticket)


def test_a_mediation_that_fails_and_a_unit_that_is_excused(chain: Chain) -> None:
    ticket = to_mediation(chain)
    consent(chain, ticket)
    chain.act(ticket, MEDIATOR, "fail")
    chain.expect(ticket, "joint_action.called")
    chain.act(ticket, LEAD, "finish")
    chain.expect(ticket, "joint_action.unit_finished", unit=LEAD)
    chain.act(ticket, SUPERVISOR, "excuse", to=POLICE)
    chain.expect(ticket, "joint_action.unit_excused", unit=POLICE, by=SUPERVISOR)
    chain.expect(ticket, "case.completed", outcome="joint")


def test_not_mine_twice_and_the_supervisor_rules(chain: Chain) -> None:
    ticket = chain.whistle("leak")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "return", reason="not_my_area")
    chain.expect(ticket, "assignment.made", to=SECOND)
    chain.act(ticket, SECOND, "return", reason="not_my_duty")
    chain.expect(ticket, "assignment.returned", number=2, ruling_by=SUPERVISOR)
    chain.act(ticket, SUPERVISOR, "rule", to=PROPERTY)
    chain.expect(ticket, "assignment.ruled", to=PROPERTY)
    chain.expect(ticket, "assignment.made", times=2, to=PROPERTY)
    chain.act(ticket, PROPERTY, "handle")
    close(chain, ticket)


def test_it_is_not_solved_after_all(chain: Chain) -> None:
    ticket = chain.whistle("noise")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "handle")
    chain.expect(ticket, "assignment.made", purpose="verify")
    chain.act(ticket, VERIFIER, "verify", passed=False)
    chain.expect(ticket, "ticket.rework_ordered", cause="verification", generation=2)
    chain.expect(ticket, "assignment.made", to=PROPERTY, generation=2)
    chain.act(ticket, PROPERTY, "handle")
    chain.expect(ticket, "ticket.handled", generation=2)
    close(chain, ticket, generation=2)


def test_silent_property_is_passed_over_and_its_late_work_still_counts(chain: Chain) -> None:
    ticket = chain.whistle("property_service", dispute=True)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    due = datetime.fromisoformat(chain.expect(ticket, "deadline.set", clock="sign")["due"])
    chain.let_pass_until(due - timedelta(minutes=5))
    chain.expect(ticket, "deadline.warned", clock="sign", stage="urge_most")
    chain.let_pass("4d")
    chain.expect(ticket, "deadline.breached", clock="sign")
    chain.expect(ticket, "case.escalated", level="mediation", cause="breached")
    chain.act(ticket, PROPERTY, "handle")
    chain.expect(ticket, "case.completed", level="property", outcome="handled")
    chain.expect(ticket, "assignment.relieved", by=MEDIATOR)


def test_nobody_answers_at_any_level(chain: Chain) -> None:
    ticket = chain.whistle("neighbour_dispute", dispute=True)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.let_pass("4d")
    chain.expect(ticket, "case.escalated", level="mediation", cause="breached")
    chain.let_pass("8d")
    chain.expect(ticket, "case.escalated", level="departments", cause="breached")
    chain.let_pass("10d")
    chain.expect(ticket, "case.exhausted", cause="last_level", supervisor=SUPERVISOR)
    chain.expect(ticket, "deadline.breached", clock="handle", supervisor=SUPERVISOR)
    chain.expect(ticket, "deadline.warned", clock="handle")
    chain.act(ticket, SUPERVISOR, "rule", to=SECOND)
    chain.expect(ticket, "assignment.made", to=SECOND)
    chain.act(ticket, SECOND, "handle")
    chain.expect(ticket, "case.completed")
