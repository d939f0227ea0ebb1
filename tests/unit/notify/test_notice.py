"""A notice's life: whatever happens to its attempts and receipts, it ends once, after a bounded number of attempts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.effects import NO_EFFECTS, ArmTimer, DomainEvent, Effects
from services.notify.domain.attempts import Failure, Retries
from services.notify.domain.channel_addresses import ChannelAddress
from services.notify.domain.idempotency_keys import parse_idempotency_key
from services.notify.domain.notice import Notice, NoticeState

START = datetime(2026, 3, 4, tzinfo=UTC)
LEASE = timedelta(seconds=10)
WITHIN = timedelta(minutes=30)
RETRIES = Retries(attempts=4, first=timedelta(seconds=30), longest=timedelta(minutes=1))
WAYS = [ChannelAddress("sms", "+86"), ChannelAddress("voice", "+86"), ChannelAddress("mail", "a@b.example")]


def notice(ways: int = 1) -> Notice:
    """A notice with so many ways."""
    first, *then = WAYS[:ways]
    return Notice(
        "n",
        "T",
        "resident",
        "ticket_opened",
        "zh",
        "text",
        channel=first.channel,
        address=first.address,
        ways=then,
        next_at=START,
    )


def sent(one: Notice, at: datetime = START) -> None:
    """Claimed, and taken by a channel that gives receipts."""
    one.claim(RETRIES, LEASE, at)
    one.sent(one.attempts, WITHIN, at)
    assert (one.state, one.ended, one.next_at) == (NoticeState.SENT, False, at + WITHIN)


def said(happened: DomainEvent, *names: str) -> tuple[object, ...]:
    """Return the kind of an event, and some of its data."""
    return (happened.payload.type.split(".")[1], *(happened.payload.by_name()[name] for name in names))


def test_pauses_double_up_to_the_longest_and_a_gateway_may_ask_for_more() -> None:
    retries = Retries(9, timedelta(seconds=30), timedelta(minutes=3), patience=timedelta(minutes=10))
    assert [retries.pause(n).total_seconds() for n in (1, 2, 3, 4, 5, 9999)] == [30, 60, 120, 180, 180, 180]
    assert [retries.pause(1, timedelta(seconds=asked)).total_seconds() for asked in (1, 90, 9999)] == [30, 90, 600]


def test_an_attempt_of_unknown_end_is_said_and_made_again_under_the_same_key() -> None:
    one = notice()
    assert one.claim(RETRIES, LEASE, START) == NO_EFFECTS
    assert one.claim(RETRIES, LEASE, START + LEASE / 2) == NO_EFFECTS
    assert (one.attempts, one.key) == (1, "n")
    (failed,) = one.claim(RETRIES, LEASE, START + LEASE).events
    assert said(failed, "reason", "attempt") == ("failed", "unknown", 1)
    assert (one.state, one.attempts, one.key) == (NoticeState.SENDING, 2, "n")
    (late,) = one.sent(1, None, START).events  # the first was only slow to say so
    assert said(late, "attempt", "final") == ("sent", 1, True)
    assert one.sent(2, None, START) == NO_EFFECTS
    assert one.failed(2, Failure("http_500"), RETRIES, START) == NO_EFFECTS


def test_a_final_refusal_is_exhausted_at_once() -> None:
    one = notice()
    one.claim(RETRIES, LEASE, START)
    (exhausted,) = one.failed(1, Failure("http_400", final=True), RETRIES, START).events
    assert said(exhausted, "attempts", "reason") == ("exhausted", 1, "http_400")
    assert (one.ended, one.next_at) == (True, None)


def test_the_next_way_is_tried_at_once_under_a_key_of_its_own() -> None:
    one = notice(ways=2)
    one.claim(RETRIES, LEASE, START)
    (failed,) = one.failed(1, Failure("http_400", final=True), RETRIES, START).events
    assert said(failed, "channel", "next_channel") == ("failed", "sms", "voice")
    assert (one.state, one.channel, one.next_at, one.key) == (NoticeState.DUE, "voice", START, "n~2")
    assert parse_idempotency_key(one.key) == ("n", 2)
    sent(one)


def test_a_receipt_ends_it() -> None:
    one = notice()
    sent(one)
    (delivered,) = one.delivered(1).events
    assert said(delivered, "channel", "attempts") == ("delivered", "sms", 1)
    assert (one.ended, one.next_at) == (True, None)
    assert one.delivered(1) == NO_EFFECTS
    assert one.undelivered(1, Failure("rejected", final=True), RETRIES, START) == NO_EFFECTS


def test_a_receipt_may_be_faster_than_the_answer() -> None:
    one = notice()
    one.claim(RETRIES, LEASE, START)
    assert said(*one.delivered(1).events) == ("delivered",)
    assert one.sent(1, WITHIN, START) == NO_EFFECTS
    two = notice()
    two.claim(RETRIES, LEASE, START)
    assert said(*two.undelivered(1, Failure("undelivered"), RETRIES, START).events, "attempt") == ("failed", 1)
    assert two.sent(1, WITHIN, START) == NO_EFFECTS
    assert (two.state, two.key) == (NoticeState.DUE, "n~2")


def test_after_a_bad_receipt_it_is_sent_again_under_a_key_that_the_gateway_does_not_know() -> None:
    one = notice()
    sent(one)
    (failed,) = one.undelivered(1, Failure("undelivered"), RETRIES, START).events
    assert said(failed, "reason") == ("failed", "undelivered")
    sent(one, START + timedelta(seconds=30))
    assert one.key == "n~2"
    assert one.undelivered(1, Failure("rejected", final=True), RETRIES, START) == NO_EFFECTS  # said of the sending before
    assert said(*one.delivered(1).events) == ("delivered",)  # it arrived after all


def test_no_receipt_in_time_means_the_next_way_and_then_an_alert() -> None:
    one = notice(ways=2)
    sent(one)
    assert one.claim(RETRIES, LEASE, START + WITHIN / 2) == NO_EFFECTS
    (failed,) = one.claim(RETRIES, LEASE, START + WITHIN).events
    assert said(failed, "reason", "next_channel") == ("failed", "no_receipt", "voice")
    sent(one, START + WITHIN)
    (exhausted,) = one.claim(RETRIES, LEASE, START + 2 * WITHIN).events
    assert said(exhausted, "reason", "attempts") == ("exhausted", "no_receipt", 2)


def test_quiet_hours_hold_it_and_a_matter_that_became_urgent_does_not_wait() -> None:
    one, morning = notice(), START + timedelta(hours=7)
    (armed,) = one.claim(RETRIES, LEASE, START, quiet_until=morning)
    assert isinstance(armed, ArmTimer)
    assert (armed.due, one.state, one.attempts, one.next_at) == (morning, NoticeState.HELD, 0, None)
    one.make_urgent(START)
    assert (one.state, one.urgent, one.next_at) == (NoticeState.DUE, True, START)
    sent(one)
    one.release(START)
    assert one.state is NoticeState.SENT


@pytest.mark.parametrize(
    ("key", "read"),
    [("n", ("n", 1)), ("n~3", ("n", 3)), ("n~x", ("n~x", 1)), ("n~", ("n~", 1)), ("n~9999999999", ("n~9999999999", 1))],
)
def test_a_key_names_notice_and_sending(key: str, read: tuple[str, int]) -> None:
    assert parse_idempotency_key(key) == read


EVENTS = ["claim", "quiet", "release", "sent", "failed", "final", "delivered", "undelivered", "rejected", "wait"]
STEPS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 9), st.integers(0, 2400)), max_size=60)


def happen(one: Notice, what: str, number: int, now: datetime, within: timedelta | None) -> Effects:
    """Let it happen; ``number`` is the attempt, or the first of the sending, that it is said of."""
    failure = Failure(what, final=what in {"final", "rejected"})
    match what:
        case "claim" | "quiet":
            return one.claim(RETRIES, LEASE, now, now + timedelta(hours=1) if what == "quiet" else None)
        case "release":
            one.release(now)
        case "sent":
            return one.sent(number, within, now)
        case "failed" | "final":
            return one.failed(number, failure, RETRIES, now)
        case "delivered":
            return one.delivered(number)
        case "undelivered" | "rejected":
            return one.undelivered(number, failure, RETRIES, now)
    return NO_EFFECTS


@given(STEPS, st.integers(1, 3), st.booleans())
def test_it_ends_once_whatever_happens(steps: list[tuple[str, int, int]], ways: int, receipts: bool) -> None:
    """Any order of claims, quiet hours, records of any attempt (also of attempts that never were), receipts and time."""
    one, now, told = notice(ways), START, []
    within = WITHIN if receipts else None
    for what, number, seconds in steps:
        now += timedelta(seconds=seconds)
        told += happen(one, what, number, now, within).events
        assert one.attempts <= ways * RETRIES.attempts
        assert (one.ended or one.state is NoticeState.HELD) == (one.next_at is None)
    one.release(now)
    for _ in range(4 * ways * RETRIES.attempts):  # and if from now on nobody answers
        now += timedelta(hours=1)
        told += one.claim(RETRIES, LEASE, now).events
    assert one.ended
    ends = [event for event in told if said(event)[0] in {"delivered", "exhausted"} or event.payload.by_name().get("final")]
    assert [said(end)[0] for end in ends] == [one.state.value]
    assert told[-1] is ends[0]  # after the end nothing is said
    keys = [(said(event)[0], event.payload.by_name().get("attempt"), event.payload.by_name().get("reason")) for event in told]
    assert len(keys) == len(set(keys))
