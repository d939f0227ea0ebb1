"""The language of a page."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from console.languages import language_of


def _request(accept: str = "", query: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "path": "/", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB", "en"),
        ("zh-Hant-TW", "zh"),
        ("fr;q=0.9, en;q=0.5", "en"),
        ("en;q=0.2, zh;q=0.7", "zh"),
        ("en;q=0, zh", "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("en;q=high", "zh"),
        ("<script>, en", "en"),
    ],
)
def test_the_browser_asks_for_a_language(accept: str, language: str) -> None:
    assert language_of(_request(accept)) == language


def test_a_choice_comes_before_the_browser_and_the_latest_before_the_kept_one() -> None:
    assert language_of(_request("zh", cookie="whistle_language=en")) == "en"
    assert language_of(_request("en", query="lang=zh", cookie="whistle_language=en")) == "zh"
    assert language_of(_request("en", query="lang=<b>")) == "en"
