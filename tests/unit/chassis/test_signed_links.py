"""A link does one thing to one subject, in one generation of its work, for a time."""

from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import URLSafeSerializer

from chassis.signed_links import BadLink, ExpiredLink, LinkOver, Links, OutdatedLink, UsedLink

SECRET = "a secret of the tests"
LINKS = Links(SECRET, timedelta(days=30))
NOW = datetime(2026, 3, 3, 9, 12, tzinfo=UTC)


def test_it_opens_what_it_was_signed_for() -> None:
    LINKS.read(LINKS.sign("T1", "rate", 2, NOW), "T1", "rate").require(2, NOW + timedelta(days=30))


@pytest.mark.parametrize(("ticket", "purpose"), [("T2", "rate"), ("T1", "cancel")])
def test_it_opens_nothing_else(ticket: str, purpose: str) -> None:
    with pytest.raises(BadLink):
        LINKS.read(LINKS.sign("T1", "rate", 1, NOW), ticket, purpose)


@pytest.mark.parametrize("token", ["", "x", Links("another secret").sign("T1", "rate", 1, NOW)])
def test_it_cannot_be_made_by_others(token: str) -> None:
    with pytest.raises(BadLink):
        LINKS.read(token, "T1", "rate")


@pytest.mark.parametrize(("made_for", "stands_at"), [(1, 2), (2, 1), (2, 3)])
def test_it_is_for_one_generation_of_work(made_for: int, stands_at: int) -> None:
    grant = LINKS.read(LINKS.sign("T1", "rate", made_for, NOW), "T1", "rate")
    with pytest.raises(OutdatedLink):
        grant.require(stands_at, NOW)


def test_it_holds_for_a_time() -> None:
    grant = LINKS.read(LINKS.sign("T1", "rate", 1, NOW), "T1", "rate")
    with pytest.raises(ExpiredLink):
        grant.require(1, NOW + timedelta(days=30, seconds=1))


def test_one_of_version_0_1_holds_until_the_matter_is_taken_up_anew() -> None:
    token = URLSafeSerializer(SECRET, salt="link").dumps(["T1", "rate"])
    assert isinstance(token, str)
    grant = LINKS.read(token, "T1", "rate")
    grant.require(1, NOW + timedelta(days=900))
    with pytest.raises(OutdatedLink):
        grant.require(2, NOW)


@pytest.mark.parametrize("over", [OutdatedLink, ExpiredLink, UsedLink])
def test_its_holder_is_told_in_chinese_first_and_in_english(over: type[LinkOver]) -> None:
    chinese, english = over().told.split(" · ")
    assert chinese.startswith("此链接已")
    assert english.isascii()
    assert over().errors == {"link": over().told}


@pytest.mark.parametrize(("purpose", "generation"), [("rate", 1), ("respond", 4)])
def test_any_link_of_a_subject_is_read_whatever_it_is_for(purpose: str, generation: int) -> None:
    LINKS.read_any(LINKS.sign("T1", purpose, generation, NOW), "T1").require_unexpired(NOW + timedelta(days=30))


def test_any_link_expires_and_is_for_its_own_subject() -> None:
    token = LINKS.sign("T1", "rate", 1, NOW)
    with pytest.raises(ExpiredLink):
        LINKS.read_any(token, "T1").require_unexpired(NOW + timedelta(days=30, seconds=1))
    for wrong, subject in ((token, "T2"), (token + "x", "T1"), ("", "T1")):
        with pytest.raises(BadLink):
            LINKS.read_any(wrong, subject)
