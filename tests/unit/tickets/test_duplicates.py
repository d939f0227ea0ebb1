"""The rules about tickets of the same matter."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Likeness
from services.tickets.domain import duplicates
from services.tickets.domain.allowed_commands import FINAL, OPEN_STATES, State
from services.tickets.domain.coordinates import Point, metres
from services.tickets.domain.rules import Proximity
from services.tickets.domain.ticket import Ticket
from tests.unit.tickets.tickets import DAY, RULES, T0, brought_to, said, ticket

HERE = Point(34.3416, 108.9398)
NEAR = RULES.duplicates


def away(north: float) -> Point:
    """Return the point so many metres to the north."""
    there = Point(HERE.lat + north / 111_195.08, HERE.lon)
    assert metres(HERE, there) == pytest.approx(north, abs=0.01)
    return there


def pairs(one: Ticket, *others: Ticket) -> list[tuple[str, str]]:
    return [(pair.newer, pair.older) for pair in duplicates.find_duplicates(one, list(others), NEAR)]


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"place": away(49.9)}, True),
        ({"place": away(50.1)}, False),
        ({"place": None}, False),
        ({"category": "leak"}, False),
        ({"opened_at": T0 + 24 * timedelta(hours=1)}, True),
        ({"opened_at": T0 + 24 * timedelta(hours=1) + timedelta(seconds=1)}, False),
    ],
)
def test_near_in_space_and_time_and_of_one_category(changes: dict[str, Any], alike: bool) -> None:
    older = ticket(id="T1", place=HERE)
    newer = ticket(**{"id": "T2", "place": HERE, "opened_at": T0 + timedelta(minutes=1), **changes})
    wanted = [("T2", "T1")] if alike else []
    assert pairs(newer, older) == wanted
    assert pairs(older, newer) == wanted, "whoever finds whom, the newer is like the older"


def test_of_two_opened_in_the_same_moment_it_is_still_one_pair() -> None:
    one, other = ticket(id="TA", place=HERE), ticket(id="TB", place=HERE)
    assert pairs(one, other) == pairs(other, one) == [("TB", "TA")]


def test_the_parts_of_a_split_ticket_are_no_duplicates() -> None:
    whole = ticket(id="T1", place=HERE)
    part, other = (ticket(id=id_, place=HERE, split_from="T1", opened_at=T0 + timedelta(minutes=1)) for id_ in ("T2", "T3"))
    stranger = ticket(id="T4", place=HERE, opened_at=T0 + timedelta(minutes=2))
    assert pairs(part, whole, other) == pairs(whole, part, other) == []
    assert pairs(stranger, part) == [("T4", "T2")]


def test_a_ticket_looks_like_the_nearest_alone() -> None:
    near, nearer = ticket(id="T1", place=away(40)), ticket(id="T2", place=away(10))
    newer = ticket(id="T3", place=HERE, opened_at=T0 + timedelta(minutes=1))
    assert pairs(newer, near, nearer) == [("T3", "T2")]


@pytest.mark.parametrize("state", list(State))
def test_only_open_tickets_are_duplicates(state: State) -> None:
    older, newer = brought_to(state, place=HERE), ticket(id="T2", place=HERE, opened_at=T0 + timedelta(minutes=1))
    assert bool(pairs(newer, older)) == (state in OPEN_STATES)


def test_it_is_proposed_once_and_in_whole_metres() -> None:
    newer = ticket(id="T2", place=HERE, opened_at=T0 + timedelta(minutes=1))
    (pair,) = duplicates.find_duplicates(newer, [ticket(place=away(12.3))], NEAR)
    proposed = duplicates.propose_duplicate(newer, pair)
    assert proposed.events[0].payload.by_name() == {"like": "T1", "by": [Likeness.PLACE], "metres": 13}
    assert (newer.looks_like, newer.looks_like_by) == ("T1", [Likeness.PLACE])
    assert duplicates.propose_duplicate(newer, pair) == ()


ADDRESS, REPORTER = {"address_key": "a"}, {"reporter_key": "r"}


@pytest.mark.parametrize(
    ("older", "newer", "by"),
    [
        ({}, {}, []),
        (ADDRESS, {}, []),
        (ADDRESS, {"address_key": "b"}, []),
        (ADDRESS, {"reporter_key": "a"}, []),
        (ADDRESS, ADDRESS, ["address"]),
        (REPORTER, REPORTER, ["reporter"]),
        (ADDRESS | REPORTER, ADDRESS | REPORTER, ["address", "reporter"]),
        (ADDRESS | {"place": HERE}, ADDRESS | {"place": away(51)}, ["address"]),
        (REPORTER | {"place": HERE}, REPORTER | {"place": away(49)}, ["place", "reporter"]),
        (ADDRESS, ADDRESS | {"category": "leak"}, []),
        (REPORTER, REPORTER | {"category": "leak"}, []),
        (ADDRESS, ADDRESS | {"opened_at": T0 + DAY}, ["address"]),
        (ADDRESS, ADDRESS | {"opened_at": T0 + DAY + timedelta(seconds=1)}, []),
        (REPORTER, REPORTER | {"opened_at": T0 + DAY + timedelta(seconds=1)}, []),
    ],
)
def test_a_proposal_says_by_what(older: dict[str, Any], newer: dict[str, Any], by: list[str]) -> None:
    one, other = ticket(**older), ticket(**{"id": "T2", "opened_at": T0 + timedelta(minutes=1), **newer})
    found = duplicates.find_duplicates(other, [one], NEAR)
    assert found == duplicates.find_duplicates(one, [other], NEAR), "whoever finds whom"
    assert [list(pair.by) for pair in found] == ([by] if by else [])
    for pair in found:
        (proposed,) = duplicates.propose_duplicate(other, pair).events
        written = proposed.payload.to_wire()
        assert (written["like"], written["by"]) == ("T1", by)
        assert ("metres" in written) == ("place" in by)


def test_the_strongest_evidence_names_the_ticket_and_of_equals_the_first_received() -> None:
    def opened(id_: str, minutes: int, **known: Any) -> Ticket:
        return ticket(id=id_, opened_at=T0 + timedelta(minutes=minutes), **known)

    newer = opened("T9", 60, place=HERE, **ADDRESS, **REPORTER)
    others = [
        opened("T1", 1, **REPORTER),
        opened("T5", 2, **ADDRESS),
        opened("T4", 3, **ADDRESS, **REPORTER),
        opened("T2", 4, place=away(30)),
        opened("T3", 5, place=away(20)),
        opened("T6", 6, place=away(20)),
    ]
    for named in ("T3", "T6", "T2", "T5", "T4", "T1"):
        assert pairs(newer, *others) == [("T9", named)]
        others = [one for one in others if one.id != named]
    assert pairs(newer, *others) == []


@pytest.mark.parametrize(("hours_ago", "alike"), [(0, False), (1, True), (25, True), (49, True), (50, False)])
def test_a_backlog_is_compared_by_when_it_occurred_and_the_first_received_is_the_older(hours_ago: int, alike: bool) -> None:
    """The older one was received at T0 and occurred then; the newer was received 25 hours later."""
    received = T0 + timedelta(hours=25)
    older = ticket(**ADDRESS)
    newer = ticket(id="T2", opened_at=received, occurred_at=received - timedelta(hours=hours_ago), **ADDRESS)
    wanted = [("T2", "T1")] if alike else []
    assert pairs(newer, older) == pairs(older, newer) == wanted


keys = st.sampled_from([None, "k", "l"])
moments = st.integers(-50, 50).map(lambda hours: T0 + timedelta(hours=hours))


@st.composite
def tickets_of(draw: st.DrawFn, id_: str) -> Ticket:
    return ticket(
        id=id_,
        category=draw(st.sampled_from(["noise", "leak"])),
        opened_at=draw(moments),
        occurred_at=draw(st.none() | moments),
        place=draw(st.none() | st.integers(0, 100).map(away)),
        address_key=draw(keys),
        reporter_key=draw(keys),
    )


@given(tickets_of("T1"), tickets_of("T2"))
def test_whoever_is_compared_last_finds_the_same_pair(one: Ticket, other: Ticket) -> None:
    found = duplicates.find_duplicates(one, [other], NEAR)
    assert found == duplicates.find_duplicates(other, [one], NEAR)
    for pair in found:
        assert list(pair.by) == sorted(pair.by, key=list(Likeness).index)
        assert (pair.metres is not None) == (Likeness.PLACE in pair.by)
        assert one.category == other.category


@pytest.mark.parametrize("state", sorted(FINAL | {State.CLOSED}))
def test_nothing_is_proposed_about_what_is_over(state: State) -> None:
    assert duplicates.propose_duplicate(brought_to(state), duplicates.DuplicatePair("T1", "T0", (Likeness.PLACE,), 3.0)) == ()


def closed(id_: str, place: Point | None = HERE, **changes: Any) -> Ticket:
    """A ticket that was closed at T0."""
    return brought_to(State.CLOSED, id=id_, place=place, **changes)


@pytest.mark.parametrize(
    ("after", "place", "category", "doubted"),
    [
        (0 * DAY, HERE, "noise", True),
        (15 * DAY, away(49), "noise", True),
        (15 * DAY + timedelta(seconds=1), HERE, "noise", False),
        (DAY, away(51), "noise", False),
        (DAY, None, "noise", False),
        (DAY, HERE, "leak", False),
        (-DAY, HERE, "noise", False),
    ],
)
def test_the_same_again_soon_after_puts_a_closure_in_doubt(
    after: timedelta, place: Point | None, category: str, doubted: bool
) -> None:
    again = ticket(id="T9", place=place, category=category, opened_at=T0 + after)
    assert duplicates.find_doubted_closure(again, [closed("T1")], RULES.doubts) == ("T1" if doubted else None)


@pytest.mark.parametrize(
    ("known", "again", "doubted"),
    [
        (ADDRESS, ADDRESS, True),
        (ADDRESS | {"place": away(90)}, ADDRESS | {"place": HERE}, True),
        (REPORTER, REPORTER, False),
        (ADDRESS, ADDRESS | {"category": "leak"}, False),
        (ADDRESS, ADDRESS | {"occurred_at": T0 + timedelta(hours=1)}, True),
        (ADDRESS, ADDRESS | {"occurred_at": T0 - timedelta(seconds=1)}, False),
        (ADDRESS, ADDRESS | {"opened_at": T0 + 16 * DAY, "occurred_at": T0 + DAY}, False),
    ],
)
def test_a_closure_is_doubted_by_the_same_place_again_and_not_by_the_same_reporter(
    known: dict[str, Any], again: dict[str, Any], doubted: bool
) -> None:
    """The time for it runs to the receipt; what occurred before the closure did not come again."""
    one = closed("T1", **{"place": None, **known})
    later = ticket(**{"id": "T9", "opened_at": T0 + DAY, **again})
    assert duplicates.find_doubted_closure(later, [one], RULES.doubts) == ("T1" if doubted else None)


def test_of_several_closures_the_last_is_in_doubt() -> None:
    first, last = closed("T1"), closed("T2")
    last.closed_at = T0 + timedelta(hours=1)
    again = ticket(id="T9", place=HERE, opened_at=T0 + DAY)
    assert duplicates.find_doubted_closure(again, [last, first], RULES.doubts) == "T2"
    assert duplicates.find_doubted_closure(again, [last, first], Proximity(50, timedelta(hours=1))) is None


def test_a_closure_is_doubted_once_by_each_new_ticket() -> None:
    one = closed("T1")
    assert said(duplicates.doubt_closure(one, "T8")) == ["ticket.closure_doubted"]
    assert duplicates.doubt_closure(one, "T8") == ()
    assert said(duplicates.doubt_closure(one, "T9")) == ["ticket.closure_doubted"]
    assert one.doubted_by == ["T8", "T9"]


@pytest.mark.parametrize("state", sorted(set(State) - {State.CLOSED}))
def test_what_is_not_closed_is_not_doubted(state: State) -> None:
    assert duplicates.doubt_closure(brought_to(state), "T9") == ()
