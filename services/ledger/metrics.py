"""The metrics of the ledger, read from its store."""

from datetime import datetime

from nameko.extensions import DependencyProvider
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection, func, select

from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from services.ledger import store
from services.ledger.domain.double_entry import ISSUED, Side, State
from services.ledger.gaps import FOUND, NOTED


def disagreement(registry: CollectorRegistry) -> Gauge:
    """Return the gauge of a log that was changed behind the service."""
    return Gauge(
        "whistle_ledger_disagrees",
        "1 where the stored log is not the one that was published or that this process saw; readiness names the entry.",
        registry=registry,
    )


class LedgerMetrics:
    """Gauges of the log's size and integrity, and of the points."""

    def __init__(self, registry: CollectorRegistry):
        self._entries = Gauge("whistle_ledger_entries", "Entries of the log.", registry=registry)
        self._checkpoints = Gauge("whistle_ledger_checkpoints", "Signed checkpoints of the log.", registry=registry)
        self._clock_steps = Gauge(
            "whistle_ledger_clock_steps", "Checkpoints dated before the one before: the clock was set back.", registry=registry
        )
        self._gaps = Gauge(
            "whistle_ledger_gaps",
            "Holes in the sources' numbers: noted (they may still fill) and found (they were said).",
            ["state"],
            registry=registry,
        )
        self._forks = Gauge("whistle_ledger_forks", "Numbers that a source used twice.", registry=registry)
        self._points = Gauge(
            "whistle_points", "Points of all members: posted, and held for them.", ["state"], registry=registry
        )

    def read(self, connection: Connection, now: datetime) -> None:
        """Set the gauges from the store."""
        log = store.log(connection)
        self._entries.set(log.frontier.size)
        self._checkpoints.set(log.checkpoints)
        self._clock_steps.set(log.clock_steps)
        table = store.gaps
        by_state = select(table.c.state, func.count().label("holes")).group_by(table.c.state)
        holes = {row.state: row.holes for row in connection.execute(by_state)}
        for state in (NOTED, FOUND):
            self._gaps.labels(state).set(holes.get(state, 0))
        self._forks.set(connection.execute(select(func.count()).select_from(store.forks)).scalar_one())
        self._read_points(connection)

    def _read_points(self, connection: Connection) -> None:
        """Set the gauges of the points: see `services.ledger.domain.double_entry.balances`."""
        c = store.postings.c
        settles = c.settles.is_not(None)
        sums = select(c.state, settles, c.side, func.sum(c.amount)).where(c.account != ISSUED)
        posted = held = 0
        for state, settling, side, amount in connection.execute(sums.group_by(c.state, settles, c.side)):
            signed = int(amount) if side == Side.CREDIT.value else -int(amount)
            posted += signed * (state == State.POSTED.value)
            held += signed * ((state == State.HELD.value) - bool(settling))
        self._points.labels(State.POSTED.value).set(posted)
        self._points.labels(State.HELD.value).set(held)


class MetricsProvider(DependencyProvider):
    """A dependency that registers the gauges with the runtime."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        runtime.add_gauges(LedgerMetrics(runtime.registry).read)
