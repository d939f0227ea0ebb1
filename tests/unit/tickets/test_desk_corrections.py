"""The desk corrects a ticket's category and contact."""

from __future__ import annotations

import pytest

from contracts.codes import Urgency
from services.tickets.domain import desk_corrections
from services.tickets.domain.allowed_commands import NotNow, State
from services.tickets.domain.desk_corrections import Category, SameCategory, StaysWithPolice
from services.tickets.domain.rules import Rules
from services.tickets.domain.ticket import Ticket
from tests.unit.tickets.tickets import T0, brought_to, said

RULES = Rules(police_matters=frozenset({"domestic_violence", "suspected_crime"}))


def change(one: Ticket, code: str, urgency: Urgency = Urgency.E2) -> list[str]:
    """Change the category; return what was said."""
    return said(desk_corrections.change_category(one, Category(code, urgency, False), RULES, T0))


def test_a_more_urgent_category_raises_the_urgency_and_none_lowers_it() -> None:
    one = brought_to(State.HANDLING)
    assert change(one, "leak", Urgency.E1) == ["ticket.category_changed", "ticket.urgency_raised"]
    assert (one.category, one.dispute, one.urgency, one.generation, one.waiting_since) == ("leak", False, Urgency.E1, 2, T0)
    assert change(one, "parking", Urgency.E3) == ["ticket.category_changed"]
    assert (one.urgency, one.generation) == (Urgency.E1, 3)


@pytest.mark.parametrize(
    ("before", "after", "refusal"),
    [
        ("noise", "suspected_crime", None),
        ("domestic_violence", "suspected_crime", None),
        ("domestic_violence", "noise", StaysWithPolice),
        ("noise", "noise", SameCategory),
    ],
)
def test_a_police_matter_stays_one(before: str, after: str, refusal: type[Exception] | None) -> None:
    one = brought_to(State.HANDLING, category=before)
    if refusal is None:
        assert change(one, after) == ["ticket.category_changed"]
        return
    unchanged = vars(one).copy()
    with pytest.raises(refusal, match="category: "):
        change(one, after)
    assert vars(one) == unchanged


def test_what_is_said_to_be_done_keeps_its_category() -> None:
    with pytest.raises(NotNow):
        change(brought_to(State.HANDLED), "leak")


def test_a_usable_contact_makes_a_ticket_one_that_can_be_asked_about() -> None:
    one = brought_to(State.HANDLING, has_contact=False, unusable_contacts=["reporter.phone", "respondent.phone"])
    desk_corrections.correct_contact(one, False, None)
    assert not one.has_contact
    desk_corrections.correct_contact(one, True, "r")
    assert (one.has_contact, one.unusable_contacts, one.reporter_key) == (True, ["respondent.phone"], "r")
