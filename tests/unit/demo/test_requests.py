"""A night of New York as whistles."""

from collections import Counter, defaultdict
from datetime import datetime

from cli.demo.config import read_demo_config
from cli.demo.requests import Whistle
from contracts.codes import Channel, Urgency
from contracts.events import intake
from services.tickets.domain.whistle import ticket_id
from tests.unit.demo.shipped import CALENDAR, COMPLAINTS, CONFIG, DEMO

BY_ID = {one.id: one for one in CONFIG.whistles}


def local(one: Whistle) -> datetime:
    """Return the time of a whistle on the street's own clock."""
    return one.at.astimezone(CALENDAR.zone).replace(tzinfo=None)


def test_every_request_is_a_whistle_that_the_contract_takes() -> None:
    assert len(CONFIG.whistles) == 1000
    for one in CONFIG.whistles:
        intake.WhistleBlown.of(one.data).to_wire()


def test_the_night_begins_on_the_evening_that_the_file_names() -> None:
    moments = [local(one) for one in CONFIG.whistles]
    assert moments == sorted(moments)
    assert moments[0] == datetime(2026, 3, 2, 22, 51, 53)
    assert moments[-1] == datetime(2026, 3, 3, 3, 3, 15)


def test_the_same_request_is_the_same_ticket_and_no_two_are_one() -> None:
    assert len({one.ticket for one in CONFIG.whistles}) == 1000
    one = BY_ID["60879417"]
    assert one.ticket == ticket_id(f"/{one.account}", one.id)


def test_points_are_those_of_a_phone_and_some_have_none() -> None:
    places = [one.data["location"] for one in CONFIG.whistles if "location" in one.data]
    assert len(places) == 977
    assert {place["system"] for place in places} == {"WGS-84"}
    assert all(40 < place["lat"] < 41 and -75 < place["lon"] < -73 for place in places)


def test_what_was_said_where_and_by_whom() -> None:
    hole = BY_ID["60879417"].data
    assert hole["text"] == "Street Condition: Pothole"
    assert hole["address"] == "133 AVENUE / 231 STREET, QUEENS"
    assert (hole["category"], hole["dispute"], hole.get("estate")) == ("street_condition", False, None)
    assert hole["channel"] == Channel.PATROL.value
    assert "reporter" not in hole, "a patrol has nobody to ask"
    reporters = [one.data.get("reporter") for one in CONFIG.whistles]
    phones = [reporter["phone"] for reporter in reporters if reporter]
    assert len(phones) == len(set(phones))
    assert len(phones) > 850
    assert {reporter["locale"] for reporter in reporters if reporter} == {"zh", "en", "bo"}


def test_one_house_is_on_one_estate_and_in_one_grid() -> None:
    houses = defaultdict(set)
    for one in CONFIG.whistles:
        if "estate" in one.data and "address" in one.data:
            houses[one.community.code, one.data["address"]].add((one.data["estate"], one.data["area"]))
    assert max(len(found) for found in houses.values()) == 1
    per_estate = Counter(found for place in houses.values() for found, _ in place)
    assert len(per_estate) > 150, "the estates of most communities are lived in"


def test_a_whistle_may_raise_the_urgency_and_never_lowers_it() -> None:
    for one in CONFIG.whistles:
        own = COMPLAINTS.categories[one.data["category"]].urgency
        assert one.urgency.value <= own.value
        assert one.data.get("urgency") == (None if one.urgency is own else one.urgency.value)
    assert sum(one.urgency is Urgency.E0 for one in CONFIG.whistles) >= 10


def test_another_seed_invents_other_people_and_nothing_else() -> None:
    other = read_demo_config(DEMO, CALENDAR, seed="another")
    for one, again in zip(CONFIG.whistles, other.whistles, strict=True):
        assert {**one.data, "reporter": None} == {**again.data, "reporter": None}
    assert [one.data for one in CONFIG.whistles] != [one.data for one in other.whistles]
    assert [one.data for one in CONFIG.whistles] == [one.data for one in read_demo_config(DEMO, CALENDAR).whistles]
