"""A payload's declaration is checked when its class is made; a payload says what its contract allows, and no more."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import fields
from contracts.codes import Closure, CoordinateSystem, Urgency
from contracts.events.intake import Location, Reporter, WhistleBlown
from contracts.events.sequences import Reached, TicketsSequencesAnnounced
from contracts.events.tickets import TicketClosed, TicketParked
from contracts.payload import EventPayload, InvalidEvent, Part, all_payloads

WHISTLE: dict[str, Any] = {"category": "noise", "area": "shanqi-1", "channel": "hotline", "text": "夜间装修"}


def test_a_field_is_declared_by_a_specifier() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.name: declare it by a specifier"):

        class Wrong(Part):
            name: str = "nobody"


def test_a_field_has_an_annotation() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.name: wants an annotation"):

        class Wrong(Part):
            name = fields.name("what to call them")


@pytest.mark.parametrize("annotation", [int, str | None, list[str]], ids=str)
def test_an_annotation_is_the_type_that_the_field_loads(annotation: Any) -> None:
    body = {"__annotations__": {"name": annotation}, "name": fields.name("what to call them"), "__module__": __name__}
    with pytest.raises(TypeError, match=r"Wrong\.name: its field loads"):
        type("Wrong", (Part,), body)


def test_one_type_has_one_contract() -> None:
    with pytest.raises(TypeError, match=r"two contracts for ticket\.closed\.v1"):

        class Again(EventPayload):
            type = "ticket.closed.v1"
            producer = "tickets"


def test_a_payload_is_made_of_parts_and_says_them() -> None:
    point = {"lat": 36.06, "lon": 103.83, "system": "GCJ-02"}
    blown = WhistleBlown.load({**WHISTLE, "location": point, "reporter": {"name": None, "phone": "101"}})
    assert blown.location == Location(lat=36.06, lon=103.83, system=CoordinateSystem.GCJ02)
    assert blown.reporter == Reporter(phone="101")
    assert blown.to_wire() == {**WHISTLE, "location": point, "reporter": {"phone": "101"}}


def test_a_list_of_parts_is_read_and_said() -> None:
    said = {"reached": [{"subject": "T1", "last": 3}, {"subject": "T2", "last": 1}]}
    announced = TicketsSequencesAnnounced.load(said)
    assert announced.reached == [Reached(subject="T1", last=3), Reached(subject="T2", last=1)]
    assert announced.to_wire() == said


def test_what_has_no_value_is_left_out_and_null_is_read_as_no_value() -> None:
    blown = WhistleBlown.load({**WHISTLE, "estate": None, "urgency": None})
    assert (blown.estate, blown.urgency, blown.location) == (None, None, None)
    assert blown.to_wire() == WHISTLE


def test_codes_and_instants_have_their_types() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    assert TicketClosed.load({"closure": "satisfied", "generation": 1}).closure is Closure.SATISFIED
    assert TicketParked.load({"reason": "x", "review_at": at.isoformat()}).review_at == at
    assert WhistleBlown.codes_of("urgency") is Urgency
    with pytest.raises(TypeError, match="takes no codes"):
        WhistleBlown.codes_of("text")


def test_a_payload_never_changes() -> None:
    closed = TicketClosed(closure=Closure.SATISFIED, generation=1)
    with pytest.raises(FrozenInstanceError):
        closed.generation = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        closed.by_name()["generation"] = 2  # type: ignore[index]


def test_what_the_contract_does_not_allow_is_not_said() -> None:
    with pytest.raises(InvalidEvent, match="generation"):
        TicketClosed(closure=Closure.SATISFIED, generation=-1).to_wire()


def test_code_that_takes_any_payload_reads_by_name() -> None:
    closed = TicketClosed(closure=Closure.SATISFIED, generation=1)
    assert closed.by_name() == {"closure": Closure.SATISFIED, "generation": 1}
    assert TicketClosed.field_names() == {"closure", "generation"}


RECORDS = {"area.registered.v1", "category.registered.v1", "responder.registered.v1", "responder.retired.v1"}


def test_every_event_of_ours_says_what_makes_two_of_it_the_same() -> None:
    """An event type without an identity could happen twice unseen; records alone may come back to what they once were."""
    ours = [payload for payload in all_payloads() if payload.producer != "intake"]
    assert {payload.type for payload in ours if not payload.identity} == RECORDS


def test_an_identity_that_names_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Misnamed\.identity: no field generatoin"):

        class Misnamed(EventPayload):
            type = "misnamed.made.v1"
            producer = "tickets"
            identity = ("subject", "generatoin")

            generation: int = fields.count("generation")
