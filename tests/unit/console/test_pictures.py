"""Forms with a picture: what is read, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import pytest
from starlette.requests import Request

from chassis.size_limits import MAX_UPLOAD_BYTES
from console.forms import BadForm
from console.pictures import NONE_CHOSEN, NOT_A_PICTURE, TOO_LARGE, Pictures
from console.service_client import Refusal, ServiceUnavailable

JPEG = b"\xff\xd8\xff and more"
FORM = "multipart/form-data; boundary=b"


def part(name: str, content: bytes, media_type: str | None = None, filename: str | None = None) -> bytes:
    """One part of a form."""
    file = f'; filename="{filename}"' if filename is not None else ""
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{kind}\r\n'.encode() + content + b"\r\n"


def photograph(content: bytes = JPEG, media_type: str = "image/jpeg", filename: str = "a.jpg") -> bytes:
    return part("photograph", content, media_type, filename)


def _read(
    body: bytes | Iterable[bytes], content_type: str = FORM, pictures: Pictures | None = None
) -> tuple[dict[str, str], str, bytes]:
    chunks = iter([body] if isinstance(body, bytes) else body)

    async def receive() -> dict[str, Any]:
        chunk = next(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def read() -> tuple[dict[str, str], str, bytes]:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type.encode())]}
        async with (pictures or Pictures()).read(Request(scope, receive)) as one:
            content = b"".join([chunk async for chunk in one.chunks()])
            assert one.size == len(content)
            return dict(one.form), one.media_type, content

    return asyncio.run(read())


def test_the_fields_and_the_file_are_read() -> None:
    body = part("csrf", b"c") + part("key", b"k") + photograph() + b"--b--\r\n"
    wanted = ({"csrf": "c", "key": "k"}, "image/jpeg", JPEG)
    assert _read(body) == wanted
    assert _read([body[at : at + 1] for at in range(len(body))]) == wanted, "in whatever pieces it comes"


def test_a_large_picture_is_read_whole() -> None:
    content = JPEG + bytes(range(256)) * 20_000
    assert _read(photograph(content, "image/png") + b"--b--\r\n") == ({}, "image/png", content)


@pytest.mark.parametrize("named", ["image/jpg", "IMAGE/JPEG", "image/pjpeg", "image/jpeg; x=y"])
def test_a_jpeg_has_several_names(named: str) -> None:
    assert _read(photograph(media_type=named) + b"--b--\r\n")[1] == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (photograph(b"", "application/octet-stream", ""), HTTPStatus.UNPROCESSABLE_ENTITY, NONE_CHOSEN),
        (photograph(b"<svg/>", "image/svg+xml"), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, NOT_A_PICTURE),
        (photograph(media_type="text/html"), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, NOT_A_PICTURE),
        (part("photograph", JPEG, filename="a.jpg"), HTTPStatus.UNSUPPORTED_MEDIA_TYPE, NOT_A_PICTURE),
        (photograph(b"x" * MAX_UPLOAD_BYTES), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE),
    ],
)
def test_a_bad_picture_is_refused_by_its_field(body: bytes, status: HTTPStatus, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        _read(body + b"--b--\r\n")
    assert (refused.value.status, refused.value.errors) == (status, {"photograph": reason})


def test_a_form_that_is_too_large_is_read_to_its_end_and_kept_nowhere() -> None:
    taken = 0

    def body() -> Iterable[bytes]:
        nonlocal taken
        yield photograph(b"")[:-2]
        for _ in range(30):
            taken += 1
            yield b"x" * 1_000_000

    with pytest.raises(Refusal) as refused:
        _read(body())
    assert (refused.value.errors, taken) == ({"photograph": TOO_LARGE}, 30)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (photograph() + b"--b--", "application/x-www-form-urlencoded"),
        (photograph() + b"--b--", "image/jpeg"),
        (photograph() + b"--b--", "multipart/form-data"),
        (photograph() + b"--b--", f"{FORM}; charset=utf-16"),
        (b"nothing", FORM),
        (b"", FORM),
        (b"--b--", FORM),
        (part("key", b"k") + b"--b--", FORM),
        (photograph()[:-2], FORM),  # its end is missing
        (photograph() + photograph() + b"--b--", FORM),
        (part("other", JPEG, "image/jpeg", "a.jpg") + b"--b--", FORM),
        (part("photograph", JPEG) + b"--b--", FORM),
        (part("key", JPEG, "image/jpeg", "a.jpg") + b"--b--", FORM),
        (part("key", b"k") + part("key", b"k") + photograph() + b"--b--", FORM),
        (part("unknown", b"k") + photograph() + b"--b--", FORM),
        (part("key", "键".encode()) + photograph() + b"--b--", FORM),
        (part("key", b"k" * 10_000) + photograph() + b"--b--", FORM),
        (part("a", b"") * 50 + photograph() + b"--b--", FORM),
        (b"--b\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b--", FORM),
    ],
)
def test_what_is_no_form_of_ours_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(BadForm):
        _read(body, content_type)


def test_only_some_are_read_at_the_same_time() -> None:
    pictures = Pictures(most=0)
    with pytest.raises(ServiceUnavailable):
        _read(photograph() + b"--b--\r\n", pictures=pictures)
    pictures = Pictures(most=1)
    for body in (photograph(), b"nothing", photograph()):
        try:
            _read(body + b"--b--\r\n", pictures=pictures)
        except BadForm:
            assert body == b"nothing"
