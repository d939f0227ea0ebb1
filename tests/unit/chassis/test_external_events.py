"""What an account may say about itself in a message, and what its ids are called where others see them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.configuration.identities import Actor
from chassis.effects import Refused
from chassis.messaging.external_events import Digests, ExternalEvents, NotOwnSource, is_ticket
from contracts.envelope import Event
from contracts.payload import payload_for
from tests.kit.payloads import some

HOTLINE = Actor("hotline", frozenset(), frozenset({"producer"}), frozenset({"/hotline"}))
DIGESTS = Digests(b"a secret of the tests")
OUTSIDE = ExternalEvents(DIGESTS, {"hotline": HOTLINE}.get)


def event(type_: str = "whistle.blown.v1", source: str = "/hotline", actor: str | None = "hotline") -> Event:
    """An event that claims all that can be claimed."""
    time = datetime(2026, 3, 3, tzinfo=UTC)
    return Event(some(payload_for(type_)), source, "whistle", "1", time, "another story", "another cause", 7, actor)


def test_a_sender_claims_neither_a_story_nor_a_cause_nor_a_number() -> None:
    admitted = OUTSIDE.admit(event())
    assert (admitted.correlationid, admitted.causationid, admitted.sequence) == (None, None, None)
    assert (admitted.source, admitted.id, admitted.actor) == ("/hotline", "1", "hotline")


@pytest.mark.parametrize("type_", ["whistle.blown.v1", "report.filed.v1", "request.made.v1"])
@pytest.mark.parametrize("source", ["/sensor", "/hotline/", "/HOTLINE", "/accounts/sensor", "/tickets", "/dispatch/private"])
def test_the_source_of_somebody_else_is_refused_with_account_and_field(type_: str, source: str) -> None:
    with pytest.raises(NotOwnSource, match=r"^ce-source: not among the sources of account 'hotline'"):
        OUTSIDE.admit(event(type_, source))


@pytest.mark.parametrize("actor", [None, "stranger"])
def test_whoever_is_no_account_has_no_source(actor: str | None) -> None:
    with pytest.raises(Refused, match=r"^sender: "):
        OUTSIDE.admit(event(actor=actor))


def test_what_the_services_say_to_each_other_is_taken_as_it_is() -> None:
    said = event("ticket.opened.v1", "/tickets", actor="tickets")
    assert OUTSIDE.admit(said) is said


@given(st.text(), st.text())
def test_a_digest_names_one_id_of_one_source_and_hides_it(source: str, id_: str) -> None:
    digest = DIGESTS.of(source, id_)
    assert len(digest) == 32
    assert digest == DIGESTS.of(source, id_) != Digests(b"another secret").of(source, id_)
    assert DIGESTS.of(source + "x", id_) != digest != DIGESTS.of(source, id_ + "x")


def test_a_log_names_a_ticket_and_no_other_subject() -> None:
    assert DIGESTS.subject("TMFQWCZLOEBSG44DF") == "TMFQWCZLOEBSG44DF"
    assert is_ticket("TMFQWCZLOEBSG44DF")
    for other in ("029-00001234", "whistle", "TMFQWCZLOEBSG44DF\n", "T02900001234567AA"):
        assert other not in DIGESTS.subject(other)
