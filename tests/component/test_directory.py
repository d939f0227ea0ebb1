"""Registering a directory: only what is new is said, however often and however much of it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from chassis.store import Store
from cli.directory import register
from services.dispatch import store as dispatch
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
