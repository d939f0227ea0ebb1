"""Sign-in with a local account, the way to the OpenID provider, and sign-out."""

import logging
import math
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from console.attempt_limit import TooManyAttempts
from console.metrics import ConsoleMetrics
from console.page import View, local_path, redirect, view_of
from console.passwords import Passwords
from console.pending_sign_ins import PATH

log = logging.getLogger(__name__)


async def show(view: View) -> Response:
    """Show the form; somebody who is signed in goes on to the first page."""
    target = local_path(view.request.query_params.get("next"))
    if view.person is not None:
        return redirect(target)
    return _form(view, HTTPStatus.OK, target)


async def sign_in(request: Request) -> Response:
    """Check account and password, and start a session."""
    view = view_of(request)
    form = await view.form() if view.person is None else {}
    target = local_path(form.get("next"))
    if view.person is not None:
        return redirect(target)
    account, passwords = form.get("account", ""), request.app.state.passwords
    assert isinstance(passwords, Passwords)
    metrics: ConsoleMetrics = request.app.state.metrics
    try:
        fits = await passwords.check(account, form.get("password", ""), view.client)
    except TooManyAttempts as wait:
        metrics.sign_ins.labels("limited").inc()
        minutes = math.ceil(wait.seconds / 60)
        return _form(view, HTTPStatus.TOO_MANY_REQUESTS, target, account, minutes)
    metrics.sign_ins.labels("signed_in" if fits else "refused").inc()
    if not fits:
        log.warning("sign-in refused", extra={"client": view.client})
        return _form(view, HTTPStatus.UNAUTHORIZED, target, account, 0)
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


def _form(view: View, status: HTTPStatus, target: str, account: str = "", wrong: int | None = None) -> Response:
    """Return the form. ``wrong``: the minutes to wait after too many failures, 0 for a wrong account or password."""
    oidc = view.request.app.state.oidc
    provider = {"provider": oidc.name, "begin": f"{PATH}?{urlencode({'next': target})}"} if oidc else {"provider": None}
    return view.page("sign_in.html", status, target=target, account=account, wrong=wrong, **provider)
