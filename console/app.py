"""The composition root of the console: its routes, and the pages for errors."""

import asyncio
import hashlib
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from chassis.clock import SharedClock, SystemClock
from chassis.configuration.identities import Identities
from chassis.configuration.yaml_files import read_yaml
from chassis.session_tokens import SessionTokens
from console.attempt_limit import AttemptLimit, TooManyAttempts
from console.forms import BadForm
from console.live import LiveFeed
from console.metrics import ConsoleMetrics, Measured
from console.names import read_names
from console.oidc import OpenIdProvider
from console.page import SIGN_IN, Console, NotAllowed, SignInNeeded, endpoint, redirect, view_of
from console.pages import (
    exports,
    figure,
    home,
    live,
    monthly_report,
    notice,
    oidc_sign_in,
    photographs,
    queue,
    report_matter,
    resident,
    sample,
    sign_in,
    statistics,
    status,
    ticket,
    work,
)
from console.passwords import Passwords
from console.pending_sign_ins import PATH, PendingSignIns
from console.public_matters import read_public_matters
from console.rendering import Renderer
from console.response_headers import SecurityHeaders
from console.service_client import Refusal, ServiceClient, ServiceUnavailable, SessionRefused
from console.sessions import Sessions
from console.settings import ConsoleSettings

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
HOUR = 3600.0


class CachedFiles(StaticFiles):
    """Static files whose address changes with their content: a browser keeps them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def application(settings: ConsoleSettings, metrics: ConsoleMetrics) -> Starlette:
    """Return the console's ASGI application. Raises OperatorError for a bad file."""
    identities = Identities.load(settings.identities, SessionTokens(settings.secret))
    services = ServiceClient(settings.services, on_outage=lambda service: metrics.outages.labels(service).inc())
    zone = ZoneInfo(read_yaml(settings.config_dir / "clocks.yaml")["zone"])
    sessions = Sessions(settings.secret, identities, settings.session)
    feed = LiveFeed(services, lambda: sessions.speak_for(settings.account))
    metrics.live_pages.set_function(lambda: feed.pages)
    metrics.live_age.set_function(lambda: feed.age)
    console = Console(
        services=services,
        sessions=sessions,
        feed=feed,
        renderer=Renderer(read_names(settings.config_dir), zone, _version()),
        clock=SharedClock(settings.clock_file) if settings.clock_file else SystemClock(),
        sample=settings.sample,
        account=settings.account,
        public=read_public_matters(settings.config_dir),
        reports=AttemptLimit(settings.reports_per_hour, HOUR),
        lookups=AttemptLimit(settings.lookups_per_hour, HOUR),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(feed.follow())
        yield
        following.cancel()
        await services.close()

    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(Measured, metrics), Middleware(SecurityHeaders)],
        lifespan=lifespan,
        exception_handlers={
            SignInNeeded: _to_sign_in,
            SessionRefused: _to_sign_in,
            NotAllowed: _message(HTTPStatus.FORBIDDEN, "not_allowed"),
            BadForm: _bad_form,
            TooManyAttempts: _too_many,
            ServiceUnavailable: _unavailable,
            Refusal: _refused,
            HTTPException: _not_found,
            Exception: _message(HTTPStatus.INTERNAL_SERVER_ERROR, "error"),
        },
    )
    app.state.console, app.state.passwords, app.state.metrics = console, Passwords(identities), metrics
    app.state.oidc = OpenIdProvider(settings.oidc) if settings.oidc else None
    app.state.pending_sign_ins = PendingSignIns(settings.secret)
    return app


def _routes() -> list[Route | Mount]:
    return [
        Route("/", endpoint(home.show)),
        Route(SIGN_IN, endpoint(sign_in.show), methods=["GET"]),
        Route(SIGN_IN, sign_in.sign_in, methods=["POST"]),
        Route(PATH, endpoint(oidc_sign_in.begin)),
        Route(oidc_sign_in.CALLBACK, endpoint(oidc_sign_in.finish)),
        Route(f"{PATH}/{{failure}}", endpoint(oidc_sign_in.show_failure)),
        Route("/sign-out", endpoint(sign_in.sign_out), methods=["POST"]),
        Route("/now", endpoint(queue.show_now)),
        Route("/queue", endpoint(queue.show_queue)),
        Route("/live", endpoint(live.stream)),
        Route("/work", endpoint(work.show)),
        Route("/report", endpoint(report_matter.show), methods=["GET"]),
        Route("/report", endpoint(report_matter.send), methods=["POST"]),
        Route("/sample", endpoint(sample.send), methods=["POST"]),
        Route("/status", endpoint(status.show)),
        Route("/statistics", endpoint(statistics.show)),
        Route("/statistics/report", endpoint(monthly_report.show)),
        *_exports(),
        Route("/statistics/{kpi}", endpoint(figure.show)),
        Route("/tickets/{ticket}", endpoint(ticket.show)),
        Route("/tickets/{ticket}/desk", endpoint(ticket.give_desk_command), methods=["POST"]),
        Route("/tickets/{ticket}/reports", endpoint(ticket.give_report), methods=["POST"]),
        Route("/tickets/{ticket}/photographs", endpoint(ticket.attach_photograph), methods=["POST"]),
        Route("/tickets/{ticket}/photographs/{photograph}", endpoint(photographs.show)),
        Route("/notices/{notice}", endpoint(notice.show)),
        Route("/t/{ticket}/{purpose}", endpoint(resident.show), methods=["GET"]),
        Route("/t/{ticket}/{purpose}", endpoint(resident.send), methods=["POST"]),
        Route("/t/{ticket}/{purpose}/photographs", endpoint(resident.attach_photograph), methods=["POST"]),
        Route("/health", _health),
        Route("/sw.js", _service_worker),
        Mount("/static", CachedFiles(directory=STATIC)),
    ]


async def _service_worker(_: Request) -> Response:
    """Return the service worker: a worker serves the pages below its own address, which is therefore not in /static."""
    return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _exports() -> list[Route]:
    """Return the lists as files. They stand before the pages whose names end anyhow."""
    return [
        Route("/queue.{suffix}", endpoint(exports.show_queue)),
        Route("/work.{suffix}", endpoint(exports.show_work)),
        Route("/statistics.{suffix}", endpoint(exports.show_statistics)),
        Route("/statistics/{kpi}.{suffix}", endpoint(exports.show_figure)),
    ]


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


def _version() -> str:
    """Return a digest of the static files, which is part of their addresses."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


async def _to_sign_in(request: Request, wrong: Exception) -> Response:
    """Lead to the sign-in, and from there back. A session that the services refuse is ended."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    response = redirect(SIGN_IN, next=target) if request.method == "GET" else redirect(SIGN_IN)
    if isinstance(wrong, SessionRefused):
        view_of(request).console.sessions.end(response)
    return response


def _message(status: HTTPStatus, kind: str):  # type: ignore[no-untyped-def]
    async def answer(request: Request, _: Exception) -> Response:
        return view_of(request).page("message.html", status, kind=kind)

    return answer


async def _bad_form(request: Request, wrong: Exception) -> Response:
    log.info("a form was refused: %s", wrong)
    return view_of(request).page("message.html", HTTPStatus.BAD_REQUEST, kind="bad_form")


async def _too_many(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, TooManyAttempts)
    minutes = math.ceil(wrong.seconds / 60)
    response = view_of(request).page("message.html", HTTPStatus.TOO_MANY_REQUESTS, kind="too_many", minutes=minutes)
    response.headers["Retry-After"] = str(math.ceil(wrong.seconds))
    return response


async def _unavailable(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, ServiceUnavailable)
    return view_of(request).page("message.html", HTTPStatus.SERVICE_UNAVAILABLE, kind="unavailable", missing=[wrong.service])


async def _refused(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, Refusal)
    kind = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.FORBIDDEN: "not_allowed"}.get(wrong.status, "refused")
    return view_of(request).page("message.html", wrong.status, kind=kind)


async def _not_found(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    return view_of(request).page("message.html", wrong.status_code, kind="not_found")
