"""From a whistle to a ticket."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Urgency
from contracts.events.intake import WhistleBlown
from services.tickets.domain.whistle import private_digest, ticket_id, urgency_of
from tests.kit.payloads import some


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
