"""A stock nameko service that hears what tickets says: the one of docs/integrate.md, in a process of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import amqp
import pytest

from deploy.rabbitmq.accounts import of_listener
from tests.kit.external_developer import BOARD_QUEUE as QUEUE
from tests.kit.external_developer import PAGE, ExternalDeveloper, commands
from tests.kit.processes import LocalProcess, wait_until
from tests.kit.stack import LISTENER, Stack


class Board:
    """The service that runs, and what it noted down."""

    def __init__(self, elsewhere: ExternalDeveloper, deployed: Stack):
        self._elsewhere, self._deployed = elsewhere, deployed
        self.process: LocalProcess | None = None

    def start(self) -> None:
        """Return when it consumes."""
        (command,) = commands("nameko", "run")
        self.process = self._elsewhere.begin(command, AMQP_URL=self._deployed.amqp(LISTENER))
        wait_until(lambda: self._consumers() == 1, "nameko consumes", 20, details=self.process.log_tail)

    def stop(self) -> None:
        """In an orderly way: what it holds is handled."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def noted(self, ticket: str) -> list[tuple[str, str]]:
        """Events about a ticket: id and category."""
        with closing(sqlite3.connect(self._elsewhere.directory / "board.db")) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'opened'").fetchall():
                return []
            return db.execute("SELECT id, category FROM opened WHERE ticket = ?", (ticket,)).fetchall()

    def until_noted(self, ticket: str) -> None:
        """Wait until it heard of a ticket."""
        assert self.process is not None
        wait_until(lambda: bool(self.noted(ticket)), f"{ticket} on the board", 20, details=self.process.log_tail)

    def _consumers(self) -> int:
        with closing(self._deployed.rabbit.connect(self._deployed.name)) as connection:
            try:
                return int(connection.channel().queue_declare(QUEUE, passive=True).consumer_count)
            except amqp.NotFound:
                return 0


@pytest.fixture(scope="module")
def running(elsewhere: ExternalDeveloper, deployed: Stack) -> Iterator[Board]:
    made = Board(elsewhere, deployed)
    yield made
    made.stop()


@pytest.fixture
def board(running: Board) -> Board:
    """It runs."""
    if running.process is None:
        running.start()
    return running


def opened(deployed: Stack) -> str:
    """A whistle over HTTP; answers its ticket."""
    body = {"category": "noise", "area": "shanqi-1", "channel": "hotline", "text": "楼上半夜放音乐"}
    status, taken, _ = deployed.call("tickets", "POST", "/whistles", "hotline", body, str(uuid4()))
    assert status == 202, taken
    return str(taken["ticket"])


def event_of(deployed: Stack, ticket: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What tickets said of it: headers and data."""
    query = "SELECT headers, body FROM outbox WHERE type = 'ticket.opened.v1' AND subject = %s"
    ((headers, body),) = deployed.rows("tickets", query, ticket)
    return headers, json.loads(bytes(body))


def send(deployed: Stack, headers: dict[str, str], data: dict[str, Any]) -> None:
    """Deliver an event to the board alone."""
    message = amqp.Message(json.dumps(data), content_type="application/json", application_headers=headers, delivery_mode=2)
    with closing(deployed.rabbit.connect(deployed.name)) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.basic_publish_confirm(message, "", QUEUE, mandatory=True, timeout=10)


def test_it_hears_of_a_ticket(board: Board, deployed: Stack) -> None:
    ticket = opened(deployed)
    board.until_noted(ticket)
    headers, data = event_of(deployed, ticket)
    assert board.noted(ticket) == [(headers["ce-id"], data["category"])]


def test_what_comes_while_it_is_away_is_kept_for_it(board: Board, deployed: Stack) -> None:
    board.stop()
    ticket = opened(deployed)
    wait_until(lambda: deployed.queue_length(QUEUE) == 1, "it waits")
    assert not board.noted(ticket)
    board.start()
    board.until_noted(ticket)


def test_what_comes_twice_is_noted_once(board: Board, deployed: Stack) -> None:
    ticket = opened(deployed)
    board.until_noted(ticket)
    send(deployed, *event_of(deployed, ticket))
    wait_until(lambda: deployed.queue_length(QUEUE) == 0, "it was taken again")
    board.stop()
    assert deployed.queue_length(QUEUE) == 0, "it was handled and not given back"
    assert len(board.noted(ticket)) == 1


def test_a_field_of_tomorrow_does_no_harm(board: Board, deployed: Stack) -> None:
    headers, data = event_of(deployed, opened(deployed))
    send(deployed, {**headers, "ce-id": "tomorrow", "ce-subject": "T-TOMORROW"}, {**data, "colour": "red"})
    board.until_noted("T-TOMORROW")


def test_the_page_names_the_queue_and_grants_what_the_tests_grant() -> None:
    assert QUEUE in PAGE
    ((*_, configure, write, read),) = commands("docker", "compose", "exec", "rabbitmq", "rabbitmqctl", "set_permissions")
    assert {"configure": configure, "write": write, "read": read} == of_listener("board")
