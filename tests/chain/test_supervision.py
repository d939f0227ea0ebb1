"""Where time runs out: a verifier is silent, more time is asked for; the supervisor decides."""

from datetime import datetime, timedelta

from tests.chain.steps import NEXT_GRID, PROPERTY, SUPERVISOR, VERIFIER, close, handle
from tests.kit.chain import Chain


def more_time(chain: Chain, ticket: str) -> datetime:
    """Property is at work and asks for three more days; answers when its clock was due."""
    for command in ("sign", "contact", "report_in"):
        chain.act(ticket, PROPERTY, command)
    chain.expect(ticket, "assignment.reported_in")
    due = datetime.fromisoformat(chain.expect(ticket, "deadline.set", clock="handle_within")["due"])
    chain.act(ticket, PROPERTY, "extend", until=(due + timedelta(days=3)).isoformat())
    chain.expect(ticket, "deadline.extension_asked", clock="handle_within", supervisor=SUPERVISOR)
    chain.expect_notice(ticket, "extension_asked", audience=SUPERVISOR)
    return due


def test_nobody_looks_and_the_supervisor_names_another(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    handle(chain, ticket)
    chain.expect(ticket, "assignment.made", purpose="verify", to=VERIFIER)
    chain.let_pass("4d")
    chain.expect(ticket, "deadline.breached", clock="verify")
    chain.expect(ticket, "verifier.requested", generation=1, supervisor=SUPERVISOR)
    chain.expect_notice(ticket, "verifier_requested", audience=SUPERVISOR)
    chain.let_pass("8d")
    chain.expect(ticket, "deadline.warned", clock="verify", stage="top_called")
    chain.act(ticket, SUPERVISOR, "rule", to=NEXT_GRID)
    chain.expect(ticket, "assignment.relieved", by=VERIFIER)
    chain.expect(ticket, "assignment.made", purpose="verify", to=NEXT_GRID)
    chain.act(ticket, NEXT_GRID, "verify", passed=True)
    chain.expect(ticket, "ticket.verified", verified_by=NEXT_GRID)


def test_more_time_is_granted_and_the_resident_is_told(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    due = more_time(chain, ticket)
    chain.act(ticket, SUPERVISOR, "rule", passed=True)
    extended = chain.expect(ticket, "deadline.extended", clock="handle_within")
    assert datetime.fromisoformat(extended["before"]) == due
    assert datetime.fromisoformat(extended["due"]) == due + timedelta(days=3)
    chain.expect_notice(ticket, "deadline_extended")
    chain.act(ticket, PROPERTY, "extend", until=(due + timedelta(days=9)).isoformat())
    handle(chain, ticket)
    close(chain, ticket)
    assert len(chain.of(ticket, "deadline.extension_asked")) == 1, "it is asked once"
    chain.never(ticket, "deadline.breached", clock="handle_within")


def test_more_time_is_refused_and_the_level_is_passed(chain: Chain) -> None:
    ticket = chain.whistle("parking")
    due = more_time(chain, ticket)
    chain.act(ticket, SUPERVISOR, "rule", passed=False)
    chain.expect(ticket, "deadline.extension_refused", clock="handle_within")
    chain.let_pass("6d")
    breached = chain.expect(ticket, "deadline.breached", clock="handle_within")
    assert datetime.fromisoformat(breached["due"]) == due
    chain.expect(ticket, "case.escalated", cause="breached")
