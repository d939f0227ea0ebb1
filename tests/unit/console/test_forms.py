"""Forms: what is read, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request

from console.forms import FORM_TYPE, MAX_FORM_BYTES, BadForm, Form, read_form


def _read(body: bytes, content_type: str = FORM_TYPE) -> Form:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type.encode())]}
    return asyncio.run(read_form(Request(scope, receive)))


def test_fields_are_stripped_and_empty_ones_absent() -> None:
    form = _read(b"text=%E6%BC%8F%E6%B0%B4+%0D%0A%E5%BE%88%E5%A4%A7+&address=++&phone=")
    assert dict(form) == {"text": "漏水 \n很大"}


@pytest.mark.parametrize(("value", "answer"), [("yes", True), ("no", False), ("", None), ("YES", None)])
def test_a_question_of_yes_and_no(value: str, answer: bool | None) -> None:
    assert Form({"resolved": value}).chosen("resolved") is answer


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"text=a", "application/json"),
        (b"text=a", f"{FORM_TYPE}; charset=gb18030"),
        ("text=漏水".encode("gb18030"), FORM_TYPE),
        (b"text=%C2%A9%B6", FORM_TYPE),  # GBK, URL-encoded
        (b"text=a&text=b", FORM_TYPE),
        (b"text=" + b"a" * MAX_FORM_BYTES, FORM_TYPE),
        (b"&".join(b"f%d=1" % number for number in range(101)), FORM_TYPE),
    ],
    ids=["JSON", "charset", "raw GB18030", "encoded GBK", "twice", "too large", "too many"],
)
def test_what_is_no_form_of_ours_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(BadForm):
        _read(body, content_type)


def test_a_body_is_not_read_beyond_the_limit() -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 10_000
            yield b"a" * 10_000

    endless = chunks()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(endless), "more_body": True}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", FORM_TYPE.encode())]}
    with pytest.raises(BadForm, match="64 kB"):
        asyncio.run(read_form(Request(scope, receive)))
    assert read <= MAX_FORM_BYTES + 10_000
