"""The entrypoints that speak GeoReport: the chassis' own, with the standard's arguments, key, formats and errors."""

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from chassis import strict_json
from chassis.handler_context import Missing
from chassis.http.answer_sanitizer import sanitized
from chassis.http.entrypoints import Api, CommandApi
from chassis.http.idempotency import Command
from chassis.http.problem import Problem
from chassis.http.request import MAX_ANONYMOUS_BYTES, checked
from chassis.observability import logs
from chassis.runtime.nameko import run_in_worker
from contracts.http.open311 import GeoReport
from contracts.http.open311.words import LISTS, RequestForm
from services.tickets.open311 import reading, rendering
from services.tickets.open311.rendering import ending

BEGINNING = "/open311/"
ATTRIBUTES = "attributes"
"""Under this name the method gets what a client says by `attribute[code]`."""


class _Spoken(Api):
    """What query and command have in common."""

    operation: GeoReport

    def setup(self) -> None:
        super().setup()
        self.server.speakers[BEGINNING] = lambda problem, path: rendering.errors(problem, ending(path))
        self.server.open_to_browsers[BEGINNING] = rendering.preflight

    def refused(self, problem: Problem, request: Request) -> Response:
        return rendering.errors(problem, ending(request.path))

    def rendered(self, request: Request, said: Any) -> Response:
        """The answer in the format of the path."""
        listed = self.operation.root in LISTS
        schema = self.operation.answer()
        value = [sanitized(schema, schema.dump(one)) for one in said] if listed else sanitized(schema, schema.dump(said))
        return rendering.answer(int(self.operation.status), self.operation.root, value, ending(request.path))


class GeoReportQuery(_Spoken):
    """Reads. The method gets a connection, what is searched for, who asks (None for anybody) and the path's values."""

    def answer(self, request: Request) -> Response:
        values: dict[str, Any] = {**reading.path_values(request)}
        given, search = reading.arguments(request), self.operation.search
        if self.operation.addressed:
            values["base_url"] = self.server.proxies.base_url(request.environ)
        assert search is not None
        actor = reading.asker(request, self.runtime.identities, self.operation, given)
        asked = checked(reading.single(given, search), search)
        with self.runtime.store.transaction() as connection:
            found = run_in_worker(self, connection, search=asked, actor=actor, **values)
        if found is None:
            raise Missing("nothing of that name here")
        return self.rendered(request, found)


class GeoReportCommand(_Spoken, CommandApi):
    """Changes. The method gets the form, with the attributes, the unit of work and the key; it answers an `Answer`."""

    def answer(self, request: Request) -> Response:
        reading.path_values(request)
        given = reading.arguments(request)
        if reading.has_key(request, given):  # then the body is read of an account alone
            reading.asker(request, self.runtime.identities, self.operation, given)
            form = reading.form(request, strict_json.MAX_BYTES)
        else:
            form = reading.form(request, MAX_ANONYMOUS_BYTES)
        actor = reading.asker(request, self.runtime.identities, self.operation, form, given)
        assert actor is not None
        sent = {name: values for name, values in form.items() if name != "api_key"}
        asked = {**reading.single(given, RequestForm), **reading.single(form, RequestForm)}
        loaded = {**checked(asked, RequestForm), ATTRIBUTES: reading.attributes(form)}
        command = Command(self.operation.id, actor, reading.key_of(request), {}, sent)
        logs.add(causation=command.cause(self.runtime.digests))
        kept = self.done(command, loaded)
        return self.rendered(request, [kept.body])


def _decorator(kind: type[Api]) -> Callable[..., Any]:
    made: Callable[..., Any] = kind.decorator
    return made


query = _decorator(GeoReportQuery)
command = _decorator(GeoReportCommand)
