"""A measured run's rows, shared out over the floor's transactions: nothing is lost, nothing is added."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.row_allocation import Counts, difference, fitted

ROWS = st.builds(Counts, *[st.integers(0, 5000)] * 3)


@given(ROWS, st.integers(1, 300))
def test_the_parts_are_the_whole(whole: Counts, parts: int) -> None:
    shares = [whole.part(index, parts) for index in range(parts)]
    assert sum(share.inserted for share in shares) == whole.inserted
    assert sum(share.updated for share in shares) == whole.updated
    assert sum(share.deleted for share in shares) == whole.deleted
    assert max(share.inserted for share in shares) - min(share.inserted for share in shares) <= 1


@given(ROWS, st.integers(0, 5000), st.booleans())
def test_what_cannot_be_inserted_is_written_all_the_same(wanted: Counts, rows: int, repeatable: bool) -> None:
    found = fitted(wanted, rows, repeatable)
    assert found.inserted + found.updated == wanted.inserted + wanted.updated
    assert found.deleted == wanted.deleted
    assert repeatable or found.inserted <= rows


def test_a_table_that_nobody_wrote_to_is_left_out() -> None:
    before = {"inbox": Counts(2, 1), "areas": Counts(9)}
    after = {"inbox": Counts(5, 1), "areas": Counts(9), "timers": Counts(3, 0, 3)}
    assert difference(before, after) == {"inbox": Counts(3), "timers": Counts(3, 0, 3)}
