"""Filling an empty system with requests of the demonstration, so that a newcomer sees a desk at work."""

import asyncio
import json
from typing import Any

from starlette.responses import Response

from console.page import NotAllowed, View, redirect
from contracts.http import dispatch_lists, tickets

AT_ONCE = 8


async def send(view: View) -> Response:
    """Blow each whistle of the file. Its key makes it one ticket, however often the form is sent."""
    person = view.require("producer")
    await view.form()
    if not await offered(view):
        raise NotAllowed
    assert view.console.sample is not None
    lines = [json.loads(line) for line in view.console.sample.read_text("utf-8").splitlines()]
    slots = asyncio.Semaphore(AT_ONCE)

    async def blow(line: dict[str, Any]) -> None:
        async with slots:
            await view.services.command(tickets.BLOW_WHISTLE, line["whistle"], line["key"], person.token)

    await asyncio.gather(*(blow(line) for line in lines))
    return redirect("/now", told="sample")


async def offered(view: View) -> bool:
    """Return whether the requests may be sent: there is a file, the person may blow whistles, and there is no case yet."""
    person, sample = view.person, view.console.sample
    if person is None or not person.has("producer") or sample is None or not sample.exists():
        return False
    found = await view.services.ask(dispatch_lists.LIST_CASES, person.token, {"limit": 1})
    return not found["cases"]
