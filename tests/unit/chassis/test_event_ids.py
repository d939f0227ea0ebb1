"""An event's id follows from what it names, and ids of the same time are neighbours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from chassis.event_ids import event_id

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9900, 1, 1), timezones=st.just(UTC))
NAMES = st.tuples(st.text(max_size=20), st.text(max_size=20), st.integers(1, 2**63 - 1), INSTANTS)


def test_it_never_changes() -> None:
    assert event_id("/tickets", "T1", 1, datetime(2026, 3, 2, 1, 2, 3, 456789, UTC)) == "019cac11-08c0-8c72-a201-1d2d9a434bcc"


@given(NAMES)
def test_it_is_a_uuid_of_version_8(name: tuple[str, str, int, datetime]) -> None:
    one = UUID(event_id(*name))
    assert (one.version, one.variant) == (8, RFC_4122)


@given(NAMES, NAMES)
def test_another_name_is_another_id(one: tuple[str, str, int, datetime], other: tuple[str, str, int, datetime]) -> None:
    assert (event_id(*one) == event_id(*other)) == (one == other)


@given(NAMES, st.timedeltas(timedelta(milliseconds=1), timedelta(days=3650)))
def test_what_was_said_later_stands_behind(name: tuple[str, str, int, datetime], passed: timedelta) -> None:
    source, subject, sequence, at = name
    assert event_id(source, subject, sequence, at) < event_id(source, subject, sequence, at + passed)
