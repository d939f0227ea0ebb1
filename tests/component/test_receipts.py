"""A gateway's receipt is counted, and its alert raised, once it is committed: not when the command is run again or refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert

from chassis.clock import SystemClock
from chassis.handler_context import HandlerContext
from chassis.http.idempotency import Command, Kept, once_per_key
from chassis.messaging.external_events import Digests
from chassis.persistence import Store, StoreConflict, machine_now
from contracts.codes import Receipt
from contracts.http import notify as http
from services.notify.api import NotifyApi
from services.notify.domain.attempts import Retries
from services.notify.domain.channels import Channel, Channels, Route, Routes
from services.notify.domain.notice import Notice
from services.notify.metrics import NotifyMetrics
from services.notify.store import DEFINITION, metadata, notices

RETRIES = Retries(attempts=1, first=timedelta(seconds=1), longest=timedelta(seconds=1))
CHANNELS = Channels({"sms": Channel("sms", "log")}, Routes(Route("sms"), Route("sms"), Route("sms")), retries=RETRIES)


class Office:
    """Notify's store with one notice that was sent, its API, and a registry."""

    def __init__(self, url: str):
        self.store = Store(url, DEFINITION.tables, DEFINITION.mappers)
        metadata.create_all(self.store.engine)
        self.registry = CollectorRegistry()
        self.api = NotifyApi()
        config: Any = SimpleNamespace(channels=CHANNELS, region="CN")
        self.api.config, self.api.delivery_metrics = config, NotifyMetrics(self.registry)
        self.runtime: Any = SimpleNamespace(
            store=self.store, clock=SystemClock(), definition=DEFINITION, digests=Digests(b"a secret of the tests")
        )
        sent = Notice("n", "T", "resident", "t", "zh", "text", channel="sms", address="+86", next_at=machine_now())
        sent.claim(RETRIES, timedelta(seconds=1), machine_now())
        sent.sent(1, timedelta(minutes=1), machine_now())
        mapper = DEFINITION.mappers[0]
        with self.store.transaction() as connection:
            row = {"id": "n", "document": mapper.document(sent), **mapper.columns(sent)}
            connection.execute(insert(notices).values(**row))

    def receive(self, outcome: Receipt, key: str, wrong: list[Exception]) -> None:
        """One receipt; ``wrong`` is what each next run of the command ends with, after its effect."""

        def effect(ctx: HandlerContext) -> Kept:
            answer = self.api.give_receipt(http.ReceiptGiven(key="n", outcome=outcome), ctx, key=key)
            if wrong:
                raise wrong.pop(0)
            return Kept(202, answer.body)

        once_per_key(self.runtime, Command("receipt", "gateway", key, {}, {"outcome": outcome.value}), effect)

    def counted(self, outcome: str) -> float | None:
        """The metric."""
        return self.registry.get_sample_value("whistle_notices_total", {"outcome": outcome})


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(f"sqlite:///{tmp_path}/notify.db")
    yield made
    made.store.close()


def test_a_receipt_whose_transaction_is_run_again_is_counted_once(office: Office) -> None:
    office.receive(Receipt.DELIVERED, "k", [StoreConflict("40001"), StoreConflict("40P01")])
    assert office.counted("delivered") == 1


def test_a_receipt_that_was_rolled_back_is_not_counted_and_nobody_is_called(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        with pytest.raises(RuntimeError):
            office.receive(Receipt.REJECTED, "k", [RuntimeError("unforeseen")])
        assert (office.counted("exhausted"), caplog.records) == (0, [])
        office.receive(Receipt.REJECTED, "k", [])
    assert (office.counted("exhausted"), len(caplog.records)) == (1, 1)
