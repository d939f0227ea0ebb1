"""The dependency that gives workers the deployment's photographs, and removes files that no row names."""

from collections.abc import Collection
from typing import Any

from environs import FileAwareEnv
from nameko.extensions import DependencyProvider
from sqlalchemy import Connection, select

from chassis.effects import Refused
from chassis.persistence import Store
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from contracts.photographs import NOT_TAKEN
from services.tickets.domain.photographs import FIELD
from services.tickets.photographs.file_store import GRACE, KEY, SHARDS, FileStore
from services.tickets.photographs.maker import Maker
from services.tickets.store import ticket_photographs

CLEAN_EVERY = 60.0
"""Seconds between two shards: each is looked at every few hours."""


class Photographs:
    """The files of a deployment, and what makes new ones."""

    def __init__(self, files: FileStore):
        self.files, self.maker = files, Maker(files)


class PhotographsProvider(DependencyProvider):
    """Gives workers the photographs. Raises BadFilesDir, at start, for a directory that cannot be written."""

    def setup(self) -> None:
        path = FileAwareEnv().path(KEY, None)
        self._photographs = Photographs(FileStore(path)) if path else None
        if self._photographs:
            self._photographs.files.check()
            runtime: Runtime = self.container.config[RUNTIME_KEY]
            runtime.add_loop("photograph files", Cleaner(runtime.store, self._photographs.files).step, CLEAN_EVERY)

    def get_dependency(self, worker_ctx: Any) -> "Photographs | None":
        return self._photographs


class Cleaner:
    """Removes files that no row names, one shard at each step."""

    def __init__(self, store: Store, files: FileStore, grace: float = GRACE):
        self._store, self._files, self._grace, self._next = store, files, grace, 0

    def step(self) -> int:
        """Look at one shard. Always returns 0, so that the next step follows after a pause. Raises StoreUnavailable."""
        shard, self._next = SHARDS[self._next], (self._next + 1) % len(SHARDS)
        self._files.remove_unnamed(shard, self._named, self._grace)
        return 0

    def _named(self, digests: Collection[str]) -> set[str]:
        with self._store.snapshot() as connection:
            return named(connection, digests)


def named(connection: Connection, digests: Collection[str]) -> set[str]:
    """Return those of the digests that a photograph has."""
    found: set[str] = set()
    wanted = sorted(digests)
    for begin in range(0, len(wanted), 500):  # a statement has a limited number of parameters
        some = ticket_photographs.c.digest.in_(wanted[begin : begin + 500])
        found.update(connection.execute(select(ticket_photographs.c.digest).where(some)).scalars())
    return found


def required(photographs: Photographs | None) -> Photographs:
    """Return the photographs. Raises Refused where the deployment has no directory for them."""
    if photographs is None:
        raise Refused({FIELD: NOT_TAKEN})
    return photographs
