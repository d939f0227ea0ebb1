"""Alembic's entry: the metadata of this service, run by the chassis."""

from chassis.persistence import migrate
from services.dispatch.store import metadata

migrate.run(metadata)
