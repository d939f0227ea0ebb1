"""Gaps in numbers, however they come and fill."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.sequence_comparison import (
    Fork,
    Gap,
    NumberedEvent,
    find_gaps_and_forks,
    lost_tail,
    remaining_gaps,
    unknown_parts,
)

SPANS = st.tuples(st.integers(1, 40), st.integers(0, 15)).map(lambda span: Gap("/tickets", "T", span[0], span[0] + span[1]))


def numbers_of(gaps: list[Gap]) -> list[int]:
    return [number for gap in gaps for number in range(gap.missing_from, gap.missing_to + 1)]


@given(st.sets(st.integers(1, 60), min_size=1), st.randoms(use_true_random=False))
def test_holes_are_exactly_the_numbers_that_are_not_there(numbers: set[int], random: object) -> None:
    entries = [NumberedEvent("/tickets", "T", number, f"e{number}", "x") for number in numbers]
    random.shuffle(entries)  # type: ignore[attr-defined]
    found = [gap for gap in find_gaps_and_forks(entries, {}) if isinstance(gap, Gap)]
    assert set(numbers_of(found)) == set(range(1, max(numbers))) - numbers
    assert len(list(find_gaps_and_forks(entries, {}))) == len(found)


@given(st.sets(st.integers(1, 60)), st.integers(0, 70))
def test_what_was_announced_and_is_not_there_is_missing(numbers: set[int], announced: int) -> None:
    entries = [NumberedEvent("/tickets", "T", number, f"e{number}", "x") for number in numbers]
    found = list(find_gaps_and_forks(entries, {("/tickets", "T"): announced}))
    assert not any(isinstance(one, Fork) for one in found)
    gaps = [gap for gap in found if isinstance(gap, Gap)]
    assert set(numbers_of(gaps)) == set(range(1, max([announced + 1, *numbers]))) - numbers


def test_nothing_is_missing_where_more_is_there_than_was_announced() -> None:
    assert lost_tail("/tickets", "T", highest=7, announced=6) is lost_tail("/tickets", "T", highest=6, announced=6) is None
    assert lost_tail("/tickets", "T", highest=0, announced=2) == Gap("/tickets", "T", 1, 2)


@given(st.integers(1, 20), st.integers(0, 20), st.sets(st.integers(1, 50)))
def test_what_is_left_of_a_hole(first: int, more: int, present: set[int]) -> None:
    left = remaining_gaps(Gap("/tickets", "T", first, first + more), present)
    assert set(numbers_of(left)) == set(range(first, first + more + 1)) - present
    assert all(later.missing_from > earlier.missing_to + 1 for earlier, later in pairwise(left))


@given(SPANS, st.lists(SPANS, max_size=6))
def test_what_of_a_hole_is_new(gap: Gap, known: list[Gap]) -> None:
    new = unknown_parts(gap, known)
    assert sorted(numbers_of(new)) == sorted(set(numbers_of([gap])) - set(numbers_of(known)))
