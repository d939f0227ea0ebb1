"""The common part of all pages: the request's person and language, forms with their tokens, and the answer."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.client_address import site
from chassis.clock import BusinessClock
from console.attempt_limit import AttemptLimit
from console.forms import BadForm, Form, read_form
from console.languages import COOKIE, SUPPORTED, language_of
from console.live import LiveFeed
from console.pictures import Picture, Pictures
from console.public_matters import PublicMatters
from console.rendering import Renderer, Texts
from console.service_client import ServiceClient
from console.sessions import Person, Sessions

SIGN_IN = "/sign-in"


@dataclass(frozen=True)
class Console:
    """The services, sessions and limits that the pages use. One instance serves the process; `of` returns it."""

    services: ServiceClient
    sessions: Sessions
    renderer: Renderer
    clock: BusinessClock
    feed: LiveFeed
    sample: Path | None
    """The file of requests that an officer may send while the system is empty."""
    account: str
    """The account with which the console asks where nobody is signed in."""
    public: PublicMatters
    reports: AttemptLimit
    """The reports of visitors without an account, by client address."""
    lookups: AttemptLimit
    """The numbers that visitors look up, by client address."""
    pictures: Pictures = field(default_factory=Pictures)

    @staticmethod
    def of(request: Request) -> "Console":
        """Return the console of the request's process."""
        console: Console = request.app.state.console
        return console

    def own_token(self) -> str:
        """Return a token of the console's own account."""
        return self.sessions.speak_for(self.account)


class SignInNeeded(Exception):
    """Raised for a page of signed-in people where nobody is signed in."""


class NotAllowed(Exception):
    """Raised where the person has none of the roles of a page."""


@dataclass(frozen=True)
class View:
    """One request to a page."""

    request: Request
    console: Console
    person: Person | None
    language: str
    now: datetime

    @property
    def services(self) -> ServiceClient:
        """Return the client of the services."""
        return self.console.services

    @property
    def client(self) -> str:
        """Return the client's address, by which attempts are counted: of IPv6 the prefix that one site has to itself."""
        return site(self.request.client.host) if self.request.client else ""

    @property
    def texts(self) -> Texts:
        """Return names and times in the request's language."""
        return self.console.renderer.texts(self.language)

    def require(self, *roles: str) -> Person:
        """Return the person, who has one of the roles. Raises SignInNeeded, NotAllowed."""
        if self.person is None:
            raise SignInNeeded
        if roles and not self.person.has(*roles):
            raise NotAllowed
        return self.person

    async def form(self) -> Form:
        """Return the form that was sent. Raises BadForm; also where a signed-in person's form lacks the session's token."""
        form = await read_form(self.request)
        self._require_own(form)
        return form

    @asynccontextmanager
    async def picture(self) -> AsyncIterator[Picture]:
        """Yield the picture of the form that was sent. Raises BadForm as `form` does, and Refusal for a bad picture."""
        async with self.console.pictures.read(self.request) as picture:
            self._require_own(picture.form)
            yield picture

    def _require_own(self, form: Form) -> None:
        if self.person is not None and not compare_digest(form.get("csrf", ""), self.person.csrf):
            raise BadForm("the form does not belong to this session: load the page again")

    def page(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
        """Return a page."""
        common: dict[str, Any] = {
            "person": self.person,
            "path": self.request.url.path,
            "query": self.request.query_params,
            "query_with": lambda language: self._query_and("lang", language),
            "query_and": self._query_and,
            "now": self.now,
            "new_key": lambda: secrets.token_urlsafe(16),
            "missing": [],
        }
        response = self.console.renderer.page(template, self.language, {**common, **values}, int(status))
        remember_language(self.request, response)
        return response

    def _query_and(self, name: str, value: str) -> str:
        """Return the query of this page with one more or another parameter; a confirmation is not shown again."""
        kept = {key: given for key, given in self.request.query_params.items() if key not in {name, "told"}}
        return urlencode({**kept, name: value})


Page = Callable[[View], Awaitable[Response]]


def endpoint(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return a page as Starlette's endpoint."""

    @wraps(page)  # the metrics name it by its page
    async def answer(request: Request) -> Response:
        return await page(view_of(request))

    return answer


def view_of(request: Request) -> View:
    """Return the view of a request."""
    console = Console.of(request)
    return View(request, console, console.sessions.person(request), language_of(request), console.clock.now())


def redirect(path: str, **query: str) -> RedirectResponse:
    """Return a redirection after a form, so that loading the page again does not send the form again."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, HTTPStatus.SEE_OTHER)


def local_path(path: str | None) -> str:
    """Return a path of this site, for a redirection after sign-in; the first page for any other text."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc and path.isprintable() else "/"


def remember_language(request: Request, response: Response) -> None:
    """Keep the language that the visitor chose by ``?lang=``."""
    chosen = request.query_params.get("lang")
    if chosen in SUPPORTED:
        response.set_cookie(COOKIE, chosen, max_age=365 * 86_400, httponly=True, samesite="lax")


def choices(codes: Mapping[str, Any] | list[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return the options of a selection: code and name, in the order of the names."""
    return sorted(((code, name(code)) for code in codes), key=lambda one: one[1])
