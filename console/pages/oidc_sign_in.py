"""Sign-in at the deployment's OpenID provider: the way there, the way back, and the pages of a sign-in that failed."""

import logging
from hmac import compare_digest
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.configuration.identities import Actor
from console.metrics import ConsoleMetrics
from console.oidc import OpenIdProvider, PendingSignIn, ProviderUnavailable, SignInRefused
from console.page import View, local_path, redirect
from console.pending_sign_ins import PATH, PendingSignIns

log = logging.getLogger(__name__)

CALLBACK = f"{PATH}/callback"
FAILURES = {
    "unknown": HTTPStatus.FORBIDDEN,
    "refused": HTTPStatus.BAD_REQUEST,
    "expired": HTTPStatus.BAD_REQUEST,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of the page that explains each failure of a sign-in."""


class SignInFailed(Exception):
    """Raised where a sign-in ends without a session. ``failure`` is a key of `FAILURES`."""

    def __init__(self, failure: str):
        self.failure = failure
        super().__init__(failure)


async def begin(view: View) -> Response:
    """Lead to the provider; somebody who is signed in goes on to the wanted page."""
    provider, pending_sign_ins = _configured(view.request)
    target = local_path(view.request.query_params.get("next"))
    if view.person is not None:
        return redirect(target)
    try:
        address, pending = await provider.begin(_callback_address(view.request), target)
    except ProviderUnavailable:
        return _page(view, provider, "unavailable")
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    pending_sign_ins.keep(response, pending, _https(view.request))
    return response


async def finish(view: View) -> Response:
    """Check the provider's answer and start a session. The address holds a code, so it leads on in every case."""
    provider, pending_sign_ins = _configured(view.request)
    try:
        pending = _pending(view.request, pending_sign_ins)
        account = await _account(view, provider, pending)
    except SignInFailed as failed:
        log.warning("sign-in by the OpenID provider failed: %s", failed, extra={"client": _client(view.request)})
        _count(view, failed.failure)
        response: Response = redirect(f"{PATH}/{failed.failure}")
    else:
        log.info("signed in by the OpenID provider", extra={"account": account.id})
        _count(view, "signed_in")
        response = redirect(local_path(pending.target))
        view.console.sessions.start(response, account.id, _https(view.request))
    pending_sign_ins.forget(response)
    return response


async def show_failure(view: View) -> Response:
    """Say why the sign-in failed, and how to go on."""
    provider, _ = _configured(view.request)
    failure = view.request.path_params["failure"]
    if failure not in FAILURES:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return _page(view, provider, failure)


def _pending(request: Request, pending_sign_ins: PendingSignIns) -> PendingSignIn:
    """Return the sign-in that this browser began and the provider answers. Raises SignInFailed."""
    pending = pending_sign_ins.read(request)
    if pending is None or not compare_digest(pending.state.encode(), request.query_params.get("state", "").encode()):
        raise SignInFailed("expired")
    return pending


async def _account(view: View, provider: OpenIdProvider, pending: PendingSignIn) -> Actor:
    """Return the account of who signed in. Raises SignInFailed."""
    try:
        identity = await provider.identity(view.request.query_params, pending, _callback_address(view.request))
    except ProviderUnavailable:
        raise SignInFailed("unavailable") from None
    except SignInRefused as refused:
        log.warning("the OpenID provider's answer was refused: %s", refused)
        raise SignInFailed("refused") from None
    account = view.console.sessions.account_of_identity(identity) if identity is not None else None
    if account is None:
        raise SignInFailed("unknown")
    return account


def _page(view: View, provider: OpenIdProvider, failure: str) -> Response:
    return view.page("sign_in_failed.html", FAILURES[failure], failure=failure, provider=provider.name)


def _configured(request: Request) -> tuple[OpenIdProvider, PendingSignIns]:
    """Return the provider and the pending sign-ins. Raises HTTPException (404) where the deployment has no provider."""
    provider = request.app.state.oidc
    if provider is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    assert isinstance(provider, OpenIdProvider)
    pending = request.app.state.pending_sign_ins
    assert isinstance(pending, PendingSignIns)
    return provider, pending


def _callback_address(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{CALLBACK}"


def _https(request: Request) -> bool:
    return request.url.scheme == "https"


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _count(view: View, result: str) -> None:
    metrics: ConsoleMetrics = view.request.app.state.metrics
    metrics.sign_ins.labels(result).inc()
