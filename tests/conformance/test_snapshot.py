"""Reads over HTTP see one snapshot: they wait for no writer, and no writer waits for them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select

from chassis.persistence import StoreUnavailable
from tests.component.counting import Counting, counters, in_threads, notes, report


def notes_of(connection: object) -> int:
    """Return the number of notes that a connection sees."""
    number: int = connection.execute(select(func.count()).select_from(notes)).scalar_one()  # type: ignore[attr-defined]
    return number


def test_a_read_waits_for_no_writer_and_sees_nothing_uncommitted(counting: Counting) -> None:
    with counting.store.transaction() as writer:
        writer.execute(insert(notes).values(text="not committed"))
        with counting.store.snapshot() as reader:
            assert notes_of(reader) == 0
    with counting.store.snapshot() as reader:
        assert notes_of(reader) == 1


def test_a_writer_waits_for_no_read_and_does_not_change_it(counting: Counting) -> None:
    with counting.store.snapshot() as reader:
        assert notes_of(reader) == 0
        in_threads(lambda: counting.inbox().take([report("a", "1")]))
        assert reader.execute(select(func.count()).select_from(counters)).scalar_one() == 0
    assert counting.counts == {"a": 1}


def test_nothing_is_written_in_a_read(counting: Counting) -> None:
    if not counting.store.is_postgres:
        pytest.skip("SQLite has no read-only transactions")
    with pytest.raises(StoreUnavailable, match="read-only"), counting.store.snapshot() as reader:
        reader.execute(insert(notes).values(text="a"))
    with counting.store.transaction() as writer:
        writer.execute(insert(notes).values(text="a"))
