"""Whom a level calls: several at once, two levels together where life is in danger, nobody at all."""

import pytest

from tests.chain.steps import HOUSING, POLICE, PROPERTY, SECOND, SUPERVISOR, close
from tests.kit.chain import Chain


def both_named(chain: Chain, category: str) -> str:
    """A ticket to which both property companies of the estate are called."""
    ticket = chain.whistle(category)
    for unit in (PROPERTY, SECOND):
        chain.expect(ticket, "assignment.made", to=unit, level="property")
    return ticket


def test_one_of_several_is_enough(chain: Chain) -> None:
    ticket = both_named(chain, "stray_dogs")
    chain.act(ticket, SECOND, "handle")
    chain.expect(ticket, "case.completed", handled_by=[SECOND])
    chain.expect(ticket, "assignment.relieved", by=PROPERTY)
    close(chain, ticket)


def test_one_of_several_hands_up_and_the_other_goes_on(chain: Chain) -> None:
    ticket = both_named(chain, "stray_dogs")
    chain.act(ticket, PROPERTY, "hand_up")
    chain.expect(ticket, "assignment.handed_up", by=PROPERTY)
    chain.act(ticket, SECOND, "return", reason="not_my_area")
    chain.expect(ticket, "assignment.returned", by=SECOND)
    chain.expect(ticket, "case.escalated", level="departments", cause="returned")
    assert len(chain.of(ticket, "case.escalated")) == 1, "while one was left the level was not passed"


def test_all_of_several_must_do_it(chain: Chain) -> None:
    ticket = both_named(chain, "snow")
    chain.act(ticket, PROPERTY, "handle")
    chain.expect(ticket, "assignment.handled", by=PROPERTY)
    chain.never(ticket, "case.completed")
    chain.act(ticket, SECOND, "handle")
    chain.expect(ticket, "case.completed", handled_by=[PROPERTY, SECOND])
    close(chain, ticket)


def test_one_of_all_is_silent_and_the_level_is_passed(chain: Chain) -> None:
    ticket = both_named(chain, "snow")
    for command in ("sign", "report_in"):
        chain.act(ticket, SECOND, command)
    chain.expect(ticket, "assignment.reported_in", by=SECOND)
    chain.let_pass("4d")
    chain.expect(ticket, "case.escalated", level="departments", cause="breached")


def test_life_is_in_danger_and_two_levels_are_called_together(chain: Chain) -> None:
    reporter = {"name": "Tursun", "phone": "029-00000009", "locale": "en"}
    ticket = chain.whistle("leak", urgency="E0", reporter=reporter)
    chain.expect_notice(ticket, "ticket_opened_urgent", locale="en")
    (text,) = chain.stack.rows(
        "notify", "SELECT document ->> 'text' FROM notices WHERE document ->> 'template' = 'ticket_opened_urgent'"
    )[0]
    assert all(number in text for number in ("110", "119", "120"))
    assert "拨打" in text, "urgent notices are bilingual"
    chain.expect(ticket, "assignment.made", to=PROPERTY, level="property")
    chain.expect(ticket, "case.escalated", level="departments", below="property", cause="parallel")
    assert chain.expect(ticket, "joint_action.called")["units"] == [HOUSING, POLICE]
    chain.act(ticket, PROPERTY, "hand_up")
    chain.expect(ticket, "assignment.handed_up")
    for unit in (POLICE, HOUSING):
        chain.act(ticket, unit, "report_in")
        chain.act(ticket, unit, "finish")
    chain.expect(ticket, "case.completed", outcome="joint", level="departments")
    assert len(chain.of(ticket, "case.escalated")) == 1, "the level above was open already"
    chain.expect(ticket, "assignment.relieved", by=PROPERTY)


def test_levels_that_reach_nobody_are_skipped(chain: Chain) -> None:
    ticket = chain.whistle("old_wall")
    chain.expect(ticket, "case.started", level="owners")
    chain.expect(ticket, "case.escalated", level="property", below="owners", cause="unreachable")
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    assert len(chain.of(ticket, "case.escalated")) == 1


@pytest.mark.parametrize(("category", "cause"), [("beehives", "no_playbook"), ("sinkhole", "no_responder")])
def test_nobody_fits_and_the_supervisor_rules(chain: Chain, category: str, cause: str) -> None:
    ticket = chain.whistle(category)
    chain.expect(ticket, "case.exhausted", cause=cause, supervisor=SUPERVISOR)
    chain.expect_notice(ticket, f"case_exhausted_{cause}", audience=SUPERVISOR)
    chain.act(ticket, SUPERVISOR, "rule", to=SECOND)
    chain.expect(ticket, "assignment.ruled", by=SUPERVISOR, to=SECOND)
    chain.expect(ticket, "assignment.made", to=SECOND)
    chain.act(ticket, SECOND, "handle")
    close(chain, ticket)
