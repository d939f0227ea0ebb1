"""Reading of HTML forms: URL-encoded UTF-8 of limited size, each field at most once unless it is a list."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

MAX_FORM_BYTES = 64_000
FORM_TYPE = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """Raised for a body that is no form of ours: another media type, another charset, too large, or a field twice."""


class Form(Mapping[str, str]):
    """The fields of a form. Values are stripped; a field that was left empty is absent."""

    def __init__(self, fields: Mapping[str, str]):
        self._fields = {name: value.strip() for name, value in fields.items() if value.strip()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def chosen(self, name: str) -> bool | None:
        """Return the answer to a question of yes and no; None where it was left open."""
        return {"yes": True, "no": False}.get(self.get(name, ""))


async def read_form(request: Request) -> Form:
    """Return the form of a request. Raises BadForm."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != FORM_TYPE:
        raise BadForm("the body is not a form")
    charset = parameters.lower().replace(" ", "").removeprefix("charset=").strip('"')
    if charset not in {"", "utf-8", "utf8"}:
        raise BadForm("the form is not in UTF-8")
    try:
        pairs = parse_qsl(
            (await _body(request)).decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            encoding="utf-8",
            errors="strict",
            max_num_fields=100,
        )
    except (UnicodeDecodeError, ValueError):
        raise BadForm("the form is not in UTF-8, or has too many fields") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise BadForm("a field of the form is there twice")
    return Form({name: value.replace("\r\n", "\n") for name, value in fields.items()})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise BadForm(f"the form is larger than {MAX_FORM_BYTES // 1000} kB")
    return bytes(body)
