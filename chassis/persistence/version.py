"""The version of a database, compared with the version that the code requires.

It is checked at every start, without alembic, whose import takes as long as that of a whole service: a migration's file name
begins with its version, ``0004_marks.py``, and versions are numbered in their order.
"""

from importlib import resources

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from chassis.persistence.engine import new_engine
from chassis.persistence.errors import translated
from chassis.persistence.timeouts import Timeouts


class NotMigrated(Exception):
    """The database is older than the code. The message names both versions."""


def require_current(package: str, url: str) -> None:
    """Check that a service's database has the code's version or a newer one: a deploy migrates before it replaces processes.

    ``package`` has a `migrations` folder. Raises NotMigrated and StoreUnavailable.
    """
    *older, wanted = versions(package)
    there = version(url)
    if there is None or there in older:
        raise NotMigrated(f"the database is at version {there or 'none'}, the code wants {wanted}")


def versions(package: str) -> list[str]:
    """Return every version that a service's database has had, the newest last."""
    files = (resources.files(package) / "migrations" / "versions").iterdir()
    return sorted(file.name.partition("_")[0] for file in files if file.name.endswith(".py"))


def version(url: str) -> str | None:
    """Return the version of a database; None if it was never migrated. Raises StoreUnavailable."""
    engine = new_engine(url, timeouts=Timeouts())
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return str(found) if found is not None else None
    except DBAPIError as wrong:
        raise translated(wrong) from wrong
    finally:
        engine.dispose()
