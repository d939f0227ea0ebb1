"""From a whistle to a ticket."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Channel, Urgency
from contracts.events.intake import WhistleBlown
from services.tickets.domain.match_keys import MatchKeys
from services.tickets.domain.whistle import future_occurrence_errors, private_digest, ticket_from_whistle, ticket_id, urgency_of
from tests.kit.payloads import some
from tests.unit.tickets.tickets import T0


@given(st.text(), st.text(), st.text(), st.text())
def test_the_same_producer_id_is_one_ticket_and_another_is_another(a: str, b: str, c: str, d: str) -> None:
    assert (ticket_id(a, b) == ticket_id(c, d)) == ((a, b) == (c, d))
    assert re.fullmatch(r"T[A-Z2-7]{16}", ticket_id(a, b))


@pytest.mark.parametrize(
    ("category", "raised", "urgency"),
    [
        (Urgency.E2, None, Urgency.E2),
        (Urgency.E2, Urgency.E0, Urgency.E0),
        (Urgency.E1, Urgency.E3, Urgency.E1),
        (Urgency.E3, Urgency.E3, Urgency.E3),
    ],
)
def test_urgency_is_raised_and_never_lowered(category: Urgency, raised: Urgency | None, urgency: Urgency) -> None:
    assert urgency_of(category, raised) is urgency


def test_the_digest_stands_for_the_private_part_and_hides_it() -> None:
    data: dict[str, Any] = {"text": "楼上漏水", "reporter": {"phone": "029-00000001"}, "category": "leak"}
    digest = private_digest(some(WhistleBlown, **data), b"salt")
    assert digest == private_digest(some(WhistleBlown, **{**data, "category": "noise"}), b"salt"), "public does not count"
    assert digest != private_digest(some(WhistleBlown, **{**data, "text": "楼下漏水"}), b"salt")
    assert digest != private_digest(some(WhistleBlown, **data), b"other salt")


@pytest.mark.parametrize(
    ("occurred_at", "refused"),
    [
        (None, False),
        (T0 - timedelta(days=400), False),
        (T0, False),
        (T0 + timedelta(minutes=5), False),
        (T0 + timedelta(minutes=5, seconds=1), True),
    ],
)
def test_what_has_not_yet_occurred_is_refused_by_its_field(occurred_at: datetime | None, refused: bool) -> None:
    """Five minutes are a clock that is wrong."""
    assert future_occurrence_errors(some(WhistleBlown, occurred_at=occurred_at), T0).keys() == (
        {"occurred_at"} if refused else set()
    )


KEYS = MatchKeys(b"salt", "CN")
DATA: dict[str, Any] = {"category": "noise", "area": "shanqi-1", "channel": Channel.HOTLINE, "text": "楼上漏水"}
CALLER: dict[str, Any] = {"reporter": {"phone": "029-88887777"}, "address": "3号楼2单元"}


def opened(**said: Any) -> tuple[str | None, str | None, datetime | None]:
    one = ticket_from_whistle("T1", WhistleBlown.of({**DATA, **said}), Urgency.E2, False, T0, KEYS)
    assert one.opened_at == T0
    return one.address_key, one.reporter_key, one.occurred_at


def test_a_ticket_has_the_keys_of_what_its_whistle_says() -> None:
    assert opened() == (None, None, None)
    address, reporter, _ = opened(estate="yangguang", **CALLER)
    assert (address, reporter) == (KEYS.address("yangguang", "3号楼2单元"), KEYS.reporter("yangguang", "02988887777"))
    assert opened(**CALLER)[:2] == (KEYS.address("shanqi-1", "3号楼2单元"), KEYS.reporter("shanqi-1", "02988887777"))
    assert opened(occurred_at=T0 - timedelta(days=1))[2] == T0 - timedelta(days=1)
