"""The first page: where a signed-in person's work begins, or what a resident can do without an account."""

from starlette.responses import Response

from console.page import View, redirect


async def show(view: View) -> Response:
    """Lead to the page of the person's work."""
    if view.person is None:
        return view.page("welcome.html")
    if view.person.has("desk", "reader"):
        return redirect("/now")
    return redirect("/work")
