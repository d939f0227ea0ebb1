"""Group commit: HTTP commands that arrive at the same time share one transaction, as events of one queue do.

The first request in line runs the batch, the others wait for their answers. So a service at rest answers at once, and under
load a commit is paid once for many requests. A command that is refused, or repeated, never decides about another: it leaves
the batch, which is rolled back and run again without it, and has a transaction of its own.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial

from chassis.handler_context import HandlerContext
from chassis.http.idempotency import Command, Effect, Kept, answered_row, once_per_key
from chassis.persistence import StoreConflict, StoreUnavailable
from chassis.persistence.conflicts import DUPLICATE_OR_CONFLICT, retry_conflicts
from chassis.persistence.statements import keeping_new
from chassis.runtime.runtime import Runtime
from chassis.unit_of_work import UnitOfWork

MAX_COMMANDS = 50
"""Of one transaction."""
MAX_LEAVERS = 2
"""So many commands may leave a batch one after the other; with more, each command by itself costs less."""
MAX_WAIT_SECONDS = 0.25
"""A request waits so long for the batch before its own. Then it runs the next one beside it: the other may wait for a lock."""


@dataclass(eq=False)
class _Request:
    command: Command
    effect: Effect
    context: Context = field(default_factory=copy_context)
    """Of the request, so that what the effect logs carries its ids."""
    told: threading.Event = field(default_factory=threading.Event)
    """Set when there is an outcome, or when it is this request's turn to run a batch."""
    outcome: Callable[[], Kept] | None = None

    def settle(self, outcome: Callable[[], Kept]) -> None:
        self.outcome = outcome
        self.told.set()


class _Leaves(Exception):
    """One command of a batch failed or was repeated, so nothing of the batch may be committed."""

    def __init__(self, request: _Request):
        super().__init__(request.command.name)
        self.request = request


class CommandBatches:
    """The commands of one service that wait for their transaction."""

    def __init__(self, runtime: Runtime):
        self._runtime = runtime
        self._waiting: deque[_Request] = deque()
        self._running = 0

    def run(self, command: Command, effect: Effect) -> Kept:
        """Carry out a command, once for its key, and return its answer. Raises what `once_per_key` raises."""
        request = _Request(command, effect)
        self._waiting.append(request)
        if not self._running:
            self._run_next()
        while request.outcome is None:
            request.told.wait(MAX_WAIT_SECONDS)
            if request.outcome is None:
                request.told.clear()
                if request in self._waiting:
                    self._run_next()
        return request.outcome()

    def _run_next(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_COMMANDS))]
        self._running += 1
        try:
            self._settle(batch)
        finally:
            self._running -= 1
            for request in batch:
                if request.outcome is None:  # whoever ran the batch was ended
                    request.settle(partial(_raise, StoreUnavailable("the transaction was broken off")))
            if self._waiting:
                self._waiting[0].told.set()

    def _settle(self, batch: Sequence[_Request]) -> None:
        if len(batch) == 1:
            batch[0].settle(self._single(batch[0]))
            return
        rest = list(batch)
        for _ in range(MAX_LEAVERS):
            if len(rest) < 2:
                break
            try:
                answers = retry_conflicts(partial(self._transact, rest), DUPLICATE_OR_CONFLICT)
            except _Leaves as leaves:
                rest.remove(leaves.request)
                self._alone(leaves.request)
                continue
            except StoreUnavailable as wrong:
                for request in rest:
                    request.settle(partial(_raise, wrong))
                return
            except Exception:  # nothing says which command it was
                break
            for request, kept in zip(rest, answers, strict=True):
                request.settle(partial(_return, kept))
            return
        for request in rest:
            self._alone(request)

    def _alone(self, request: _Request) -> None:
        """Leave a command to the thread of its own request, so that many of them do not wait for each other."""
        request.settle(partial(once_per_key, self._runtime, request.command, request.effect))

    def _single(self, request: _Request) -> Callable[[], Kept]:
        try:
            kept = request.context.run(once_per_key, self._runtime, request.command, request.effect)
        except Exception as wrong:
            return partial(_raise, wrong)
        return partial(_return, kept)

    def _transact(self, batch: Sequence[_Request]) -> list[Kept]:
        """Carry out the commands in one transaction. Raises _Leaves."""
        runtime = self._runtime
        with runtime.store.transaction() as connection:
            unit = UnitOfWork(runtime.store, connection, runtime.definition.source)
            answers = [self._take(request, unit) for request in batch]
            unit.flush()
            rows = [answered_row(request.command, kept) for request, kept in zip(batch, answers, strict=True)]
            inserted = connection.execute(keeping_new(runtime.store.tables.inbox, connection.dialect.name), rows)
            new = {(source, key) for source, key in inserted}
            for request, row in zip(batch, rows, strict=True):
                # discarded as it is found: of two requests with one key in a batch, the second is a repeat
                if (name := (row["source"], row["event_id"])) not in new:
                    raise _Leaves(request)
                new.discard(name)
        return answers

    def _take(self, request: _Request, unit: UnitOfWork) -> Kept:
        command = request.command
        cause = command.cause(self._runtime.digests)
        ctx = HandlerContext(unit, self._runtime.clock.now(), correlation="", causation=cause, actor=command.actor)
        try:
            return request.context.run(request.effect, ctx)
        except (StoreUnavailable, StoreConflict):
            raise
        except Exception as wrong:
            raise _Leaves(request) from wrong


def _return(kept: Kept) -> Kept:
    return kept


def _raise(wrong: Exception) -> Kept:
    raise wrong
