"""Notify's queries on SQLite; the component tests run them on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.pool import StaticPool

from services.notify import store
from services.notify.domain.notice import Notice, NoticeState
from services.notify.domain.rate_limit import RateLimit

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    store.metadata.create_all(engine)
    with engine.connect() as open_:
        yield open_
    engine.dispose()


def keep(
    connection: Connection, id_: str, ticket: str = "T1", state: NoticeState = NoticeState.DUE, at: datetime = NOW
) -> None:
    """A notice that is due then; a held one is not."""
    one = Notice(id_, ticket, "resident", "t", "zh", "text", state=state, next_at=None if state is NoticeState.HELD else at)
    mapper = store.DEFINITION.mappers[0]
    connection.execute(insert(store.notices).values(id=id_, document=mapper.document(one), **mapper.columns(one)))


def test_what_is_due_first_is_claimed_first_and_what_is_held_is_not(connection: Connection) -> None:
    keep(connection, "late", at=NOW + SECOND)
    keep(connection, "b")
    keep(connection, "a")
    keep(connection, "held", state=NoticeState.HELD)
    assert store.claimable(connection, NOW, 10, channel="log") == ["a", "b"]
    assert store.claimable(connection, NOW + SECOND, 2, channel="log") == ["a", "b"]
    assert store.claimable(connection, NOW, 10, channel="sms") == []
    assert store.claimable(connection, NOW, 10, without=("sms",)) == ["a", "b"]


def test_the_waiting_notices_of_a_ticket_are_found(connection: Connection) -> None:
    keep(connection, "b", state=NoticeState.HELD)
    keep(connection, "a", state=NoticeState.HELD)
    keep(connection, "due")
    keep(connection, "other", ticket="T2", state=NoticeState.HELD)
    keep(connection, "sent", state=NoticeState.SENT)
    keep(connection, "sending", state=NoticeState.SENDING)
    assert store.waiting_ids(connection, origin="T1") == ["a", "b", "due"]
    assert store.waiting_ids(connection, audience="resident") == ["a", "b", "due", "other"]
    assert [one.id for one in store.notices_of(connection, "T1")] == ["a", "b", "due", "sending", "sent"]


def test_whoever_asks_a_channels_pace_is_one_and_the_same(connection: Connection) -> None:
    pace = RateLimit(60)
    asked = [store.take_rate_slot(connection, "sms", pace, NOW + SECOND * after) for after in (0, 0.5, 1, 1, 2.5)]
    assert asked == [True, False, True, False, True]
    assert store.take_rate_slot(connection, "voice", pace, NOW)
