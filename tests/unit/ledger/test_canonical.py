"""Canonical JSON by RFC 8785: the examples of its text, and what has no such form."""

import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.canonical import canonical, canonical_2

TEXTS = st.text(st.characters(codec="utf-8"))
EXACT = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    EXACT | TEXTS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 8785, 3.2.2 and 3.2.3
        ([333333333.33333329, 1e30, 4.50, 2e-3, 1e-27], "[333333333.3333333,1e+30,4.5,0.002,1e-27]"),
        ([None, True, False], "[null,true,false]"),
        ({"peach": 1, "\u00e9": 2, "\ufb33": 3, "\U0001f600": 4}, '{"peach":1,"\u00e9":2,"\U0001f600":4,"\ufb33":3}'),
        # appendix B
        (
            [0.0, -0.0, 5e-324, 1.7976931348623157e308, 9007199254740992.0],
            "[0,0,5e-324,1.7976931348623157e+308,9007199254740992]",
        ),
        ([1e21, 999999999999999900000.0, 1e-6, 1e-7, 1.0], "[1e+21,999999999999999900000,0.000001,1e-7,1]"),
    ],
)
def test_a_value_is_written_as_the_standard_says(value: object, text: str) -> None:
    assert canonical(value) == text.encode()


@given(VALUES)
def test_what_is_read_from_it_has_the_same_text(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**53 + 1, 10**400, "\ud800", {"\ud800": 1}])
def test_what_has_no_such_text_is_refused(value: object) -> None:
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical([value])


@given(
    st.dictionaries(
        st.text(st.characters(max_codepoint=0xD7FF)), st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none()
    )
)
def test_it_is_that_of_version_2_where_there_are_no_fractions(value: object) -> None:
    assert canonical(value) == canonical_2(value)
