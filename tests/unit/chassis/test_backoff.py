"""The back-off: it grows to its bound and stays there, whatever the number of failures."""

from hypothesis import given
from hypothesis import strategies as st

from chassis.backoff import Backoff, Failures

seconds = st.floats(0.001, 10_000)


@given(seconds, seconds, st.floats(0, 1), st.integers(-5, 10**9))
def test_a_pause_is_never_longer_than_the_longest_and_never_negative(
    first: float, longest: float, jitter: float, failures: int
) -> None:
    assert 0.0 <= Backoff(first, longest, jitter).seconds(failures) <= longest


@given(seconds, seconds, st.integers(1, 5000))
def test_without_jitter_each_pause_is_twice_the_one_before_up_to_the_longest(
    first: float, longest: float, failures: int
) -> None:
    backoff = Backoff(first, longest, jitter=0.0)
    assert backoff.seconds(failures + 1) == min(longest, 2 * backoff.seconds(failures))


@given(seconds, st.floats(0, 1), st.integers(1, 5000))
def test_jitter_shortens_by_no_more_than_its_fraction(first: float, jitter: float, failures: int) -> None:
    whole = Backoff(first, 300.0, 0.0).seconds(failures)
    assert whole * (1 - jitter) <= Backoff(first, 300.0, jitter).seconds(failures) <= whole


def test_two_that_failed_together_are_not_tried_together() -> None:
    assert len({Backoff(1.0, 60.0).seconds(5) for _ in range(20)}) > 10


def test_no_first_pause_is_no_pause() -> None:
    assert Backoff(0.0, 60.0).seconds(1000) == 0.0


def test_success_begins_again_with_the_first_pause() -> None:
    failures = Failures(Backoff(1.0, 4.0, jitter=0.0))
    assert [failures.failed() for _ in range(4)] == [1, 2, 4, 4]
    failures.succeeded()
    assert failures.failed() == 1
