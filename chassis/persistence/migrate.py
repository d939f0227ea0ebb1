"""Schema migrations: one alembic history per service, run by `whistle migrate` before a service starts."""

from importlib import resources

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from chassis.persistence.engine import new_engine
from chassis.persistence.errors import translated

ADVISORY_LOCK = 0x6D696772  # "migr": two deploys at once take turns


def upgrade(package: str, url: str) -> None:
    """Upgrade a service's database to the newest version. ``package`` has a `migrations` folder. Raises StoreUnavailable."""
    try:
        command.upgrade(config(package, url), "head")
    except DBAPIError as wrong:
        raise translated(wrong) from wrong


def config(package: str, url: str) -> Config:
    """Return an alembic configuration without a file."""
    made = Config()
    made.set_main_option("script_location", str(resources.files(package) / "migrations"))
    made.attributes["url"] = url
    return made


def run(metadata: MetaData) -> None:
    """Run the migrations. Each service's migrations/env.py calls this function."""
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
