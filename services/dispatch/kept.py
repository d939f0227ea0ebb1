"""The directory as this process keeps it: read again when its version in the store has changed, and not for every event."""

from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import Connection

from services.dispatch import store
from services.dispatch.domain.directory import Directory


class KeptDirectory:
    """Answers the directory as of a transaction."""

    def __init__(self) -> None:
        self._kept: tuple[int, Directory] | None = None

    def of(self, connection: Connection) -> Directory:
        """The whole directory. Never older than its version at this moment, which is read before it."""
        version = store.version(connection)
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, store.directory(connection))
        return self._kept[1]


class Kept(DependencyProvider):
    """One for the whole process."""

    def setup(self) -> None:
        self._directory = KeptDirectory()

    def get_dependency(self, worker_ctx: Any) -> KeptDirectory:
        return self._directory
