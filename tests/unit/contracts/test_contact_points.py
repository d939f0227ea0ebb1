"""One form of a telephone number or an e-mail address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.contact_points import BadContactPoint, comparable, is_personal, is_region, normalised


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("13800000000", "+8613800000000"),
        ("138 0000 0000", "+8613800000000"),
        ("+86 138-0000-0000", "+8613800000000"),
        ("0086 13800000000", "+8613800000000"),
        ("86 138 0000 0000", "+8613800000000"),
        ("１３８００００００００", "+8613800000000"),
        ("\u202d138\u200b0000 0000\u202c", "+8613800000000"),
        ("010-62340000", "+861062340000"),
        ("(021) 6234 0000", "+862162340000"),
        ("０２９－８８８８００００", "+862988880000"),
        ("029—88880000", "+862988880000"),
        ("+86 029 88880000", "+862988880000"),
        ("0913-2340000", "+869132340000"),
        ("400-800-0000", "+864008000000"),
        ("029-88880000转801", "+862988880000;ext=801"),
        ("029-88880000 分机 801", "+862988880000;ext=801"),
        ("029-88880000-801", "+862988880000;ext=801"),
        ("(029)88880000 ext. 801", "+862988880000;ext=801"),
        ("029 88880000#801", "+862988880000;ext=801"),
        ("12345", "12345"),
        ("１１０", "110"),
        ("955-88", "95588"),
        ("8888 0000", "88880000"),
        ("+1 212 555 0100", "+12125550100"),
        ("+852 2345 6789", "+85223456789"),
        ("wang@street.example", "wang@street.example"),
        (" Ｗang@Street.Example ", "Wang@street.example"),
        ("wang@mailhost", "wang@mailhost"),
    ],
)
def test_a_contact_point_has_one_form_however_it_is_written(written: str, stored: str) -> None:
    assert normalised(written, "CN") == stored
    assert normalised(stored, "CN") == stored


@pytest.mark.parametrize(
    "written",
    [
        "   ",
        "\u200b",
        "a,b",
        "a@x,b@y",
        "a@x b@y",
        "a@x;b@y",
        "a@",
        "@",
        "王阿姨",
        "-",
        "1",
        "12",
        "13800000000,13900000000",
        "13800000000;13900000000",
        "13800000000、13900000000",
        "13800000000/13900000000",
        "13800000000 13900000000",
        "13800000000转13900000000",
        "029-8888000/1",
        "138-0000-0000 王",
        "1-800-FLOWERS",
        "+8612345",
        "+999 123",
        "1" * 200,
    ],
)
def test_anything_but_one_contact_point_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(BadContactPoint) as refused:
        normalised(written, "CN")
    assert not written.strip() or written.strip() not in str(refused.value) or len(written) < 3
    assert comparable(written, "CN") is None


def test_numbers_without_a_country_code_belong_to_the_region() -> None:
    assert normalised("020 7946 0000", "GB") == "+442079460000"
    assert normalised("(212) 555-0100", "US") == "+12125550100"
    assert is_region("CN")
    assert not is_region("XX")


def test_nothing_is_equal_to_nothing() -> None:
    assert comparable(None, "CN") is None
    assert comparable("", "CN") is None


@given(st.one_of(st.text(max_size=30), st.text("0123456789+-() ext转;#", max_size=24), st.emails()))
def test_any_text_is_one_contact_point_or_is_refused(text: str) -> None:
    stored = comparable(text, "CN")
    assert stored is None or normalised(stored, "CN") == stored
    assert stored is None or not set(stored) & set(", \t\n")


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086", "+86 "]), st.sampled_from("- ."))
def test_a_mobile_number_compares_equal_in_every_way_of_writing_it(number: str, prefix: str, mark: str) -> None:
    assert comparable(f"{prefix}{number[:3]}{mark}{number[3:7]}{mark}{number[7:]}", "CN") == comparable(number, "CN")


@pytest.mark.parametrize(
    ("contact", "personal"),
    [
        ("+8613800000000", True),
        ("+862988887777", True),
        ("+862988887777;ext=12", True),
        ("+12125550100", True),
        ("wang@street.example", True),
        ("12345", False),
        ("88880000", False),
        ("+862912345", False),
        ("+8675512345", False),
        ("+864008000000", False),
        ("+868008200000", False),
    ],
)
def test_what_stands_for_many_people_is_not_personal(contact: str, personal: bool) -> None:
    assert is_personal(contact) is personal
