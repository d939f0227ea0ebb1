"""The HTTP entrypoints whose body or answer is a file: an `Upload` or a `Download` of the contracts, and a service's methods.

An upload has three methods, each in a worker: the `admission` decides by the sender before the body is read, the
`preparation` makes of the bytes what is stored, outside of any transaction, and the `upload` itself takes effect as a command.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from nameko.extensions import Entrypoint
from werkzeug.wrappers import Request, Response

from chassis.client_address import Crowd
from chassis.configuration.identities import Actor
from chassis.handler_context import Missing
from chassis.http.entrypoints import Answer, Api
from chassis.http.file_signatures import SIGNATURES, begins_as
from chassis.http.idempotency import Command, Kept, answer_of_first, was_carried_out
from chassis.http.problem import RETRY_AFTER_SECONDS, Problem, json_response, unavailable
from chassis.http.request import command_key, owner_of, path_values, raw_body, searched, uploader_of
from chassis.observability import logs
from chassis.runtime.nameko import run_in_worker
from chassis.size_limits import MAX_UPLOAD_BYTES
from contracts.http.files import OTHER_CONTENT, TOKEN, Download, Upload

MAX_UPLOADS, MAX_UPLOADS_PER_SENDER = 16, 2
"""The most uploads of a process, and of one sender, that are read at the same time: each is in memory."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent. Its first bytes agree with its media type; nothing else was checked."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The file that a download returns."""

    path: Path


class _Step(Entrypoint):
    """A further method of an upload. It is no resource of its own."""

    def __init__(self, operation: Upload, **kwargs: Any):
        super().__init__(**kwargs)
        self.operation = operation


class Admission(_Step):
    """The method that gets a connection, the sender (an account, or a link) and the path's values, and raises for a refusal."""


class Preparation(_Step):
    """The method that gets a `SentFile` and returns what the command gets. It may take seconds, but not of the hub."""


class UploadApi(Api):
    """An upload. The method gets the prepared file, the handler context, the key, the sender and the path's values. It returns
    an `Answer`."""

    operation: Upload

    def __init__(self, operation: Upload, **kwargs: Any):
        super().__init__(operation, **kwargs)
        self.fields = self.fields | {operation.file}
        self._open, self._senders = threading.BoundedSemaphore(MAX_UPLOADS), Crowd(MAX_UPLOADS_PER_SENDER)

    def setup(self) -> None:
        """Raise TypeError unless the service has both further methods, and every media type a signature."""
        super().setup()
        self._admission, self._preparation = self._step(Admission), self._step(Preparation)
        if unknown := set(self.operation.media_types) - SIGNATURES.keys():
            raise TypeError(f"{self.operation.id}: no signature of {', '.join(sorted(unknown))}")

    def _step(self, kind: type[_Step]) -> _Step:
        for one in self.container.entrypoints:
            if isinstance(one, kind) and one.operation is self.operation:
                return one
        raise TypeError(f"{self.operation.id}: the service has no method for its {kind.__name__.lower()}")

    def answer(self, request: Request) -> Response:
        operation = self.operation
        values = path_values(request)
        search = searched(request, operation.search) if operation.search else {}
        sender = uploader_of(request, self.runtime.identities, operation, search.get(TOKEN))
        announced = Command(operation.id, sender, command_key(request), values, None)
        logs.add(causation=announced.cause(self.runtime.digests))
        if announced.actor is None:
            logs.add(account=announced.who)
        kept = self._done(request, announced)
        return json_response(operation.status, kept.body, headers=kept.headers)

    def _done(self, request: Request, announced: Command) -> Kept:
        """Carry out an upload whose body is not read yet; a repeat gets the answer of the first, and is not prepared again."""
        runtime = self.runtime
        with self._counted(announced.who):
            with runtime.store.snapshot() as connection:
                repeated = was_carried_out(runtime, connection, announced)
                if not repeated:
                    run_in_worker(self._admission, connection, sender=announced.sender, **announced.values)
            sent = self._sent(request)
            body = {"media_type": sent.media_type, "sha256": hashlib.sha256(sent.content).hexdigest()}
            command = replace(announced, body=body)
            if repeated:
                with runtime.store.snapshot() as connection:
                    return answer_of_first(runtime, connection, command)
            prepared = run_in_worker(self._preparation, sent)
        return self.server.batches.run(command, self._effect(command, prepared))

    @contextmanager
    def _counted(self, who: str) -> Iterator[None]:
        """Count an upload while it is read and prepared. Raises Problem 429 or 503 if there are too many."""
        if not self._senders.enter(who):
            later = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many uploads of this sender are open", headers=later)
        try:
            if not self._open.acquire(blocking=False):
                raise unavailable("too many files are being sent; ask again, with the same Idempotency-Key")
            try:
                yield
            finally:
                self._open.release()
        finally:
            self._senders.leave(who)

    def _sent(self, request: Request) -> SentFile:
        """Return the file of a request. Raises Problem 415 or 422, RequestEntityTooLarge, ClientDisconnected."""
        operation = self.operation
        if request.mimetype not in operation.media_types:
            wanted = f"Content-Type: want one of {', '.join(operation.media_types)}"
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, wanted, {operation.file: wanted})
        content = raw_body(request, MAX_UPLOAD_BYTES)
        if not begins_as(request.mimetype, content):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, OTHER_CONTENT, {operation.file: OTHER_CONTENT})
        return SentFile(request.mimetype, content)

    def _effect(self, command: Command, prepared: Any) -> Callable[[Any], Kept]:
        def effect(ctx: Any) -> Kept:
            said: Answer = run_in_worker(self, prepared, ctx, key=command.key, sender=command.sender, **command.values)
            return Kept(int(self.operation.status), self.dumped(said.body), said.headers)

        return effect


class DownloadApi(Api):
    """A download. The method gets a connection and the path's values, with an ``own_role`` also ``owner`` as that of a query.

    It returns a `StoredFile`, or None for 404.
    """

    operation: Download

    def answer(self, request: Request) -> Response:
        values: dict[str, Any] = dict(path_values(request))
        owner = owner_of(request, self.runtime.identities, self.operation)
        if self.operation.own_role:
            values["owner"] = owner
        with self.runtime.store.snapshot() as connection:
            found: StoredFile | None = run_in_worker(self, connection, **values)
        if found is None:
            raise Missing("nothing of that name here")
        return Response(found.path.read_bytes(), int(self.operation.status), HEADERS, content_type=self.operation.media_type)


HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of a file: it is for this account alone, and a browser that opens it runs nothing of it."""

Sender = Actor | str
"""The sender of a file: an account, or the holder of a signed link."""

F = TypeVar("F", bound=Callable[..., Any])

admission: Callable[..., Callable[[F], F]] = Admission.decorator
preparation: Callable[..., Callable[[F], F]] = Preparation.decorator
upload: Callable[..., Callable[[F], F]] = UploadApi.decorator
download: Callable[..., Callable[[F], F]] = DownloadApi.decorator
