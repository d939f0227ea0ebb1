"""The choice of a text's language for a recipient who asked for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import FallbackReason
from services.notify.domain.languages import Match, best_match, is_tag, metric_label

OFFICE = ["zh", "en"]
BORDER = ["zh", "ug", "kk-Arab", "bo", "mn-Mong", "en"]
NO_TEXT, OTHER_SCRIPT, NOT_A_TAG = FallbackReason.NO_TEXT, FallbackReason.OTHER_SCRIPT, FallbackReason.NOT_A_TAG


@pytest.mark.parametrize(
    ("asked", "available", "locale", "reason"),
    [
        (None, OFFICE, "zh", None),
        ("zh", OFFICE, "zh", None),
        ("zh-CN", OFFICE, "zh", None),
        ("zh_CN", OFFICE, "zh", None),
        ("ZH-hans-cn", OFFICE, "zh", None),
        ("cmn-Hans-CN", OFFICE, "zh", None),
        ("zh-TW", OFFICE, "zh", OTHER_SCRIPT),
        ("zh-Hant", OFFICE, "zh", OTHER_SCRIPT),
        ("zh-HK", OFFICE, "zh", OTHER_SCRIPT),
        ("zh-TW", ["zh", "zh-Hant"], "zh-Hant", None),
        ("zh-Hant-HK", ["zh", "zh-Hant"], "zh-Hant", None),
        ("zh-CN", ["en", "zh-Hans"], "zh-Hans", None),
        ("en-GB", OFFICE, "en", None),
        ("en-GB", ["en-US", "zh"], "en-US", None),
        ("en-GB", ["en-US", "en-GB"], "en-GB", None),
        ("en-GB-u-nu-latn", OFFICE, "en", None),
        ("ug-CN", BORDER, "ug", None),
        ("ug-Latn", BORDER, "ug", OTHER_SCRIPT),
        ("kk-CN", BORDER, "kk-Arab", None),
        ("kk-Arab", BORDER, "kk-Arab", None),
        ("kk-Arab", ["zh", "kk"], "kk", OTHER_SCRIPT),
        ("kk", BORDER, "kk-Arab", OTHER_SCRIPT),
        ("mn-CN", BORDER, "mn-Mong", None),
        ("mn", BORDER, "mn-Mong", OTHER_SCRIPT),
        ("bo", OFFICE, "zh", NO_TEXT),
        ("ug-CN", OFFICE, "zh", NO_TEXT),
        ("yue", OFFICE, "zh", NO_TEXT),
        ("chinese", OFFICE, "zh", NOT_A_TAG),
        ("*", OFFICE, "zh", NOT_A_TAG),
        ("中文", OFFICE, "zh", NOT_A_TAG),
        ("und", OFFICE, "zh", NOT_A_TAG),
    ],
)
def test_the_best_language_is_used_and_a_fallback_has_its_reason(
    asked: str | None, available: list[str], locale: str, reason: FallbackReason | None
) -> None:
    assert best_match(asked, available, "zh") == Match(locale, reason)


@given(st.text(max_size=30) | st.from_regex(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", fullmatch=True))
def test_whatever_is_asked_for_there_is_a_text_and_a_label_of_two_letters(asked: str) -> None:
    match = best_match(asked, BORDER, "zh")
    assert match.locale in BORDER
    assert (match.reason is NOT_A_TAG) == (asked != "" and not is_tag(asked))
    label = metric_label(asked)
    assert label == "other" or len(label) == 2


def test_a_metrics_label_is_no_text_that_a_sender_chose() -> None:
    assert [metric_label(one) for one in ("zh-TW", "cmn", "ug-CN", "yue", "zz", "x-private", "13800000000", None)] == [
        "zh",
        "zh",
        "ug",
        "other",
        "other",
        "other",
        "other",
        "other",
    ]
