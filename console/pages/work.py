"""A responder's own work: the list of what is asked of their units."""

from starlette.responses import Response

from console.page import View
from contracts.http import dispatch_lists


async def show(view: View) -> Response:
    """Show the open assignments of the person's units, those due first."""
    person = view.require("responder")
    after = view.request.query_params.get("after") or None
    page = await view.services.ask(dispatch_lists.LIST_WORK, person.token, {"after": after})
    return view.page("work.html", work=page["work"], following=page["next"])
