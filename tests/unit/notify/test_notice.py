"""A notice's life: whatever happens to its attempts, it ends sent or exhausted, never both, after a bounded number of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis.outcome import NOTHING
from services.notify.domain.fitting import fit
from services.notify.domain.notice import Notice, NoticeState, Retries

START = datetime(2026, 3, 4, tzinfo=UTC)
LEASE = timedelta(seconds=10)
RETRIES = Retries(attempts=4, first=timedelta(seconds=30), longest=timedelta(minutes=1))


def notice() -> Notice:
    return Notice("n", "T", "resident", "ticket_opened", "zh", "text", next_at=START)


def test_pauses_double_up_to_the_longest() -> None:
    retries = Retries(9, timedelta(seconds=30), timedelta(minutes=3))
    assert [retries.after(n).total_seconds() for n in (1, 2, 3, 4, 5, 9999)] == [30, 60, 120, 180, 180, 180]


def test_an_attempt_of_unknown_end_is_said_and_made_again() -> None:
    one = notice()
    assert one.claim(RETRIES, LEASE, START) == NOTHING
    assert one.claim(RETRIES, LEASE, START + LEASE / 2) == NOTHING
    assert one.attempts == 1
    (failed,) = one.claim(RETRIES, LEASE, START + LEASE).events
    assert (failed.schema.type, failed.data["reason"], failed.data["attempt"]) == ("notification.failed.v1", "unknown", 1)
    assert (one.state, one.attempts) == (NoticeState.SENDING, 2)
    (sent,) = one.sent(1).events  # the first was only slow to say so
    assert sent.data["attempt"] == 1
    assert one.sent(2) == NOTHING
    assert one.failed(2, "http_500", False, RETRIES, START) == NOTHING


def test_a_final_refusal_is_exhausted_at_once() -> None:
    one = notice()
    one.claim(RETRIES, LEASE, START)
    (exhausted,) = one.failed(1, "http_400", True, RETRIES, START).events
    assert exhausted.data["attempts"] == 1
    assert (one.state, one.next_at) == (NoticeState.EXHAUSTED, None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["claim", "sent", "failed", "final", "wait"]), st.integers(1, 5), st.integers(0, 120)),
    max_size=60,
)


@given(STEPS)
def test_it_ends_once_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    """Any order of claims, records of any attempt (also of attempts that never were) and time."""
    one, now, said = notice(), START, []
    for what, attempt, seconds in steps:
        now += timedelta(seconds=seconds)
        if what == "claim":
            said += one.claim(RETRIES, LEASE, now).events
        elif what == "sent":
            said += one.sent(attempt).events
        elif what != "wait":
            said += one.failed(attempt, "http_500", what == "final", RETRIES, now).events
        assert one.attempts <= RETRIES.attempts
        assert one.ended == (one.next_at is None)
    for _ in range(2 * RETRIES.attempts):  # and if from now on nobody answers
        now += timedelta(hours=1)
        said += one.claim(RETRIES, LEASE, now).events
    assert one.ended
    assert one.attempts <= RETRIES.attempts
    ends = [happened.schema.type for happened in said if not happened.schema.type.startswith("notification.failed")]
    assert ends == [f"notification.{one.state.value}.v1"]
    assert sum(happened.schema.type == "notification.failed.v1" for happened in said) < RETRIES.attempts


WORDS = st.text(alphabet="漏水 abc。…", max_size=60)
LINKS = st.sampled_from(["https://s.example/t?k=1", "json://x", "http://街道.cn/办"])


@given(st.lists(st.one_of(WORDS, LINKS), max_size=6), st.integers(1, 120))
def test_a_text_fits_and_no_link_is_cut(pieces: list[str], size: int) -> None:
    text = " ".join(pieces)
    cut = fit(text, size)
    assert len(cut) <= size
    whole = set(text.split()) | {"…"}
    for word in cut.split():
        if "://" in word:
            assert word in whole
    if len(text) <= size:
        assert cut == text


def test_words_give_way_to_the_link() -> None:
    assert "https://s.example/t" in fit("内容很长很长很长 https://s.example/t 谢谢", 24)
    assert fit("内容很长很长很长 谢谢", 5) == "内容很长…"
    assert fit("https://s.example/too/long", 10) == "…"
