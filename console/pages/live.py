"""The stream of live changes for the pages that list matters."""

from http import HTTPStatus

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from console.live import MAX_PAGES
from console.page import View


async def stream(view: View) -> Response:
    """Stream the numbers of changed tickets to a reader; the page itself is loaded anew with the person's own authority."""
    view.require("desk", "reader")
    feed = view.console.feed
    if feed.pages >= MAX_PAGES:
        return PlainTextResponse("too many pages listen", HTTPStatus.SERVICE_UNAVAILABLE)
    return StreamingResponse(feed.events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
