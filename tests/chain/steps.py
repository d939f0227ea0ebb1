"""The people of the demonstration's town, and the steps that several stories share."""

from tests.kit.chain import Chain

PROPERTY, SECOND, MEDIATOR = "yangguang-property", "yangguang-property-2", "shanqi-mediator"
LEAD, HOUSING, POLICE = "lianhu-urban", "lianhu-housing", "shanqi-police"
VERIFIER, NEXT_GRID = "grid-worker-1", "grid-worker-2"
SUPERVISOR, STREET = "shanqi-supervisor", "huancheng-supervisor"


def verify(chain: Chain, ticket: str, generation: int = 1) -> None:
    """Verify a ticket as a unit that did not handle it."""
    chain.expect(ticket, "assignment.made", purpose="verify", to=VERIFIER, generation=generation)
    chain.act(ticket, VERIFIER, "verify", passed=True)
    chain.expect(ticket, "ticket.verified", generation=generation)
    chain.expect_notice(ticket, "ticket_verified")


def close(chain: Chain, ticket: str, generation: int = 1) -> None:
    """Verify a ticket, and rate it as solved."""
    verify(chain, ticket, generation)
    chain.ask(ticket, "rate", resolved=True, satisfied=True)
    chain.expect(ticket, "ticket.closed", closure="satisfied", generation=generation)


def handle(chain: Chain, ticket: str, unit: str = PROPERTY, generation: int = 1) -> None:
    """A unit that was named does it."""
    chain.expect(ticket, "assignment.made", to=unit, purpose="handle", generation=generation)
    chain.act(ticket, unit, "handle")
    chain.expect(ticket, "ticket.handled", generation=generation)
