"""A text fits its channel, and its link is kept."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.notify.domain.fitting import fit

WORDS = st.text(alphabet="漏水 abc。…", max_size=60)
LINKS = st.sampled_from(["https://s.example/t?k=1", "json://x", "http://街道.cn/办"])
TEXTS = st.lists(st.one_of(WORDS, LINKS), max_size=6).map(" ".join)


@given(TEXTS, st.integers(1, 120))
def test_a_text_fits_and_no_link_is_cut(text: str, size: int) -> None:
    cut = fit(text, size)
    assert len(cut) <= size
    whole = set(text.split()) | {"…"}
    for word in cut.split():
        if "://" in word:
            assert word in whole
    if len(text) <= size:
        assert cut == text
    else:
        assert "…" in cut or cut in whole


@given(WORDS, LINKS, WORDS, st.integers(1, 120))
def test_a_link_that_fits_at_all_is_kept(before: str, link: str, after: str, size: int) -> None:
    assume(len(link) <= size)
    assert link in fit(f"{before} {link} {after}", size).split()


@pytest.mark.parametrize(
    ("text", "size", "told"),
    [
        ("内容很长很长很长 https://s.example/t 谢谢", 24, "内容很… https://s.example/t"),
        ("内容很长很长很长 谢谢", 5, "内容很长…"),
        ("https://s.example/too/long", 10, "…"),
        ("谢谢 https://s.example/t 内容很长很长很长", 26, "谢谢 https://s.example/t 内容…"),
    ],
)
def test_words_give_way_to_the_link(text: str, size: int, told: str) -> None:
    assert fit(text, size) == told
