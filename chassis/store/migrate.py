"""Schema migrations: one alembic history per service, run by `whistle migrate` before a service starts."""

from importlib import resources
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect
from sqlalchemy.exc import DBAPIError

from chassis.store.engine import new_engine
from chassis.store.errors import translated
from chassis.store.patience import Patience

ADVISORY_LOCK = 0x6D696772  # "migr": two deploys at once take turns


class NotMigrated(Exception):
    """The database is older than the code. The message names both versions."""


def upgrade(package: str, url: str) -> None:
    """Bring a service's database to the newest version. ``package`` has a `migrations` folder. Raises StoreUnavailable."""
    try:
        command.upgrade(config(package, url), "head")
    except DBAPIError as wrong:
        raise translated(wrong) from wrong


def config(package: str, url: str) -> Config:
    """An alembic configuration without a file."""
    made = Config()
    made.set_main_option("script_location", str(resources.files(package) / "migrations"))
    made.attributes["url"] = url
    return made


def run(metadata: MetaData) -> None:
    """What each service's migrations/env.py calls."""
    url = context.config.attributes["url"]
    engine = new_engine(url)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


def require_current(package: str, url: str) -> None:
    """See to it that a service's database is what its code expects, or newer: a deploy migrates before it replaces processes.

    Raises NotMigrated and StoreUnavailable.
    """
    script = ScriptDirectory.from_config(config(package, url))
    there = _version(url)
    older = {revision.revision for revision in script.walk_revisions()} - {script.get_current_head()}
    if there is None or there in older:
        raise NotMigrated(f"the database is at version {there or 'none'}, the code wants {script.get_current_head()}")


def _version(url: str) -> str | None:
    engine = new_engine(url, patience=Patience())
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as wrong:
        raise translated(wrong) from wrong
    finally:
        engine.dispose()


def is_current(url: str, metadata: MetaData) -> list[str]:
    """Tables that the metadata has and the database has not."""
    engine = new_engine(url)
    there: Any = inspect(engine).get_table_names()
    engine.dispose()
    return sorted(set(metadata.tables) - set(there))
