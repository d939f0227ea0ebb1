"""Registering a directory: only what is new is said, however often and however much of it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from chassis.configuration.yaml_core import dump_yaml
from chassis.persistence import Store
from chassis.unit_of_work import UnitOfWork
from cli.directory import register, retire_responder
from cli.main import main
from contracts.codes import Purpose, Urgency
from services.dispatch import store as dispatch
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.entities import Assignment, Step
from services.dispatch.store import DEFINITION
from tests.kit.servers import PostgresServer

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
AREAS = [{"code": "lianhu", "kind": "district"}, {"code": "shanqi", "kind": "community", "parent": "lianhu"}]
CATEGORY = {"code": "noise", "urgency": "E2", "dispute": True}
UNIT = {"code": "heping", "role": "property", "areas": ["shanqi"]}
ALL = {"areas": AREAS, "categories": [CATEGORY], "responders": [UNIT]}


@pytest.fixture(params=["postgres", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Store]:
    """Dispatch's empty database."""
    name = f"directory_{uuid4().hex[:8]}"
    url = postgres_server.create_database(name) if request.param == "postgres" else f"sqlite:///{tmp_path}/dispatch.db"
    made = Store(url, DEFINITION.tables, DEFINITION.mappers)
    dispatch.metadata.create_all(made.engine)
    yield made
    made.close()
    postgres_server.drop_database(name)


def loaded(store: Store, **changed: Any) -> tuple[int, list[tuple[str, str]], int]:
    """Load it: how many were new, what was said, and the directory's version."""
    outbox = DEFINITION.tables.outbox
    query = select(outbox.c.type, outbox.c.subject).order_by(outbox.c.position)
    with store.transaction() as connection:
        before = len(connection.execute(query).all())
    new = register(store, {**ALL, **changed}, NOW, "a test")
    with store.transaction() as connection:
        said = [(row.type, row.subject) for row in connection.execute(query)]
        return new, said[before:], dispatch.version(connection)


def test_only_what_is_new_is_said_and_changes_the_version(store: Store) -> None:
    new, said, first = loaded(store)
    assert new == 4
    assert said == [
        ("area.registered.v1", "lianhu"),
        ("area.registered.v1", "shanqi"),
        ("category.registered.v1", "noise"),
        ("responder.registered.v1", "heping"),
    ]
    assert loaded(store) == (0, [], first)
    new, said, then = loaded(store, areas=[*AREAS, {"code": "huancheng", "kind": "community", "parent": "lianhu"}])
    assert (new, said) == (1, [("area.registered.v1", "huancheng")])
    assert then > first
    new, said, last = loaded(store, responders=[{**UNIT, "areas": ["lianhu"]}])
    assert (new, said) == (1, [("responder.registered.v1", "heping")])
    assert last > then
    with store.transaction() as connection:
        known = dispatch.directory(connection)
    assert [one.areas for one in known.responders] == [("lianhu",)]
    assert set(known.areas) == {"lianhu", "shanqi", "huancheng"}


def case(id_: str, unit: str, step: Step = Step.SIGNED) -> Case:
    """A case with one assignment, to a unit that is this far."""
    made = Assignment(f"{id_}-1", unit, 0, "property", Purpose.HANDLE, 1, NOW, step)
    return Case(id_, "noise", "shanqi", None, Urgency.E2, False, NOW, None, assignments=[made])


def test_a_responder_that_left_is_named_no_more_and_whoever_counts_on_it_hears_of_it(store: Store) -> None:
    loaded(store)
    with store.transaction() as connection:
        unit = UnitOfWork(store, connection, DEFINITION.source)
        for one in (case("T1", "heping"), case("T2", "other"), case("T3", "heping", Step.DONE)):
            unit.add(one)
        over = case("T4", "heping")
        over.state = CaseState.WITHDRAWN
        unit.add(over)
        unit.flush()
        before = dispatch.version(connection)
    assert retire_responder(store, "heping", NOW) == 1
    timers, outbox = DEFINITION.tables.timers, DEFINITION.tables.outbox
    with store.transaction() as connection:
        mine = timers.c.name.startswith("gone")
        armed = connection.execute(select(timers.c.subject, timers.c.name, timers.c.due_at).where(mine)).all()
        assert dispatch.directory(connection).responder("heping") is None
        assert dispatch.version(connection) > before
        last = connection.execute(select(outbox.c.type, outbox.c.subject).order_by(outbox.c.position.desc()).limit(1)).one()
    assert armed == [("T1", "gone:heping", NOW)]
    assert tuple(last) == ("responder.retired.v1", "heping")
    assert retire_responder(store, "heping", NOW) is None
    assert loaded(store)[1] == [("responder.registered.v1", "heping")], "and can come back"


def test_the_command_says_who_is_not_in_the_file_and_takes_out_only_who_is_there(store: Store, tmp_path: Path) -> None:
    if store.engine.dialect.name == "postgresql":
        url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    else:
        url = f"sqlite:///{tmp_path}/dispatch.db"
    env = {
        "WHISTLE_DATABASE_URL": url,
        "WHISTLE_AMQP_URL": "amqp://nobody",
        "WHISTLE_IDENTITIES": str(tmp_path / "identities.yaml"),
        "WHISTLE_SECRET": "a secret of the tests",
    }

    def whistle(*words: str) -> Result:
        return CliRunner().invoke(main, ["directory", *words], env=env)

    file, less = tmp_path / "all.yaml", tmp_path / "less.yaml"
    file.write_text(dump_yaml(ALL))
    less.write_text(dump_yaml({**ALL, "responders": []}))
    assert whistle("load", str(file)).output == "4 records are new or changed\n"
    assert "not in" in whistle("load", str(less)).output
    assert "heping" in whistle("load", str(less)).output
    assert whistle("retire", "heping").output == "heping: retired, 0 cases hear of it\n"
    assert whistle("load", str(less)).output == "0 records are new or changed\n"
    again = whistle("retire", "heping")
    assert (again.exit_code, "heping: no responder" in again.output) == (1, True)
