"""Sign-in and sign-out with a local account."""

import logging
import math
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from console.page import View, local_path, redirect, view_of
from console.passwords import Passwords, TooManyFailures

log = logging.getLogger(__name__)


async def show(view: View) -> Response:
    """Show the form; somebody who is signed in goes on to the first page."""
    target = local_path(view.request.query_params.get("next"))
    if view.person is not None:
        return redirect(target)
    return view.page("sign_in.html", target=target, account="", wrong=None)


async def sign_in(request: Request) -> Response:
    """Check account and password, and start a session."""
    view = view_of(request)
    form = await view.form() if view.person is None else {}
    target = local_path(form.get("next"))
    if view.person is not None:
        return redirect(target)
    account, passwords = form.get("account", ""), request.app.state.passwords
    assert isinstance(passwords, Passwords)
    client = request.client.host if request.client else ""
    try:
        fits = await passwords.check(account, form.get("password", ""), client)
    except TooManyFailures as wait:
        minutes = math.ceil(wait.seconds / 60)
        return view.page("sign_in.html", HTTPStatus.TOO_MANY_REQUESTS, target=target, account=account, wrong=minutes)
    if not fits:
        log.warning("sign-in refused", extra={"client": client})
        return view.page("sign_in.html", HTTPStatus.UNAUTHORIZED, target=target, account=account, wrong=0)
    log.info("signed in", extra={"account": account})
    response = redirect(target)
    view.console.sessions.start(response, account, request.url.scheme == "https")
    return response


async def sign_out(view: View) -> Response:
    """End the session."""
    if view.person is not None:
        await view.form()
    response = redirect("/")
    view.console.sessions.end(response)
    return response
