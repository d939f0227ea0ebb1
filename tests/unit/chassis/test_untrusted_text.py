"""What somebody else wrote is shown without anything invisible that changes how it looks; what is visible stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.untrusted_text import escaped_line, visible_line, visible_text

BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C]
CONTROLS = [code for code in range(0x20) if chr(code) not in "\t\n\x0b\x0c\r"]
OTHERS = [0x7F, 0x80, 0x9F, 0xFEFF, 0x200B, 0x2060, 0x00AD, 0x115F, 0x3164, 0xFFFE, *range(0xE0000, 0xE0080)]


@pytest.mark.parametrize("code", BIDI + CONTROLS + OTHERS, ids=lambda code: f"U+{code:04X}")
def test_an_invisible_control_is_removed_from_what_is_shown(code: int) -> None:
    assert visible_text(f"3号楼{chr(code)}201室") == "3号楼201室"


@pytest.mark.parametrize(
    "text",
    [
        "两行\n一个制表符\t",
        "👩‍👩‍👧 🏳️‍🌈 👍🏽 ❤️ 🇨🇳",
        "葛󠄀城",  # the form of the first character is chosen by a variation selector
        "می‌خواهم",  # Persian, with a zero-width non-joiner
        "ئۇيغۇر שלום עברית",
        "e\u0301 ก็ नमस्ते",
        "",
    ],
)
def test_what_is_visible_and_what_shapes_it_stays(text: str) -> None:
    assert visible_text(text) == text


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_break_is_one_line_break_and_a_line_has_none(ending: str) -> None:
    assert visible_text(f"a{ending}b") == "a\nb"
    assert visible_line(f" a{ending}b ") == "a b"


@given(st.text())
def test_nothing_that_reverses_a_line_or_hides_in_it_is_left(text: str) -> None:
    shown = visible_text(text)
    assert not {ord(letter) for letter in shown} & {*BIDI, *CONTROLS, *OTHERS}
    assert "\n" not in visible_line(text)
    assert visible_text(shown) == shown
    assert not [letter for letter in shown if unicodedata.category(letter) == "Cc" and letter not in "\n\t"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_in_a_terminal_what_is_not_printable_is_spelt_out(line: str) -> None:
    assert escaped_line(line).isprintable()
    assert escaped_line("a\u202eb") == "a\\u202eb"
