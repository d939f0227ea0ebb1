"""The lists as files to download. Who may see a page may have its list, with the same filters."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from console.exports import csv_text, lists
from console.exports.tables import Row, Table
from console.exports.workbook import chunks, workbook
from console.page import View
from console.pages import figure, queue, statistics

log = logging.getLogger(__name__)
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def show_queue(view: View) -> Response:
    """Send the matters of the queue."""
    person = view.require(*queue.DESK)
    return await _download(view, lists.queue(view, person, queue.search_of(view)))


async def show_work(view: View) -> Response:
    """Send the work of the person's units."""
    return await _download(view, lists.work(view, view.require("responder")))


async def show_statistics(view: View) -> Response:
    """Send the figures."""
    return await _download(view, lists.figures(view, view.require("reader"), statistics.chosen_of(view)))


async def show_figure(view: View) -> Response:
    """Send the tickets behind a figure."""
    person, kpi = view.require("reader"), view.request.path_params["kpi"]
    return await _download(view, lists.figure_tickets(view, person, kpi, figure.search_of(view)))


async def _download(view: View, table: Table) -> Response:
    """Return the file. Its first page is asked for before anything is sent: a refusal is a page, not half a file."""
    sender = _SENDERS.get(view.request.path_params["suffix"])
    if sender is None:
        raise HTTPException(404)
    response = await sender(view, table)
    log.info("exported", extra={"account": view.person.account.id if view.person else "", "list": view.request.url.path})
    response.headers["Content-Disposition"] = disposition(view, table)
    return response


async def _send_csv(view: View, table: Table) -> Response:
    ready = replace(table, pages=await _begun(table.pages))
    return StreamingResponse(csv_text.csv_bytes(ready, view.console.renderer.zone), media_type=CSV)


async def _send_workbook(view: View, table: Table) -> Response:
    file = await workbook(table, view.console.renderer.zone)
    size = file.seek(0, 2)
    file.seek(0)
    return StreamingResponse(chunks(file), media_type=XLSX, headers={"Content-Length": str(size)})


_SENDERS: dict[str, Callable[[View, Table], Awaitable[Response]]] = {"csv": _send_csv, "xlsx": _send_workbook}


async def _begun(pages: AsyncIterator[Sequence[Row]]) -> AsyncIterator[Sequence[Row]]:
    """Return the same pages, of which the first has been asked for."""
    first = await anext(pages, ())

    async def all_of_them() -> AsyncIterator[Sequence[Row]]:
        yield first
        async for rows in pages:
            yield rows

    return all_of_them()


def disposition(view: View, table: Table) -> str:
    """Return the header that names the file: in the visitor's language, with the day; in ASCII for old programs (RFC 6266)."""
    day = view.now.astimezone(view.console.renderer.zone).date().isoformat()
    path, _, suffix = view.request.url.path.rpartition(".")
    plain = re.sub("[^a-z0-9]+", "-", path.lower()).strip("-")
    named = quote(f"{table.name.replace(' ', '-')}-{day}.{suffix}", safe="")
    return f"attachment; filename=\"{plain}-{day}.{suffix}\"; filename*=UTF-8''{named}"
