"""Somebody with the database rewrites the log by SQL: nothing is signed, and who kept a checkpoint sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from chassis.effects import Refused
from chassis.persistence import Store
from chassis.persistence.migrate import upgrade
from contracts.events.ledger import CheckpointSigned
from services.ledger import store as tables
from services.ledger.checkpoint_dir import CHECKPOINTS, KEY, CheckpointDir
from services.ledger.domain.audit import Bad, audit
from services.ledger.domain.checkpoint import END, Checkpoint, Signed, Signer
from services.ledger.domain.comparison import LogDisagrees
from services.ledger.domain.earlier import read_earlier
from services.ledger.domain.log_file import checkpoint_line, entry_line, header
from services.ledger.domain.merkle import Frontier, leaf_hash
from services.ledger.export import lines
from services.ledger.keys import signer
from services.ledger.store import DEFINITION
from tests.component.ledger_alone import START, LedgerAlone, closed, whistle
from tests.kit.servers import PostgresServer

Forge = Callable[[Connection], None]
SIGNER = signer("a secret of the tests")


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def forged_url(request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: Any) -> Iterator[str]:
    """A ledger's database of either kind, as its migrations make it."""
    name = f"forged_{uuid4().hex[:8]}"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('forged')}/ledger.db"
        upgrade("services.ledger", url)
        yield url
        return
    url = postgres_server.create_database(name)
    upgrade("services.ledger", url)
    yield url
    postgres_server.drop_database(name)


class Town:
    """Seven entries, checkpoints after the third and the fifth, and a directory in which they were published."""

    def __init__(self, url: str, store: Store, directory: Path):
        self.url, self.directory = url, directory
        self.ledger = LedgerAlone(store)
        self.ledger.sign_with(SIGNER)
        self.ledger.restart(CheckpointDir(directory))
        for numbers in ([1, 2, 3], [4, 5], [6], [7]):
            self.ledger.hear(*closed("T", numbers))
            if len(numbers) > 1:
                self.ledger.let_pass(hours=1)
        self.ledger.look()

    def forge(self, *acts: Forge) -> None:
        with self.ledger.store.transaction() as connection:
            for act in acts:
                act(connection)

    def command(self, *words: str, published: bool = True) -> Result:
        return whistle(self.url, *words, **({KEY: str(self.directory)} if published else {}))

    def export(self, path: Path, published: bool = True) -> Result:
        return self.command("export", str(path), published=published)


@pytest.fixture
def town(forged_url: str, tmp_path: Path) -> Iterator[Town]:
    """A ledger that published its checkpoints."""
    store = Store(forged_url, DEFINITION.tables, DEFINITION.mappers)
    emptied(store)
    yield Town(forged_url, store, tmp_path / "published")
    store.close()


def emptied(store: Store) -> None:
    with store.transaction() as connection:
        for table in DEFINITION.tables.inbox.metadata.sorted_tables:
            connection.execute(delete(table))


# --- what somebody with the database does


def edit(position: int, old: str = "no_contact", new: str = "satisfied") -> Forge:
    """Change what an entry says."""

    def act(connection: Connection) -> None:
        c = tables.entries.c
        body = bytes(connection.execute(select(c.body).where(c.position == position)).scalar_one())
        changed = body.replace(old.encode(), new.encode())
        assert changed != body
        connection.execute(update(tables.entries).where(c.position == position).values(body=changed))

    return act


def recompute(connection: Connection) -> None:
    """Make the frontier that the store keeps anew from the entries."""
    frontier = Frontier()
    for (body,) in connection.execute(select(tables.entries.c.body).order_by(tables.entries.c.position)).all():
        frontier.append(leaf_hash(bytes(body)))
    document(connection, frontier={"size": frontier.size, "peaks": frontier.peaks})


def document(connection: Connection, **changed: Any) -> None:
    known = connection.execute(select(tables.logs.c.document)).scalar_one()
    connection.execute(update(tables.logs).values(document={**known, **changed}))


def drop_checkpoints(after: int) -> Forge:
    """Delete the checkpoints with greater numbers, and everything that counts them."""

    def act(connection: Connection) -> None:
        connection.execute(delete(tables.checkpoints).where(tables.checkpoints.c.number > after))
        empty = {"size": 0, "peaks": []}
        document(connection, checkpoints=after, **({} if after else {"checkpointed": empty, "taken_at": None}))

    return act


def signed_anew(bodies: list[bytes], points: list[Signed], key: Signer) -> list[bytes]:
    """A log of these entries with good signatures and the checkpoints' sizes: what somebody with the key can make."""
    made, log = [header([key.public])], Frontier()
    for position, body in enumerate(bodies):
        made.append(entry_line(position, body))
        log.append(leaf_hash(body))
        for point in (one.checkpoint for one in points if one.checkpoint.size == log.size):
            made.append(checkpoint_line(key.sign(Checkpoint(point.number, log.size, log.root(), point.taken_at))))
    return [*made, checkpoint_line(key.sign(Checkpoint(len(points) + 1, log.size, log.root(), START, END)))]


def sign_anew(town: Town, path: Path, key: Signer) -> None:
    """Write the log of the entries as they are now."""
    with town.ledger.store.transaction() as connection:
        bodies = [bytes(row.body) for row in rows(connection)]
        path.write_bytes(b"".join(signed_anew(bodies, tables.signed_checkpoints(connection), key)))


# --- the first attack: an entry that no checkpoint counts yet


def test_an_entry_after_the_last_checkpoint_that_was_edited_is_not_signed(town: Town, tmp_path: Path) -> None:
    town.forge(edit(6))
    for published in (True, False):
        done = town.export(tmp_path / "log", published)
        assert done.exit_code == 1
        assert "is not signed: " in done.output
        assert "entries 5 to 6: " in done.output
    assert b'"end"' not in (tmp_path / "log").read_bytes()
    rebuilt = town.command("rebuild")
    assert (rebuilt.exit_code, "no book is made of it" in rebuilt.output) == (1, True)


def test_the_service_signs_no_entry_that_was_edited_since_it_saw_it(town: Town) -> None:
    town.forge(edit(5))
    town.ledger.ring_failing(hours=1)
    assert town.ledger.monitor.trouble == "entry 5: changed since this process saw it"
    assert len(town.ledger.said(CheckpointSigned)) == 2


def test_the_service_sees_a_forged_frontier_at_its_next_look(town: Town) -> None:
    town.forge(edit(6), recompute)
    with pytest.raises(LogDisagrees, match="entry 6: changed since"):
        town.ledger.look()
    town.ledger.hear(*closed("T", [8]))
    with pytest.raises(LogDisagrees, match="entry 6: changed since"):
        town.ledger.look()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_forged_frontier_is_not_exported_and_not_signed(town: Town, tmp_path: Path, restarted: bool) -> None:
    town.forge(edit(6), recompute)
    assert "ledger-frontier.json was written" in town.export(tmp_path / "log").output
    if restarted:
        town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.ring_failing(hours=1)
    assert "changed since" in (town.ledger.monitor.trouble or "")
    assert len(town.ledger.said(CheckpointSigned)) == 2


MISSING = "checkpoint 2, which was published with 5 entries, is missing from the store"


# --- the second attack: an old entry, later checkpoints deleted, the frontier recomputed


def rewritten(town: Town) -> None:
    town.forge(edit(3), drop_checkpoints(after=1), recompute)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_log_without_its_later_checkpoints_is_not_signed(town: Town, tmp_path: Path, restarted: bool) -> None:
    rewritten(town)
    if restarted:
        town.ledger.restart(CheckpointDir(town.directory))
    for done in (town.export(tmp_path / "log"), town.command("rebuild"), town.command("hand-over", new_key(tmp_path))):
        assert (done.exit_code, MISSING in done.output) == (1, True), done.output
    town.ledger.ring_failing(hours=1)
    assert MISSING in (town.ledger.monitor.trouble or "")


def new_key(tmp_path: Path) -> str:
    from services.ledger.keys import public_pem

    (tmp_path / "new.pem").write_text(public_pem(Signer(bytes(range(32))).public))
    return str(tmp_path / "new.pem")


@pytest.mark.parametrize("kept", ["checkpoints", "export"])
def test_who_kept_a_checkpoint_or_an_export_sees_what_a_forger_signed(town: Town, tmp_path: Path, kept: str) -> None:
    """The forger has the key, and the directory as well."""
    assert town.export(tmp_path / "old").exit_code == 0
    earlier = tmp_path / "old" if kept == "export" else town.directory / CHECKPOINTS
    assert town.command("verify", str(tmp_path / "old"), "--since", str(earlier)).exit_code == 0
    rewritten(town)
    town.forge(partial(add, number=8), partial(add, number=9))  # and it grows
    sign_anew(town, tmp_path / "forged", SIGNER)
    assert town.command("verify", str(tmp_path / "forged")).exit_code == 0
    done = town.command("verify", str(tmp_path / "forged"), "--since", str(earlier))
    wanted = "entry 3 is another than in the earlier export" if kept == "export" else "of entries 3 to 4 one was changed"
    assert (done.exit_code, wanted in done.output) == (1, True), done.output


def add(connection: Connection, number: int) -> None:
    """Append a row as the service does, past it."""
    size = len(connection.execute(select(tables.entries.c.position)).all())
    (event,) = closed("T", [number])
    row = {"position": size, "source": event.source, "subject": event.subject, "sequence": number, "event_id": event.id}
    connection.execute(insert(tables.entries), row | {"type": event.type, "time": event.time, "body": tables.canonical(event)})


def test_a_log_that_continues_is_said_to_and_the_proof_is_that_of_the_standard(town: Town, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes((town.directory / CHECKPOINTS).read_bytes())
    town.ledger.hear(*closed("T", range(8, 30)))
    assert town.export(tmp_path / "log").exit_code == 0
    done = town.command("verify", str(tmp_path / "log"), "--since", str(kept))
    assert done.exit_code == 0, done.output
    assert "continues checkpoint 2 of 5 entries: consistency proof of 6 hashes" in done.output


def test_a_log_that_is_shorter_or_signed_by_another_key_does_not_continue(town: Town, tmp_path: Path) -> None:
    assert town.export(tmp_path / "old").exit_code == 0
    town.forge(lambda connection: connection.execute(delete(tables.entries).where(tables.entries.c.position > 5)), recompute)
    sign_anew(town, tmp_path / "short", SIGNER)
    short = town.command("verify", str(tmp_path / "short"), "--since", str(tmp_path / "old"))
    assert "the log has 6 entries, 7 were there earlier" in short.output
    sign_anew(town, tmp_path / "other", Signer(bytes(range(32))))
    other = town.command("verify", str(tmp_path / "other"), "--since", str(town.directory / CHECKPOINTS))
    assert (other.exit_code, "checkpoint 1 is another than the earlier one" in other.output) == (1, True)


def test_a_file_of_checkpoints_that_was_changed_is_named(town: Town, tmp_path: Path) -> None:
    file = town.directory / CHECKPOINTS
    file.write_bytes(file.read_bytes().replace(b'"size":5', b'"size":5.0'))
    done = town.export(tmp_path / "log")
    assert (done.exit_code, "ledger-checkpoints.jsonl: line 2: size: want a whole number" in done.output) == (1, True)
    (tmp_path / "log").touch()
    done = town.command("verify", str(tmp_path / "log"), "--since", str(file))
    assert (done.exit_code, "--since: line 2: size" in done.output) == (1, True)


# --- what is whole stays so


def test_a_whole_log_is_signed_after_a_restart_and_by_another_process(town: Town, tmp_path: Path) -> None:
    first = town.ledger.monitor
    town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.look()
    town.ledger.hear(*closed("T", [8]))
    town.ledger.let_pass(hours=1)
    town.ledger.monitor = town.ledger.service.monitor = first  # it missed an entry and a checkpoint
    town.ledger.look()
    town.ledger.hear(*closed("T", [9]))
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3, 4]
    assert town.export(tmp_path / "log").exit_code == 0
    assert len(CheckpointDir(town.directory).checkpoints()) == 4


def test_a_checkpoint_that_was_not_published_before_a_crash_is_published_at_the_next_start(town: Town) -> None:
    file = town.directory / CHECKPOINTS
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:40])
    town.ledger.restart(CheckpointDir(town.directory))
    town.ledger.look()
    assert file.read_bytes() == first + second


def test_a_log_of_an_earlier_version_is_read_once_and_then_signed(town: Town) -> None:
    def older(connection: Connection) -> None:
        known = connection.execute(select(tables.logs.c.document)).scalar_one()
        new = {"checkpointed", "rfc8785_from", "clock_steps"}
        connection.execute(update(tables.logs).values(document={k: v for k, v in known.items() if k not in new}))

    town.forge(older)
    town.ledger.restart()
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3]


def test_a_check_reads_only_what_is_new(town: Town) -> None:
    """The oldest entry is changed, and nobody reads it: the root is made from the frontier, and is right."""
    town.forge(edit(0))
    town.ledger.look()
    town.ledger.let_pass(hours=1)
    assert [one["number"] for one in town.ledger.said(CheckpointSigned)] == [1, 2, 3]


# --- every change of the entries

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
        old = list(lines(connection, SIGNER, town.ledger.clock.now()))
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
                list(lines(connection, SIGNER, town.ledger.clock.now(), CheckpointDir(town.directory)))
    if not added and [row.body for row in after[:ROWS]] != [row.body for row in before]:
        forged = signed_anew([bytes(row.body) for row in after], points if len(after) >= ROWS else [], SIGNER)
        with pytest.raises(Bad):
            audit(forged, None, read_earlier(old))
    store.close()


def rows(connection: Connection) -> list[Any]:
    return list(connection.execute(select(tables.entries).order_by(tables.entries.c.position)))
