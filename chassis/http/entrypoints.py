"""The HTTP entrypoints: an `Operation` of the contracts declares route, role and schemas; a service's method does the rest."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

import eventlet
from nameko.web.handlers import HttpRequestHandler
from sqlalchemy import Connection
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from chassis.handler_context import HandlerContext, Missing
from chassis.http.answer_sanitizer import sanitized
from chassis.http.idempotency import Command, Kept
from chassis.http.link_page import page, wants_page
from chassis.http.problem import Problem, json_response, problem_of
from chassis.http.request import (
    actor_of,
    checked,
    command_key,
    json_body,
    owner_of,
    path_values,
    searched,
    sender_of,
)
from chassis.http.server import Server
from chassis.observability import logs
from chassis.runtime.nameko import RUNTIME_KEY, run_in_worker
from chassis.runtime.runtime import Runtime
from chassis.size_limits import MAX_ANONYMOUS_BYTES, MAX_BODY_BYTES
from contracts.http.operation import Operation
from contracts.payload import Part

FEED_POLL_SECONDS = 0.2
"""Seconds between the looks of a query that waits. Events come from all services: no wake-up of this process announces them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a command's method: a body for the operation's schema, and the headers that the operation names."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Api(HttpRequestHandler):
    """A resource. `Query` and `CommandApi` are authenticated JSON; a module that implements a standard derives its own from
    them."""

    server = Server()

    def __init__(self, operation: Operation, **kwargs: Any):
        super().__init__(operation.method, operation.path, **kwargs)
        self.operation = operation
        self.fields = operation.body_fields or frozenset(operation.search().fields if operation.search else ())

    def get_url_rule(self) -> Rule:
        return Rule(self.operation.path.replace("{", "<string:").replace("}", ">"), methods=[self.operation.method])

    def stop(self) -> None:
        self.server.drain()
        super().stop()

    @property
    def runtime(self) -> Runtime:
        """Return the service's runtime."""
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        return runtime

    def handle_request(self, request: Request) -> Response:
        """Return the answer or the problem."""
        began = time.monotonic()
        with logs.bound(service=self.runtime.definition.name, correlation=None, causation=None, account=None):
            try:
                response = self.answer(request)
            except Exception as wrong:
                response = self.refused(problem_of(wrong, self.fields), request)
            self.server.answered(self.operation.id, response.status_code, time.monotonic() - began)
        return response

    def answer(self, request: Request) -> Response:
        """Return the answer. Raises the exceptions that `problem_of` maps."""
        raise NotImplementedError

    def refused(self, problem: Problem, request: Request) -> Response:
        """Return the answer that describes a problem."""
        return problem.response()

    def dumped(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer by the contract: fields that its schema does not name are left out, and free texts are safe to
        display."""
        schema = self.operation.answer()
        return sanitized(schema, schema.dump(body))


class Query(Api):
    """A read-only resource. The method gets a connection, the path's values and, if the operation has a search, its parameters.

    If the operation has an ``own_role``, the method also gets ``owner``: the account to whose own data the answer is limited,
    None for no limit. The method of a ``personal`` operation gets ``actor``, the account of the request. It returns a mapping,
    or None for 404.
    """

    def answer(self, request: Request) -> Response:
        values = self.asked_by(request) | path_values(request)
        if self.operation.search:
            values["search"] = searched(request, self.operation.search)
        found = self._found(values)
        waits_for = self.operation.waits_for
        end = time.monotonic() + (values["search"]["wait"] if waits_for else 0)
        while waits_for and not found[waits_for] and time.monotonic() < end and not self.server.stopping:
            eventlet.sleep(FEED_POLL_SECONDS)  # without a connection: whoever waits holds none
            found = self._found(values)
        dumped = self.dumped(found)
        if self.operation.page and wants_page(request):
            return page(self.operation.status, dumped["told"])
        return json_response(self.operation.status, dumped)

    def _found(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        with self.runtime.store.snapshot() as connection:
            found: Mapping[str, Any] | None = run_in_worker(self, connection, **values)
        if found is None:
            raise Missing("nothing of that name here")
        return found

    def asked_by(self, request: Request) -> dict[str, Any]:
        """Return the caller's identity as keyword arguments for the method. Raises Problem 401 or 403."""
        operation, identities = self.operation, self.runtime.identities
        if operation.public:
            return {}
        if operation.personal:
            return {"actor": actor_of(request, identities, operation.role)}
        owner = owner_of(request, identities, operation)
        return {"owner": owner} if operation.own_role else {}

    def refused(self, problem: Problem, request: Request) -> Response:
        if self.operation.page and wants_page(request):
            return page(problem.status, problem.detail)
        return super().refused(problem, request)


FieldCheck = Callable[[Connection, Mapping[str, Any]], Mapping[str, str]]
"""Returns further errors of a body's fields that only the store can detect, by field; a missing field is not an error."""


class CommandApi(Api):
    """A command. The method gets the validated body as a part, the handler context, the key and the path's values.

    It returns an `Answer`.

    ``check`` finds further errors if the schema refuses a body, so that all are reported at once; the method itself raises
    Refused or TooEarly for the errors that ``check`` finds.
    """

    def __init__(self, operation: Operation, check: FieldCheck | None = None, **kwargs: Any):
        super().__init__(operation, **kwargs)
        self._check = check

    def setup(self) -> None:
        """Raise TypeError if the service's method takes another body than the operation has."""
        super().setup()
        body = self.operation.body
        if body is not None and issubclass(body, Part):
            taken = get_type_hints(getattr(self.container.service_cls, self.method_name)).get("body")
            if taken is not body:
                raise TypeError(f"{self.method_name}: annotate its body as {body.__name__}, the body of {self.operation.id}")

    def answer(self, request: Request) -> Response:
        operation = self.operation
        assert operation.body is not None
        assert issubclass(operation.body, Part)
        anonymous = operation.by_link and "Authorization" not in request.headers
        if not anonymous:  # a sender without an account gets the problem before the body is read
            actor_of(request, self.runtime.identities, operation.role)
        key, values = command_key(request), path_values(request)
        body = json_body(request, MAX_ANONYMOUS_BYTES if anonymous else MAX_BODY_BYTES)
        sender = sender_of(request, self.runtime.identities, operation, body)
        command = Command(operation.id, sender, key, values, body)
        logs.add(causation=command.cause(self.runtime.digests))  # a refused command can be found by it, too
        if command.actor is None:
            logs.add(account=command.who)
        kept = self.done(command, operation.body.of(checked(body, operation.body.schema, self.stored)))
        return json_response(operation.status, kept.body, headers=kept.headers)

    def stored(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """Return further errors of these fields, by field."""
        if self._check is None:
            return {}
        with self.runtime.store.snapshot() as connection:
            return self._check(connection, data)

    def done(self, command: Command, asked: Part | Mapping[str, Any]) -> Kept:
        """Apply the command once and return its answer. Raises what the service's method raises, and Problem 409."""

        def effect(ctx: HandlerContext) -> Kept:
            said: Answer = run_in_worker(self, asked, ctx, key=command.key, **command.values)
            return Kept(int(self.operation.status), self.dumped(said.body), said.headers)

        return self.server.batches.run(command, effect)


F = TypeVar("F", bound=Callable[..., Any])

query: Callable[..., Callable[[F], F]] = Query.decorator
command: Callable[..., Callable[[F], F]] = CommandApi.decorator
