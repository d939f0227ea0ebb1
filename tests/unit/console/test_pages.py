"""Small rules of the pages: redirections, links, headers."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from console.page import local_path
from console.pages.notice import own_pages
from console.pages.queue import once_each
from console.response_headers import _from_another_site


@pytest.mark.parametrize(
    ("path", "led_to"),
    [
        ("/queue?urgency=E0", "/queue?urgency=E0"),
        (None, "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("queue", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
    ],
)
def test_sign_in_leads_to_a_page_of_this_site_alone(path: str | None, led_to: str) -> None:
    assert local_path(path) == led_to


def test_a_notice_leads_to_pages_of_this_console_whatever_its_host() -> None:
    text = "请评价：https://street.example/t/TMFQ/rate?token=a.b-c 或致电。https://evil.example/x http://a.example/t/T1/RATE?token=x"
    assert list(own_pages(text)) == ["/t/TMFQ/rate?token=a.b-c"]


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://a", "host": "a"}, True),
        ({"origin": "http://street.example:8100", "host": "street.example:8100"}, False),
        ({"origin": "http://street.example", "host": "street.example:8100"}, True),
        ({"origin": "null", "host": "street.example"}, True),
        ({"host": "street.example"}, False),
    ],
)
def test_a_form_from_another_site_is_refused(headers: dict[str, str], refused: bool) -> None:
    assert _from_another_site(Headers(headers)) is refused


def test_a_matter_is_in_the_most_pressing_section_alone() -> None:
    sections = {"life": [{"id": "T1"}], "breached": [{"id": "T1"}, {"id": "T2"}], "soon": [{"id": "T2"}, {"id": "T1"}]}
    assert once_each(sections) == {"life": [{"id": "T1"}], "breached": [{"id": "T2"}], "soon": []}
