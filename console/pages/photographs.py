"""The image of a photograph, as tickets returns it to the person who is signed in."""

from collections.abc import AsyncIterator

import httpx
from starlette.responses import Response, StreamingResponse

from console.page import View
from contracts.http import photographs

HEADERS = {"Cache-Control": "no-store, private", "Content-Disposition": "inline"}


async def show(view: View) -> Response:
    """Stream the image. Its type is that of the contract, whatever the service says."""
    person = view.require("desk", "responder")
    values = view.request.path_params
    answer = await view.services.download(
        photographs.GET_PHOTOGRAPH, person.token, ticket=values["ticket"], photograph=values["photograph"]
    )
    return StreamingResponse(_chunks(answer), media_type=photographs.GET_PHOTOGRAPH.media_type, headers=HEADERS)


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    finally:
        await answer.aclose()
