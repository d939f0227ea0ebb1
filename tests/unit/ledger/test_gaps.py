"""Holes in numbers, however they come and fill."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.gaps import Fork, Hole, Numbered, findings, still_missing, tail, without

SPANS = st.tuples(st.integers(1, 40), st.integers(0, 15)).map(lambda span: Hole("/tickets", "T", span[0], span[0] + span[1]))


def numbers_of(holes: list[Hole]) -> list[int]:
    return [number for hole in holes for number in range(hole.missing_from, hole.missing_to + 1)]


@given(st.sets(st.integers(1, 60), min_size=1), st.randoms(use_true_random=False))
def test_holes_are_exactly_the_numbers_that_are_not_there(numbers: set[int], random: object) -> None:
    entries = [Numbered("/tickets", "T", number, f"e{number}", "x") for number in numbers]
    random.shuffle(entries)  # type: ignore[attr-defined]
    found = [hole for hole in findings(entries, {}) if isinstance(hole, Hole)]
    assert set(numbers_of(found)) == set(range(1, max(numbers))) - numbers
    assert len(list(findings(entries, {}))) == len(found)


@given(st.sets(st.integers(1, 60)), st.integers(0, 70))
def test_what_was_announced_and_is_not_there_is_missing(numbers: set[int], announced: int) -> None:
    entries = [Numbered("/tickets", "T", number, f"e{number}", "x") for number in numbers]
    found = list(findings(entries, {("/tickets", "T"): announced}))
    assert not any(isinstance(one, Fork) for one in found)
    holes = [hole for hole in found if isinstance(hole, Hole)]
    assert set(numbers_of(holes)) == set(range(1, max([announced + 1, *numbers]))) - numbers


def test_nothing_is_missing_where_more_is_there_than_was_announced() -> None:
    assert tail("/tickets", "T", highest=7, announced=6) is tail("/tickets", "T", highest=6, announced=6) is None
    assert tail("/tickets", "T", highest=0, announced=2) == Hole("/tickets", "T", 1, 2)


@given(st.integers(1, 20), st.integers(0, 20), st.sets(st.integers(1, 50)))
def test_what_is_left_of_a_hole(first: int, more: int, present: set[int]) -> None:
    left = still_missing(Hole("/tickets", "T", first, first + more), present)
    assert set(numbers_of(left)) == set(range(first, first + more + 1)) - present
    assert all(later.missing_from > earlier.missing_to + 1 for earlier, later in pairwise(left))


@given(SPANS, st.lists(SPANS, max_size=6))
def test_what_of_a_hole_is_new(hole: Hole, known: list[Hole]) -> None:
    new = without(hole, known)
    assert sorted(numbers_of(new)) == sorted(set(numbers_of([hole])) - set(numbers_of(known)))
