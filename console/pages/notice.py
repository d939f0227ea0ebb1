"""The page of one notice, with its text, for the desk."""

import re
from collections.abc import Iterator

from starlette.responses import Response

from console.page import View
from contracts.http import notify

_LINK = re.compile(r"https?://[^\s<>\"]+/t/[A-Za-z0-9]+/[a-z]+\?token=[A-Za-z0-9_.%-]+")
"""A link to a resident's page, as `deploy/channels.example.yaml` and WHISTLE_PUBLIC_URL make them."""


async def show(view: View) -> Response:
    """Show the text of a notice; notify logs who read it."""
    person = view.require("desk")
    found = await view.services.ask(notify.GET_NOTICE_TEXT, person.token, notice=view.request.path_params["notice"])
    return view.page("notice.html", notice=found, pages=list(own_pages(found["text"])))


def own_pages(text: str) -> Iterator[str]:
    """Yield the paths of the residents' pages to which a text leads, as paths of this console."""
    for link in _LINK.findall(text):
        yield link[link.index("/t/") :]
