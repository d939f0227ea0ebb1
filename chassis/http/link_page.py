"""The page for the holder of a link, in Chinese and English. It loads nothing and reveals its address to nobody."""

from html import escape
from http import HTTPStatus

from werkzeug.wrappers import Request, Response

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Robots-Tag": "noindex",
}


def wants_page(request: Request) -> bool:
    """Return whether the client prefers HTML; a request without a preference gets JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json") == "text/html"


def page(status: HTTPStatus, told: str) -> Response:
    """Return the page of a text: Chinese and English with a dot between them, or one of them."""
    parts = "".join(f"<p>{escape(part)}</p>" for part in told.split(" · "))
    text = (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>吹哨</title>'
        "<style>body{font:1.2rem/1.6 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}</style></head>"
        f"<body>{parts}</body></html>"
    )
    return Response(text, int(status), _HEADERS, content_type="text/html; charset=utf-8")
