"""The cache of the directory. A process reads the directory again only when its version in the store has changed."""

from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import Connection

from services.dispatch import store
from services.dispatch.domain.directory import Directory


class DirectoryCache:
    """A cache of the directory for one process."""

    def __init__(self) -> None:
        self._kept: tuple[int, Directory] | None = None

    def of(self, connection: Connection) -> Directory:
        """Return the whole directory, as of this transaction or newer: the version is read before the directory."""
        version = store.version(connection)
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, store.directory(connection))
        return self._kept[1]


class DirectoryCacheProvider(DependencyProvider):
    """Provide one cache to all workers of a process."""

    def setup(self) -> None:
        self._directory = DirectoryCache()

    def get_dependency(self, worker_ctx: Any) -> DirectoryCache:
        return self._directory
