"""The judge is judged first: `whistle reconcile` finds a single missing or doubled row, and finds nothing where all is well."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from cli.reconcile.checks import check_snapshot
from cli.reconcile.store_reader import read_snapshot
from services.ledger.domain.merkle import Frontier, leaf_hash
from tests.faults.proof import Town
from tests.kit.deployment import SECRET
from tests.kit.processes import wait_until

WHISTLES = 10


@pytest.fixture(scope="module")
def closed(running: Town) -> Town:
    """Ten whistles, all closed, and nothing on its way. The services are stopped: they announce their numbers at any time."""
    running.whistle(WHISTLES)
    running.prove()
    running.stack.stop()
    return running


@contextlib.contextmanager
def changed(town: Town, service: str, table: str, *statements: str) -> Iterator[int]:
    """A store with some rows other than they were; afterwards as it was. Answers how many rows the last statement touched."""
    connection = psycopg2.connect(town.stack.databases[service])
    connection.autocommit = True
    kept = f"kept_{table}"
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {kept} AS TABLE {table}")
        try:
            for statement in statements:
                cursor.execute(statement)
            yield cursor.rowcount
        finally:
            cursor.execute(f"TRUNCATE {table}; INSERT INTO {table} SELECT * FROM {kept}; DROP TABLE {kept}")


def test_nothing_is_wrong_where_nothing_went_wrong(closed: Town) -> None:
    """Ten whistles were closed; the counts say that the question was really asked."""
    found = closed.reconcile()
    assert (found.lost, found.doubled, found.unsettled) == ([], [], [])
    assert found.counts["sent"] == found.counts["tickets"] == found.counts["closed"] == WHISTLES
    # each whistle makes some forty events over its life
    assert found.counts["events"] > 20 * WHISTLES
    assert found.counts["taken"] > found.counts["events"]


def test_the_command_says_the_same(closed: Town, tmp_path: Path) -> None:
    """`whistle reconcile` in a process of its own, over the four databases of its settings."""
    lines, documents = tmp_path / "sent.txt", tmp_path / "sent.json"
    lines.write_text("".join(f"{source} {id_}\n" for source, id_ in closed.sent))
    documents.write_text(json.dumps(closed.sent))
    for file in (lines, documents):
        answer = json.loads(closed.stack.whistle("reconcile", "--settled", "--sent", str(file)))
        assert (answer["lost"], answer["doubled"]) == ([], [])
        assert answer["counts"]["sent"] == WHISTLES


def test_a_whistle_that_never_arrived_is_lost(closed: Town, tmp_path: Path) -> None:
    """The producer has the broker's word for it, and no store has heard of it: status 1, and its id is named."""
    file = tmp_path / "sent.txt"
    file.write_text("/hotline w-000000\n/hotline w-never\n")
    with pytest.raises(AssertionError, match="whistle w-never of /hotline: never taken in"):
        closed.stack.whistle("reconcile", "--sent", str(file))


ROWS = [
    ("tickets", "whistles", "true"),
    ("tickets", "tickets", "true"),
    ("dispatch", "cases", "true"),
    ("notify", "notices", "true"),
    ("ledger", "entries", "true"),
    ("ledger", "entries", "position = (select max(position) from entries)"),
    ("tickets", "outbox", "type = 'ticket.opened.v1'"),
    ("tickets", "outbox", "type = 'contact.recorded.v1'"),
    ("tickets", "outbox", "type = 'ticket.closed.v1'"),
    ("dispatch", "outbox", "type = 'assignment.signed.v1'"),
    ("dispatch", "outbox", "type = 'area.registered.v1'"),
    ("notify", "outbox", "true"),
    ("tickets", "inbox", "type = 'whistle.blown.v1'"),
    ("tickets", "inbox", "type = 'request.made.v1'"),
    ("tickets", "inbox", "type = 'case.completed.v1'"),
    ("dispatch", "inbox", "type = 'report.filed.v1'"),
    ("dispatch", "inbox", "type = 'ticket.handled.v1'"),
    ("notify", "inbox", "type = 'matter.described.v1'"),
    ("ledger", "inbox", "type = 'notification.sent.v1'"),
]


@pytest.mark.parametrize(("service", "table", "which"), ROWS)
def test_one_missing_row_is_found(closed: Town, service: str, table: str, which: str) -> None:
    """Whichever row is gone from whichever store, something is reported lost."""
    one = f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} WHERE {which} LIMIT 1)"
    with changed(closed, service, table, one) as touched:
        assert touched == 1
        assert closed.reconcile().lost
    assert closed.reconcile().clean


def _copied(table: str, which: str, **changes: str) -> tuple[str, ...]:
    """Statements that insert a copy of one row, with some columns changed to SQL expressions."""
    sets = ", ".join(f"{column} = {value}" for column, value in changes.items())
    return (
        f"CREATE TEMPORARY TABLE copied AS SELECT * FROM {table} WHERE {which} LIMIT 1",
        f"UPDATE copied SET {sets}",
        f"INSERT INTO {table} SELECT * FROM copied",
    )


NEXT = "(select last + 1 from sequences where sequences.subject = copied.subject and source not like '%/private')"
OUTBOX = {"event_id": "'copy'", "position": "(select max(position) + 1 from outbox)"}
DOUBLED: list[tuple[str, str, str, dict[str, str]]] = [
    ("tickets", "whistles", "true", {"ticket": "'TCOPY'"}),
    ("tickets", "outbox", "type = 'ticket.opened.v1'", OUTBOX),
    ("tickets", "outbox", "type = 'ticket.rated.v1'", {**OUTBOX, "sequence": NEXT}),
    ("dispatch", "outbox", "type = 'deadline.set.v1'", {**OUTBOX, "sequence": NEXT}),
    ("dispatch", "outbox", "type = 'area.registered.v1'", {**OUTBOX, "sequence": NEXT}),
    ("notify", "outbox", "type = 'notification.sent.v1'", {**OUTBOX, "sequence": NEXT}),
    ("notify", "notices", "true", {"id": "'copy'"}),
    ("ledger", "entries", "true", {"event_id": "'copy'", "position": "(select max(position) + 1 from entries)"}),
]


@pytest.mark.parametrize(("service", "table", "which", "changes"), DOUBLED)
def test_one_doubled_row_is_found(closed: Town, service: str, table: str, which: str, changes: dict[str, Any]) -> None:
    """A second ticket of one whistle, an event said twice under two names, a second notice, a second entry."""
    with changed(closed, service, table, *_copied(table, which, **changes)) as touched:
        assert touched == 1
        assert closed.reconcile().doubled
    assert closed.reconcile().clean


def test_a_dead_letter_is_lost_and_a_waiting_one_is_unsettled(closed: Town) -> None:
    """Dead is lost until a person acts; waiting is on its way, and is lost only for whoever says that nothing may be."""
    one = "ctid = (SELECT ctid FROM inbox WHERE type = 'ticket.opened.v1' LIMIT 1)"
    with changed(closed, "dispatch", "inbox", f"UPDATE inbox SET state = 'dead' WHERE {one}"):
        assert any("dead in dispatch" in sentence for sentence in closed.reconcile().lost)
    with changed(closed, "notify", "inbox", f"UPDATE inbox SET state = 'waiting', due_at = 'infinity' WHERE {one}"):
        found = closed.reconcile()
        assert any("waiting in notify" in sentence for sentence in found.unsettled)
        assert any("waiting in notify" in sentence for sentence in found.lost)


def test_a_whistle_over_http_is_a_whistle(closed: Town) -> None:
    """Its producer is the account, its id the Idempotency-Key; its inbox row is not that of a message."""
    body = {"category": "noise", "area": "shanqi-1", "estate": "yangguang", "channel": "hotline", "text": "楼上半夜放音乐"}
    closed.stack.start()
    status, answer, _ = closed.stack.call("tickets", "POST", "/whistles", "hotline", body, key="h-1")
    assert status == 202
    wait_until(lambda: answer["ticket"] in closed.street.closed, "the ticket closed", 20)
    closed.prove()
    closed.stack.stop()
    posted = ("/accounts/hotline", "h-1")
    assert check_snapshot([posted], read_snapshot(closed.stack.databases, SECRET)).clean
    with changed(closed, "tickets", "inbox", "DELETE FROM inbox WHERE handler = 'http'"):
        assert check_snapshot([posted], read_snapshot(closed.stack.databases, SECRET)).lost


def test_an_entry_that_was_rewritten_is_found_whatever_root_is_kept(closed: Town) -> None:
    """The frontier is computed anew, as somebody does who has the database: what the source said is still in its own store."""
    column = "convert_from(body, 'utf8')"
    rewrite = f"UPDATE entries SET body = convert_to(replace({column}, '\"noise\"', '\"leaks\"'), 'utf8') WHERE position = ("
    chosen = f"SELECT min(position) FROM entries WHERE type = 'ticket.opened.v1' AND {column} LIKE '%\"noise\"%')"
    with changed(closed, "ledger", "logs", "SELECT 1"), changed(closed, "ledger", "entries", rewrite + chosen) as touched:
        assert touched == 1
        frontier = Frontier()
        for (body,) in closed.stack.rows("ledger", "SELECT body FROM entries ORDER BY position"):
            frontier.append(leaf_hash(bytes(body)))
        kept = json.dumps({"frontier": {"size": frontier.size, "peaks": frontier.peaks}})
        closed.stack.rows("ledger", "UPDATE logs SET document = document || %s::jsonb RETURNING id", kept)
        # at the full hour a checkpoint may have been signed, which finds it too
        (lost,) = (one for one in closed.reconcile().lost if "changed since checkpoint.signed" not in one)
        assert lost.endswith("its data is not what tickets said")
    assert closed.reconcile().clean
