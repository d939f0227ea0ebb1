"""Match keys: the same address and the same reporter, however written; and a key reveals nothing of either."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.domain.match_keys import MatchKeys, comparable_address

KEYS = MatchKeys(b"salt", "CN", frozenset({"+862988880000"}))
AREA = "yangguang"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3号楼2单元501", "３号楼 ２单元，５０１"),
        ("阳光家园3号楼", "阳光家园，3号楼。"),
        ("Building B, Flat 12", "building b flat　12"),
        ("3-2-501", "3－2－501"),
        ("3-2-501", "3 2 501"),
        ("STRASSE 5", "Straße 5"),
        ("café", "cafe\u0301"),
        ("٣号楼", "3号楼"),
        ("3号楼\u200b\ufe0f", "3号楼"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert comparable_address(one) == comparable_address(other) != ""
    assert KEYS.address(AREA, one) == KEYS.address(AREA, other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3号楼2单元", "3号楼2单元501"),
        ("1-12", "11-2"),
        ("1-12", "112"),
        ("3号楼", "三号楼"),
        ("cafe", "café"),
    ],
)
def test_another_address_has_another_key(one: str, other: str) -> None:
    assert KEYS.address(AREA, one) != KEYS.address(AREA, other)


@pytest.mark.parametrize("nothing", [None, "", " ", "　—…！", "\u200b\ufe0f"])
def test_what_says_nothing_is_no_address(nothing: str | None) -> None:
    assert KEYS.address(AREA, nothing) is None


@given(st.text())
def test_the_form_of_an_address_is_its_own_form(text: str) -> None:
    once = comparable_address(text)
    assert comparable_address(once) == once


@given(st.lists(st.integers(0, 999), max_size=5), st.lists(st.integers(0, 999), max_size=5))
def test_other_numbers_are_another_address(one: list[int], other: list[int]) -> None:
    said, heard = (comparable_address(" ".join(map(str, numbers))) for numbers in (one, other))
    assert (said == heard) == (one == other)


@given(st.text(st.characters(categories=["Lo", "Ll", "Lu"], codec="utf-8"), min_size=1), st.text("，。、 　,.-_/()（）\t\n"))
def test_punctuation_and_space_beside_letters_say_nothing(text: str, noise: str) -> None:
    assert comparable_address(noise.join(text)) == comparable_address(noise + text + noise) == comparable_address(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("029-88887777", "+86 29 8888 7777"),
        ("138 0000 0000", "１３８００００００００"),
        ("Wang@street.example", " Wang@Street.Example"),
    ],
)
def test_a_reporter_is_the_same_however_the_number_is_written(one: str, other: str) -> None:
    assert KEYS.reporter(AREA, one) == KEYS.reporter(AREA, other) is not None


@pytest.mark.parametrize(
    "contact",
    [
        None,
        "",
        "王阿姨",
        "12345",
        "110",
        "029-12345",
        "0755-12345",
        "+86 10 12345",
        "88887777",
        "400-812-3123",
        "8008201234",
        "95588",
        "029-88880000",
    ],
)
def test_a_number_that_stands_for_many_is_nobodys(contact: str | None) -> None:
    """Short codes, also behind an area code; numbers without one; service numbers; what the deployment says is shared."""
    assert KEYS.reporter(AREA, contact) is None


def test_a_key_is_of_one_purpose_one_area_and_one_deployment() -> None:
    said = "13800000000"
    keys = [
        KEYS.address(AREA, said),
        KEYS.reporter(AREA, said),
        KEYS.reporter("heping", said),
        KEYS.address("heping", said),
        MatchKeys(b"another", "CN").reporter(AREA, said),
        MatchKeys(b"another", "CN").address(AREA, said),
    ]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{64}", key or "") and said not in (key or "") for key in keys)
