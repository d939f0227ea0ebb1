"""Random changes of the log's rows by SQL: the ledger refuses each of them, and whoever kept an export sees it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

from chassis.effects import Refused
from chassis.persistence import Store
from services.ledger import store as tables
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.audit import AuditError, audit
from services.ledger.domain.log_comparison import LogDisagrees
from services.ledger.domain.prior_log import read_prior_log
from services.ledger.export import export_lines
from services.ledger.store import DEFINITION
from tests.component.forged_log import (
    SIGNER,
    Forge,
    Town,
    add,
    drop_checkpoints,
    edit,
    emptied,
    recompute,
    rows,
    signed_anew,
)

ROWS = 7
POSITION = st.integers(0, ROWS - 1)
COLUMNS = {"source": "/forger", "subject": "X", "sequence": 99, "event_id": "another", "type": "ticket.opened.v1"}


def _byte(position: int, at: float, mask: int) -> Forge:
    def act(connection: Connection) -> None:
        c = tables.entries.c
        body = bytearray(connection.execute(select(c.body).where(c.position == position)).scalar_one())
        body[int(at * (len(body) - 1))] ^= mask
        connection.execute(update(tables.entries).where(c.position == position).values(body=bytes(body)))

    return act


def _swap(one: int, other: int) -> Forge:
    def act(connection: Connection) -> None:
        c = tables.entries.c
        for old, new in ((one, -1), (other, one), (-1, other)):
            connection.execute(update(tables.entries).where(c.position == old).values(position=new))

    return act


def _column(position: int, name: str) -> Forge:
    return lambda connection: (
        connection.execute(update(tables.entries).where(tables.entries.c.position == position).values({name: COLUMNS[name]}))
        and None
    )


def _removed(position: int, close: bool) -> Forge:
    def act(connection: Connection) -> None:
        c = tables.entries.c
        connection.execute(delete(tables.entries).where(c.position == position))
        for later in range(position + 1, ROWS if close else 0):
            connection.execute(update(tables.entries).where(c.position == later).values(position=later - 1))

    return act


MUTATIONS = st.one_of(
    st.builds(_byte, POSITION, st.floats(0, 1), st.integers(1, 255)),
    st.tuples(POSITION, POSITION).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: _swap(*pair)),
    st.builds(_column, POSITION, st.sampled_from(sorted(COLUMNS))),
    st.builds(_removed, POSITION, st.booleans()),
    st.just(partial(add, number=50)),
    POSITION.map(edit),
)
COVERS = st.sampled_from([(), (recompute,), (drop_checkpoints(1), recompute), (drop_checkpoints(0), recompute)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MUTATIONS, COVERS, st.booleans())
def test_every_change_of_the_entries_is_refused_and_seen_by_who_kept_an_export(
    forged_url: str, tmp_path: Path, mutation: Forge, covers: tuple[Forge, ...], restarted: bool
) -> None:
    store = Store(forged_url, DEFINITION.tables, DEFINITION.mappers)
    emptied(store)
    town = Town(forged_url, store, tmp_path / uuid4().hex)
    with store.transaction() as connection:
        before = rows(connection)
        points = tables.signed_checkpoints(connection)
        old = list(export_lines(connection, SIGNER, town.ledger.clock.now()))
    town.forge(mutation, *covers)
    if restarted:
        town.ledger.restart(CheckpointDir(town.directory))
    with suppress(LogDisagrees):
        town.ledger.look()
    with store.transaction() as connection:
        after = rows(connection)
        assert after != before
        added = after[:ROWS] == before
        # an entry that is added and counted continues the log: whether its source said it is asked by reconcile
        if not (added and covers == (recompute,)):
            with pytest.raises(Refused):
                list(export_lines(connection, SIGNER, town.ledger.clock.now(), CheckpointDir(town.directory)))
    if not added and [row.body for row in after[:ROWS]] != [row.body for row in before]:
        forged = signed_anew([bytes(row.body) for row in after], points if len(after) >= ROWS else [], SIGNER)
        with pytest.raises(AuditError):
            audit(forged, None, read_prior_log(old))
    store.close()
