"""Holes in numbers, however they come and fill."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.gaps import Hole, Numbered, findings, still_missing


@given(st.sets(st.integers(1, 60), min_size=1), st.randoms(use_true_random=False))
def test_holes_are_exactly_the_numbers_that_are_not_there(numbers: set[int], random: object) -> None:
    entries = [Numbered("/tickets", "T", number, f"e{number}", "x") for number in numbers]
    random.shuffle(entries)  # type: ignore[attr-defined]
    found = [hole for hole in findings(entries) if isinstance(hole, Hole)]
    missing = {number for hole in found for number in range(hole.missing_from, hole.missing_to + 1)}
    assert missing == set(range(1, max(numbers))) - numbers
    assert len(list(findings(entries))) == len(found)


@given(st.integers(1, 20), st.integers(0, 20), st.sets(st.integers(1, 50)))
def test_what_is_left_of_a_hole(first: int, more: int, present: set[int]) -> None:
    left = still_missing(Hole("/tickets", "T", first, first + more), present)
    missing = {number for hole in left for number in range(hole.missing_from, hole.missing_to + 1)}
    assert missing == set(range(first, first + more + 1)) - present
    assert all(later.missing_from > earlier.missing_to + 1 for earlier, later in pairwise(left))
