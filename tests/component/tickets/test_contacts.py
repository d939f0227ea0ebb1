"""A whistle that was published with a contact that nobody can be reached by."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from tests.component.tickets.town import WHISTLE, Town
from tests.kit.clients import EventPublisher
from tests.kit.processes import wait_until

UNUSABLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"reporter": {"name": "王阿姨", "phone": "   "}}, ["reporter.phone"]),
    (
        {"reporter": {"phone": "13800000000,13900000000"}, "respondent": {"name": "李先生", "phone": "a@x,b@y"}},
        ["reporter.phone", "respondent.phone"],
    ),
]


@pytest.mark.parametrize(("people", "fields"), UNUSABLE)
def test_an_event_with_an_unusable_contact_is_a_ticket_that_names_the_field(
    town: Town, people: dict[str, Any], fields: list[str]
) -> None:
    id_ = str(uuid4())
    mouth = EventPublisher(town.stack, "hotline", threading.Event())
    mouth.say("whistle.blown.v1", "/hotline", id_, id_, {**WHISTLE, **people})
    mouth.close()
    query = "SELECT ticket, data FROM whistles WHERE producer_id = %s"
    wait_until(lambda: town.stack.rows("tickets", query, id_), "a ticket", 20, details=lambda: town.stack.log("tickets", 20))
    ((ticket, kept),) = town.stack.rows("tickets", query, id_)
    assert kept["reporter"]["phone"] == people["reporter"]["phone"], "what was sent stays for people to look at"
    assert town.seen(ticket)["unusable_contacts"] == fields
    (contact,) = town.said("tickets", "contact.recorded", ticket)
    assert (contact.get("phone"), contact.get("links")) == (None, None)
    assert not (contact.get("respondent") or {}).get("phone")
    log = town.stack.log("tickets", 200)
    assert "a whistle's contact is unusable" in log
    assert people["reporter"]["phone"].strip() not in log or not people["reporter"]["phone"].strip()
    town.until(ticket, state="closed", closure="no_contact")
