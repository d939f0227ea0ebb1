"""Where a page begins is an opaque text: each that a page gave is read again, and any other is refused by its field."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.effects import Refused
from contracts.http.paging import CURSOR
from services.dispatch.keyset import LONGEST_ID, Position, position
from services.dispatch.store import NEVER

IDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=LONGEST_ID)


def text_of(value: object) -> str:
    """What looks like a text of ours."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(st.datetimes(timezones=st.just(UTC)) | st.just(NEVER), IDS)
def test_what_a_page_gave_is_read_again(due_at: datetime, id_: str) -> None:
    assert position(Position(due_at, id_).after) == Position(due_at, id_)


def test_the_first_page_begins_nowhere() -> None:
    assert position(None) is None


def test_an_instant_is_the_same_in_every_zone() -> None:
    there = datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=8)))
    assert position(Position(there, "T1").after) == Position(datetime(2026, 3, 2, 2, tzinfo=UTC), "T1")


def test_a_usual_text_fits_into_the_parameter() -> None:
    assert len(Position(NEVER, "T" * LONGEST_ID).after) < CURSOR


@pytest.mark.parametrize(
    "text",
    [
        "T1",
        "*",
        "é",
        "====",
        text_of({}),
        text_of(None),
        text_of([]),
        text_of(["2026-03-02T02:00:00+00:00"]),
        text_of(["2026-03-02T02:00:00+00:00", ""]),
        text_of(["2026-03-02T02:00:00+00:00", "T\0"]),
        text_of(["2026-03-02T02:00:00+00:00", "T" * (LONGEST_ID + 1)]),
        text_of(["2026-03-02T02:00:00+00:00", "\ud800"]),
        text_of(["2026-03-02T02:00:00+00:00", 1]),
        text_of(["2026-03-02T02:00:00+00:00", "T1", "T2"]),
        text_of(["2026-03-02T02:00:00", "T1"]),
        text_of(["9999-12-31T23:59:59-08:00", "T1"]),
        text_of([1, "T1"]),
        text_of("ab"),
        "W" * 700,
        text_of([[[[]]]]),
    ],
)
def test_any_other_text_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Refused) as refused:
        position(text)
    assert set(refused.value.errors) == {"after"}
