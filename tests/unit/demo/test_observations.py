"""Actions that no longer make sense are dropped; and the observations do not depend on the order of hearing."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.demo.acts import Act, Kind
from cli.demo.observations import Observations
from contracts.envelope import Event
from contracts.http import tickets as http
from contracts.payload import payload_for
from tests.kit.payloads import some
from tests.unit.demo.chain import Chain
from tests.unit.demo.shipped import CONFIG

T0 = datetime(2026, 3, 2, 15, tzinfo=UTC)
NUMBERS = iter(range(1, 10**6))


def event(type_: str, subject: str = "T1", **data: Any) -> Event:
    """Something that was said, each with a higher number than the one before."""
    number = next(NUMBERS)
    return Event(some(payload_for(f"{type_}.v1"), **data), "/x", subject, str(number), T0, sequence=number)


def act(kind: Kind, name: str, answers: Event, **data: Any) -> Act:
    """Return a person's answer to an event."""
    return Act(f"{answers.id}-{name}", T0 + timedelta(hours=1), "somebody", kind, "T1", name, data, answers)


def known(*events: Event) -> Observations:
    """Return the observations after these events, in any order."""
    made, mixed = Observations(), list(events)
    random.Random(len(events)).shuffle(mixed)
    for one in mixed:
        made.hear(one)
    return made


OPENED = event("ticket.opened", urgency="E2")
MADE = event("assignment.made", assignment="T1-1", generation=1, purpose="handle", to="a")
MEDIATED = event("mediation.opened", mediation="T1-m1", parties=["applicant", "respondent"], mediator="m")
CONSENTS = [event("mediation.consented", mediation="T1-m1", party=party) for party in ("applicant", "respondent")]
EXHAUSTED = event("case.exhausted", cause="last_level")
ASKED = event("deadline.extension_asked", clock="handle_within", assignment="T1-1")
VERIFIED = event("ticket.verified", generation=1)
CLOSED = event("ticket.closed", generation=1, closure="satisfied")
LIKE = event("cluster.proposed", like="T2")
OTHER = event("ticket.opened", subject="T2", urgency="E2")
HANDLE, SESSION = act(Kind.REPORT, "handle", MADE), act(Kind.REPORT, "session", MEDIATED)
RULE, GRANT = act(Kind.REPORT, "rule", EXHAUSTED), act(Kind.REPORT, "rule", ASKED)
MERGE, PARK = act(Kind.DESK, http.MERGE.id, LIKE, into="T2"), act(Kind.DESK, http.PARK.id, OPENED)


@pytest.mark.parametrize(
    ("what", "heard", "sensible"),
    [
        (HANDLE, [], True),
        (HANDLE, [event("assignment.handed_up", assignment="T1-1")], True),
        (HANDLE, [event("assignment.relieved", assignment="T1-1")], False),
        (HANDLE, [event("assignment.relieved", assignment="T1-2")], True),
        (HANDLE, [event("case.completed", generation=1)], False),
        (HANDLE, [event("case.resumed", generation=1)], True),
        (HANDLE, [event("case.resumed", generation=2)], False),
        (HANDLE, [event("ticket.merged", into="T2")], False),
        (SESSION, CONSENTS[:1], False),
        (SESSION, CONSENTS, True),
        (SESSION, [*CONSENTS, event("mediation.consent_withdrawn", mediation="T1-m1", party="applicant")], False),
        (SESSION, [*CONSENTS, event("mediation.failed", mediation="T1-m1")], False),
        (act(Kind.REQUEST, "consent", MEDIATED), [event("mediation.failed", mediation="T1-m1")], False),
        (RULE, [], True),
        (RULE, [event("assignment.ruled", to="team")], False),
        (RULE, [event("case.completed", generation=1)], False),
        (GRANT, [event("assignment.ruled", to="team")], True),
        (GRANT, [event("deadline.breached", clock="handle_within", assignment="T1-1")], False),
        (act(Kind.REPORT, "return", MADE), [event("assignment.returned", assignment="T1-9", ruling_by="boss")], False),
        (act(Kind.REPORT, "verify", MADE), [event("verification.done", assignment="T1-1")], False),
        (act(Kind.REPORT, "perform", MADE), [event("case.completed", generation=1)], True),
        (act(Kind.REQUEST, "rate", VERIFIED), [OPENED, VERIFIED], True),
        (act(Kind.REQUEST, "rate", VERIFIED), [OPENED, VERIFIED, event("ticket.closed", generation=1)], False),
        (act(Kind.REQUEST, "reopen", CLOSED), [OPENED, CLOSED], True),
        (act(Kind.REQUEST, "reopen", CLOSED), [OPENED, CLOSED, event("ticket.reopened", generation=2)], False),
        (act(Kind.REQUEST, "cancel", OPENED), [OPENED], True),
        (act(Kind.REQUEST, "cancel", OPENED), [OPENED, CLOSED], False),
        (PARK, [OPENED, event("ticket.parked")], False),
        (act(Kind.DESK, http.RESUME.id, OPENED), [OPENED], False),
        (act(Kind.DESK, http.RESUME.id, OPENED), [OPENED, event("ticket.parked")], True),
        (act(Kind.DESK, http.RAISE_URGENCY.id, OPENED, urgency="E1"), [OPENED], True),
        (act(Kind.DESK, http.RAISE_URGENCY.id, OPENED, urgency="E2"), [OPENED], False),
        (act(Kind.DESK, http.REJECT.id, OPENED), [OPENED, event("ticket.handled", generation=1)], False),
        (MERGE, [OPENED, OTHER], True),
        (MERGE, [OPENED, OTHER, event("ticket.closed", subject="T2", generation=1)], False),
        (MERGE, [OPENED, OTHER, event("ticket.merged", subject="T2", into="T1")], False),
    ],
)
def test_what_is_still_sensible(what: Act, heard: list[Event], sensible: bool) -> None:
    assert (known(*heard).revalidated(what) is not None) == sensible


def test_a_merger_goes_where_its_survivor_went() -> None:
    third = event("ticket.opened", subject="T3", urgency="E2")
    filed = known(OPENED, OTHER, third, event("ticket.merged", subject="T2", into="T3")).revalidated(MERGE)
    assert filed is not None
    assert filed.data["into"] == "T3"


def test_who_ends_a_ticket_knows_it_at_once() -> None:
    told = known(OPENED, OTHER)
    assert told.revalidated(MERGE) is not None
    assert told.revalidated(MERGE) is None
    assert told.revalidated(HANDLE) is None


def test_of_the_whole_night_the_same_is_known_in_any_order(replayed: Chain) -> None:
    in_order, mixed = known(), known(*replayed.heard)
    for one in replayed.heard:
        in_order.hear(one)
    for planned in (planned for one in replayed.heard for planned in CONFIG.people.hear(one)):
        assert in_order.revalidated(planned) == mixed.revalidated(planned), planned
