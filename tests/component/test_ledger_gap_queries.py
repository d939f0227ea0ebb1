"""The comparison of each new entry with its neighbours, by both kinds of database, finds what comparing all entries finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert

from chassis.persistence import Store
from services.ledger import store
from services.ledger.domain.sequence_comparison import NumberedEvent, compare_neighbours
from services.ledger.gap_queries import suspicious_neighbours
from tests.component.ledger_alone import START

EVENTS = st.tuples(st.sampled_from(["/tickets", "/dispatch"]), st.sampled_from("AB"), st.integers(1, 6), st.sampled_from("xyz"))
BATCHES = st.lists(st.lists(EVENTS, min_size=1, max_size=6), max_size=5)


def numbered(batches: Sequence[Sequence[tuple[str, str, int, str]]]) -> list[list[NumberedEvent]]:
    """The events of each batch; an event comes once."""
    known = set[tuple[str, str, int, str]]()
    return [
        [NumberedEvent(*one[:3], ":".join(map(str, one)), "t") for one in batch if one not in known and not known.add(one)]  # type: ignore[func-returns-value]
        for batch in batches
    ]


def append(connection: Connection, first: int, batch: Sequence[NumberedEvent]) -> None:
    """Append a batch to the log at a position."""
    for position, one in enumerate(batch, first):
        row = {"source": one.source, "subject": one.subject, "sequence": one.sequence, "event_id": one.event_id}
        connection.execute(insert(store.entries), {**row, "position": position, "type": one.type, "time": START, "body": b"{}"})


def wrong_pairs(
    present: Sequence[NumberedEvent], new: Collection[NumberedEvent]
) -> Iterator[tuple[NumberedEvent | None, NumberedEvent]]:
    """The neighbours, one of them new, with a gap or fork between them."""
    for before, after in pairwise([None, *sorted(present)]):
        assert after is not None
        if before and (before.source, before.subject) != (after.source, after.subject):
            before = None
        if (before in new or after in new) and compare_neighbours(before, after):
            yield before, after


@settings(max_examples=60)
@given(BATCHES)
def test_each_pair_of_neighbours_is_compared_when_its_second_is_appended(
    ledger_of_either_kind: Store, batches: list[list[tuple[str, str, int, str]]]
) -> None:
    arrived = numbered(batches)
    starts = [0, *accumulate(len(batch) for batch in arrived)]
    with ledger_of_either_kind.transaction() as connection:
        connection.execute(delete(store.entries))
        for batch, (since, end) in zip(arrived, pairwise(starts), strict=True):
            append(connection, since, batch)
            present = [one for batch in arrived for one in batch][:end]
            found = set(suspicious_neighbours(connection, since))
            assert found == set(wrong_pairs(present, new=set(present[since:])))
        connection.rollback()
