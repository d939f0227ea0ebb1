"""The entrypoints that speak GeoReport: those of the chassis with the standard's arguments, key, formats and errors."""

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from chassis.handler_context import Missing
from chassis.http.answer_sanitizer import sanitized
from chassis.http.entrypoints import Api, CommandApi
from chassis.http.idempotency import Command
from chassis.http.problem import Problem
from chassis.http.request import checked
from chassis.observability import logs
from chassis.runtime.nameko import run_in_worker
from chassis.size_limits import MAX_ANONYMOUS_BYTES, MAX_BODY_BYTES
from contracts.http.open311 import GeoReport
from contracts.http.open311.schemas import LISTS, RequestForm
from services.tickets.open311 import parsing, rendering
from services.tickets.open311.rendering import format_of

PATH_PREFIX = "/open311/"
ATTRIBUTES = "attributes"
"""The name under which a method gets the values that a client sends as `attribute[code]`."""


class _GeoReportEntrypoint(Api):
    """The common part of queries and commands."""

    operation: GeoReport

    def setup(self) -> None:
        super().setup()
        self.server.speakers[PATH_PREFIX] = lambda problem, path: rendering.error_response(problem, format_of(path))
        self.server.open_to_browsers[PATH_PREFIX] = rendering.preflight

    def refused(self, problem: Problem, request: Request) -> Response:
        return rendering.error_response(problem, format_of(request.path))

    def rendered(self, request: Request, said: Any) -> Response:
        """Return the answer in the format of the path."""
        listed = self.operation.root in LISTS
        schema = self.operation.answer()
        value = [sanitized(schema, schema.dump(one)) for one in said] if listed else sanitized(schema, schema.dump(said))
        return rendering.answer(int(self.operation.status), self.operation.root, value, format_of(request.path))


class GeoReportQuery(_GeoReportEntrypoint):
    """A query. Its method gets a connection, the search, the caller (None for anybody) and the path's values."""

    def answer(self, request: Request) -> Response:
        values: dict[str, Any] = {**parsing.path_values(request)}
        given, search = parsing.arguments(request), self.operation.search
        if self.operation.addressed:
            values["base_url"] = self.server.proxies.base_url(request.environ)
        assert search is not None
        actor = parsing.caller(request, self.runtime.identities, self.operation, given)
        asked = checked(parsing.single_values(given, search), search)
        with self.runtime.store.snapshot() as connection:
            found = run_in_worker(self, connection, search=asked, actor=actor, **values)
        if found is None:
            raise Missing("nothing of that name here")
        return self.rendered(request, found)


class GeoReportCommand(_GeoReportEntrypoint, CommandApi):
    """A command. Its method gets the form with the attributes, the unit of work and the key, and returns an `Answer`."""

    def answer(self, request: Request) -> Response:
        parsing.path_values(request)
        given = parsing.arguments(request)
        if parsing.has_key(request, given):  # then the body is read of an account alone
            parsing.caller(request, self.runtime.identities, self.operation, given)
            form = parsing.form(request, MAX_BODY_BYTES)
        else:
            form = parsing.form(request, MAX_ANONYMOUS_BYTES)
        actor = parsing.caller(request, self.runtime.identities, self.operation, form, given)
        assert actor is not None
        sent = {name: values for name, values in form.items() if name != "api_key"}
        asked = {**parsing.single_values(given, RequestForm), **parsing.single_values(form, RequestForm)}
        loaded = {**checked(asked, RequestForm), ATTRIBUTES: parsing.attributes(form)}
        command = Command(self.operation.id, actor, parsing.key_of(request), {}, sent)
        logs.add(causation=command.cause(self.runtime.digests))
        kept = self.done(command, loaded)
        return self.rendered(request, [kept.body])


def _decorator(kind: type[Api]) -> Callable[..., Any]:
    made: Callable[..., Any] = kind.decorator
    return made


query = _decorator(GeoReportQuery)
command = _decorator(GeoReportCommand)
