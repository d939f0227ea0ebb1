"""A producer whistles again about a matter of its own, and says so: nobody needs to decide that it is one matter."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.component.tickets.town import Town


def key() -> str:
    """A producer's own id."""
    return f"call-{uuid4()}"


def test_it_joins_the_earlier_ones_ticket_and_its_reporter_follows(town: Town) -> None:
    call = key()
    earlier = town.at_work(key=call, reporter=None)
    again = town.whistle(same_as=call, urgency="E1")
    seen = town.seen(again)
    assert (seen["state"], seen["merged_into"]) == ("merged", earlier)
    assert town.seen(earlier)["urgency"] == "E1", "as urgent as the more urgent of both"
    opened, follows = town.said("tickets", "contact.recorded", again)
    assert (opened.get("follows"), follows["follows"]) == (None, earlier)
    assert follows["links"].keys() == {"rate", "reopen"}, "the earlier one had nobody to ask"
    assert town.until_said("dispatch", "case.withdrawn", again) == [{"cause": "merged"}]


@pytest.mark.parametrize("first", ["noise", "domestic_violence"])
def test_across_a_police_matter_it_stays_a_ticket_of_its_own(town: Town, first: str) -> None:
    call, second = key(), {"noise": "domestic_violence", "domestic_violence": "noise"}[first]
    earlier = town.at_work(key=call, category=first)
    again = town.whistle(same_as=call, category=second)
    assert (town.until(again, state="handling")["merged_into"], town.seen(earlier)["state"]) == (None, "handling")
    assert not town.said("dispatch", "case.withdrawn", again)


def test_whom_the_earlier_one_joined_is_joined_too(town: Town) -> None:
    call, survivor = key(), town.at_work()
    earlier = town.at_work(key=call)
    assert town.order(earlier, "merges", into=survivor).status == 202
    assert town.seen(town.whistle(same_as=call))["merged_into"] == survivor


def test_once_it_is_said_to_be_done_another_whistle_is_another_ticket(town: Town) -> None:
    call = key()
    town.street.at_work = True
    town.closed(key=call)
    town.street.at_work = False
    assert town.seen(town.whistle(same_as=call))["merged_into"] is None


@pytest.mark.parametrize("whose", ["nobody's", "its own", "another producer's"])
def test_an_id_that_is_of_no_earlier_whistle_of_the_producer_loses_nothing(town: Town, whose: str) -> None:
    call, own = key(), key()
    if whose == "another producer's":
        town.at_work(key=call, account="app")
    again = town.at_work(key=own, same_as=own if whose == "its own" else call)
    assert town.seen(again)["merged_into"] is None
