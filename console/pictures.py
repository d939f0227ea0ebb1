"""Reading of the form with a picture: multipart/form-data of limited size, with a few known fields and one file.

The file is spooled: beyond a megabyte it is on disk, without a name. Its own name is never used.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from chassis.size_limits import MAX_UPLOAD_BYTES
from console.forms import MAX_FORM_BYTES, BadForm, Form
from console.service_client import Refusal, ServiceUnavailable
from contracts.photographs import JPEG, MEDIA_TYPES

FIELD, FIELDS = "photograph", frozenset({"csrf", "key"})
"""The name of the file, and the other fields that the form may have."""
MAX_OPEN = 16
"""The most pictures that a process reads at the same time."""
MAX_DISCARDED = 64 * 1024 * 1024
"""The bytes of a form that is too large that are read and discarded, so that the browser shows the reason."""
NONE_CHOSEN = "No picture was chosen."
TOO_LARGE = "The picture is too large."
NOT_A_PICTURE = "This is no picture in JPEG, PNG or WebP."
_ALIASES = {"image/jpg": JPEG, "image/pjpeg": JPEG}
"""Other media types that browsers send for a JPEG."""


@dataclass(frozen=True)
class Picture:
    """A picture that a form sent."""

    form: Form
    media_type: str
    size: int
    _file: UploadFile

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the content."""
        while chunk := await self._file.read(64 * 1024):
            yield chunk


class Pictures:
    """The pictures that a process reads at present."""

    def __init__(self, most: int = MAX_OPEN):
        self._most, self._open = most, 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Picture]:
        """Yield the picture of a form, and remove it afterwards. Raises BadForm, Refusal, ServiceUnavailable."""
        if self._open >= self._most:
            raise ServiceUnavailable("tickets")
        self._open += 1
        try:
            form, file = await _read(request)
            try:
                yield _picture(form, file)
            finally:
                await file.close()
        finally:
            self._open -= 1


async def _read(request: Request) -> tuple[Form, UploadFile]:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "multipart/form-data" or "charset" in parameters.lower():
        raise BadForm("the body is no form with a file")
    parser = MultiPartParser(
        request.headers, _limited(request), max_files=1, max_fields=len(FIELDS), max_part_size=MAX_FORM_BYTES // 8
    )
    try:
        parsed = await parser.parse()
    except MultiPartException as wrong:
        raise BadForm(wrong.message) from None
    values = {name: value for name, value in parsed.multi_items() if isinstance(value, str)}
    file = parsed.get(FIELD)
    known = values.keys() <= FIELDS and all(value.isascii() for value in values.values())
    if not isinstance(file, UploadFile) or len(values) + 1 != len(parsed.multi_items()) or not known:
        await parsed.close()
        raise BadForm("the form has no file, or a field that is unknown, there twice or no ASCII")
    return Form(values), file


def _picture(form: Form, file: UploadFile) -> Picture:
    size = file.size or 0
    if not size:
        raise _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, NONE_CHOSEN)
    if size >= MAX_UPLOAD_BYTES:
        raise _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
    named = (file.content_type or "").partition(";")[0].strip().lower()
    media_type = _ALIASES.get(named, named)
    if media_type not in MEDIA_TYPES:
        raise _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, NOT_A_PICTURE)
    return Picture(form, media_type, size, file)


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """Yield the body. Raises Refusal for one that is too large, after reading it to its end."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size < MAX_UPLOAD_BYTES + MAX_FORM_BYTES:
            yield chunk
        elif size > MAX_DISCARDED:
            break
    if size >= MAX_UPLOAD_BYTES + MAX_FORM_BYTES:
        raise _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)


def _refusal(status: HTTPStatus, reason: str) -> Refusal:
    return Refusal(status, reason, {FIELD: reason})
