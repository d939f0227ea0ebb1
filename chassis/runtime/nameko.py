"""The adapter between nameko and the chassis: entrypoints, the container and the start of a service.

A service declares its handlers with `on` and `on_timer`. Each event or timer runs in an ordinary nameko worker, so stock
dependency providers work. This module and `chassis.messaging.amqp` avoid the inputs that stock nameko loses, hangs on or dies
of; the regression tests name each case.
"""

import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar, overload

from eventlet import Timeout
from nameko.containers import ServiceContainer
from nameko.extensions import Entrypoint, SharedExtension

from chassis.handler_context import HandlerContext
from chassis.runtime.runtime import Runtime
from chassis.timers import TimerFired
from contracts.envelope import Event
from contracts.payload import EventPayload
from contracts.topology import source_of

log = logging.getLogger(__name__)

RUNTIME_KEY = "whistle.runtime"


class HandlerDied(Exception):
    """A handler ended with a BaseException that is not an Exception, such as an eventlet Timeout. The event is retried."""


class Container(ServiceContainer):
    """A container that a worker's BaseException can neither block nor end."""

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        try:
            super()._run_worker(worker_ctx, handle_result)
        except (Timeout, SystemExit) as died:  # the hub would end the process for a SystemExit
            wrong = HandlerDied(f"{worker_ctx.entrypoint.method_name} ended with {type(died).__name__}")
            log.error("a handler died", exc_info=died)
            if handle_result is not None:
                handle_result(worker_ctx, None, (HandlerDied, wrong, None))

    def _handle_thread_exited(self, gt: Any) -> None:
        try:
            super()._handle_thread_exited(gt)
        except BaseException as died:  # an eventlet.Timeout would skip the links after this one
            log.error("a worker ended with %s", type(died).__name__)


class Chassis(SharedExtension):
    """Starts the runtime when every entrypoint has registered, and stops it when the container stops."""

    @property
    def runtime(self) -> Runtime:
        """Return the runtime that the launcher built."""
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        return runtime

    def start(self) -> None:
        self.runtime.start(lambda loop, name: self.container.spawn_managed_thread(loop, identifier=name))

    def stop(self) -> None:
        self.runtime.stop()

    def kill(self) -> None:
        """Do nothing: uncommitted work is rolled back, and unacked messages are delivered again."""


class _Loop(Entrypoint):
    """An entrypoint that a runtime's loop calls, one worker at a time."""

    chassis = Chassis()

    def stop(self) -> None:
        self.chassis.runtime.stop_intake()


def run_in_worker(entrypoint: Entrypoint, *args: Any, **kwargs: Any) -> Any:
    """Run the service's method in a worker, wait for it and return its result. Raises what it raised."""
    ended: list[tuple[Any, Any]] = []

    def keep(_context: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        ended.append((result, exc_info))
        return result, exc_info

    context = entrypoint.container.spawn_worker(entrypoint, args, kwargs, handle_result=keep)
    worker = entrypoint.container._worker_threads.get(context)
    if worker is not None:
        # it has not run yet: it shall log under the ids of its caller
        worker.gr_context = copy_context()
        worker.wait()
    result, exc_info = ended[0]
    if exc_info is not None:
        raise exc_info[1]
    return result


class On(_Loop):
    """An entrypoint for one event type. The method gets the event and the handler context."""

    def __init__(self, payload: type[EventPayload], **kwargs: Any):
        self.payload = payload
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.chassis.runtime.on(source_of(self.payload), self.payload.type, self._take)

    def _take(self, event: Event, ctx: HandlerContext) -> None:
        run_in_worker(self, event, ctx)


class OnTimer(_Loop):
    """An entrypoint for one kind of timer. The method gets the fired timer and the handler context."""

    def __init__(self, kind: str, **kwargs: Any):
        self.kind = kind
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.chassis.runtime.on_timer(self.kind, self._take)

    def _take(self, timer: TimerFired, ctx: HandlerContext) -> None:
        run_in_worker(self, timer, ctx)


F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S")
A = TypeVar("A", bound=EventPayload)
B = TypeVar("B", bound=EventPayload)
C = TypeVar("C", bound=EventPayload)
P = TypeVar("P", bound=EventPayload)

Method = Callable[[S, Event[P], HandlerContext], None]
"""A service's method that takes events with this payload."""


@overload
def on(one: type[A], /) -> Callable[[Method[S, A]], Method[S, A]]: ...
@overload
def on(one: type[A], two: type[B], /) -> Callable[[Method[S, A | B]], Method[S, A | B]]: ...
@overload
def on(one: type[A], two: type[B], three: type[C], /) -> Callable[[Method[S, A | B | C]], Method[S, A | B | C]]: ...
def on(*payloads: type[EventPayload]) -> Callable[[F], F]:
    """Declare a service's method as the handler of these event types. Its ``event`` is typed by their payloads."""

    def decorate(method: F) -> F:
        for payload in payloads:
            On.decorator(payload)(method)
        return method

    return decorate


on_timer: Callable[..., Callable[[F], F]] = OnTimer.decorator

__all__ = ["RUNTIME_KEY", "Chassis", "Container", "HandlerDied", "on", "on_timer", "run_in_worker"]
