"""The databases that `whistle migrate` makes are those that the code expects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import MetaData, create_engine, inspect, select, text

from chassis.persistence import migrate
from chassis.persistence.engine import driver_url
from chassis.persistence.version import version, versions
from cli.main import main
from cli.services import definition
from contracts.topology import SERVICES
from tests.component.counting import in_threads
from tests.kit.servers import PostgresServer

CHASSIS_TABLES = {"inbox", "outbox", "timers", "sequences", "audit", "marks"}


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database."""
    name = f"migrate_{uuid4().hex[:8]}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


def whistle(url: str, tmp_path: Path, *words: str) -> Any:
    """Run a command with what it needs."""
    env = {
        "WHISTLE_DATABASE_URL": url,
        "WHISTLE_AMQP_URL": "amqp://nobody",
        "WHISTLE_IDENTITIES": str(tmp_path / "identities.yaml"),
        "WHISTLE_SECRET": "a secret of the tests",
    }
    return CliRunner().invoke(main, list(words), env=env)


def missing(url: str, metadata: MetaData) -> set[str]:
    """Tables that the code has and the database has not."""
    engine = create_engine(driver_url(url))
    there = inspect(engine).get_table_names()
    engine.dispose()
    return set(metadata.tables) - set(there)


def metadata_of(service: str) -> MetaData:
    """The tables that a service's code has."""
    return definition(service).tables.inbox.metadata


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_make_what_the_code_expects_and_again_change_nothing(service: str, url: str, tmp_path: Path) -> None:
    metadata = metadata_of(service)
    assert missing(url, metadata) == set(metadata.tables)
    engine = create_engine(driver_url(url))
    for _ in range(2):
        done = whistle(url, tmp_path, "migrate", service)
        assert (done.exit_code, done.output) == (0, f"{service}: newest version\n")
        with engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
            there = set(inspect(connection).get_table_names())
            assert there == set(metadata.tables) | {"alembic_version"}
            assert there > CHASSIS_TABLES
            assert len(connection.execute(text("SELECT * FROM alembic_version")).all()) == 1
    assert missing(url, metadata) == set()
    engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_partial_indexes_are_partial(service: str, url: str) -> None:
    """Alembic does not compare their conditions."""
    migrate.upgrade(f"services.{service}", url)
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        definitions = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
        conditions = {name: text_.partition(" WHERE ")[2] for name, text_ in definitions if " WHERE " in text_}
    engine.dispose()
    waits = "(state = ANY (ARRAY['held'::text, 'due'::text, 'sending'::text]))"
    notices = {"notices_next": "(next_at IS NOT NULL)", "notices_open": waits, "notices_open_origin": waits}
    own = {"notify": notices, "dispatch": {"cases_breached": "breached", "cases_nobody": "nobody"}}.get(service, {})
    assert conditions == own | {
        "inbox_applied": "(state = 'applied'::text)",
        "inbox_dead": "(state = 'dead'::text)",
        "inbox_waiting": "(state = 'waiting'::text)",
        "inbox_waiting_subject": "(state = 'waiting'::text)",
        "outbox_parked": "(state = 'parked'::text)",
        "outbox_pending": "(state = 'pending'::text)",
        "sequences_grown": "(last > announced)",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_migrations_made_they_take_away(service: str, url: str) -> None:
    migrate.upgrade(f"services.{service}", url)
    command.downgrade(migrate.config(f"services.{service}", url), "base")
    engine = create_engine(driver_url(url))
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_the_names_of_the_files_are_the_versions_in_their_order(service: str, url: str) -> None:
    """A start asks the names, not alembic."""
    package = f"services.{service}"
    script = ScriptDirectory.from_config(migrate.config(package, url))
    assert versions(package) == [revision.revision for revision in script.walk_revisions()][::-1]
    for one in versions(package):
        command.upgrade(migrate.config(package, url), one)
        assert version(url) == one


CATEGORY = {
    "tickets": "INSERT INTO categories (code, urgency, dispute, sequence) VALUES ('{0}', 'E2', '{1}', 1)",
    "dispatch": "INSERT INTO categories (code, urgency, dispute) VALUES ('{0}', 'E2', '{1}')",
}


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
@pytest.mark.parametrize(("service", "before", "after"), [("tickets", "0006", "0007"), ("dispatch", "0008", "0009")])
def test_old_categories_keep_whether_they_are_disputes(
    service: str, before: str, after: str, database: str, url: str, tmp_path: Path
) -> None:
    chosen = url if database == "postgresql" else f"sqlite:///{tmp_path}/{service}.db"
    configured, engine = migrate.config(f"services.{service}", chosen), create_engine(driver_url(chosen))
    categories = definition(service).tables.inbox.metadata.tables["categories"]
    command.upgrade(configured, before)
    with engine.begin() as connection:
        for code, dispute in (("noise", "True"), ("leak", "False")):
            connection.execute(text(CATEGORY[service].format(code, dispute)))
    command.upgrade(configured, after)
    with engine.connect() as connection:
        rows = dict(connection.execute(select(categories.c.code, categories.c.dispute)).all())
    assert rows == {"noise": True, "leak": False}
    command.downgrade(configured, before)
    with engine.connect() as connection:
        rows = dict(connection.execute(text("SELECT code, dispute FROM categories")).all())
    engine.dispose()
    assert rows == {"noise": "True", "leak": "False"}


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_old_tickets_are_found_by_what_a_desk_asks(database: str, url: str, tmp_path: Path) -> None:
    chosen = url if database == "postgresql" else f"sqlite:///{tmp_path}/tickets.db"
    configured, engine = migrate.config("services.tickets", chosen), create_engine(driver_url(chosen))
    command.upgrade(configured, "0008")
    columns = "(id, state, category, area, opened_at, document)"
    old = f"INSERT INTO tickets {columns} VALUES (:id, :state, 'noise', 'a', :at, :document)"
    document = json.dumps({"urgency": "E0", "estate": None, "channel": "hotline"})
    at = "2026-03-02 09:00:00.000000"
    with engine.begin() as connection:
        for id_, state in (("T1", "handling"), ("T2", "closed")):
            connection.execute(text(old), {"id": id_, "state": state, "at": at, "document": document})
    command.upgrade(configured, "0009")
    tickets = metadata_of("tickets").tables["tickets"].c
    with engine.connect() as connection:
        asked = select(tickets.id, tickets.urgency, tickets.estate, tickets.channel, tickets.settled).order_by(tickets.id)
        rows = [tuple(row) for row in connection.execute(asked)]
    command.downgrade(configured, "0008")
    engine.dispose()
    assert rows == [("T1", "E0", None, "hotline", False), ("T2", "E0", None, "hotline", True)]


def test_two_deploys_at_once_take_turns(url: str, tmp_path: Path) -> None:
    def deploy() -> None:
        code = f"from chassis.persistence.migrate import upgrade; upgrade('services.ledger', {url!r})"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=360)

    in_threads(deploy, deploy)
    assert missing(url, metadata_of("ledger")) == set()


def test_a_store_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = whistle("postgresql://nobody:nothing@127.0.0.1:1/none", tmp_path, "migrate", "ledger")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert done.output.startswith("Error: ")
    assert "nothing" not in done.output
