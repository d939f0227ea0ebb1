"""The ledger service: it records every public event once, signs checkpoints of its log, and keeps the projections of it."""

from functools import partial

from chassis.effects import ArmTimer, Effects, Refused
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.runtime.providers import BusinessClockProvider, ConfigProvider
from chassis.timers import TimerFired
from contracts.envelope import Event
from contracts.topology import SUBSCRIPTIONS
from services.ledger import checkpoints, gaps, store
from services.ledger.api import LedgerApi
from services.ledger.config import read_config
from services.ledger.domain.merkle import leaf_hash
from services.ledger.log_monitor_provider import LogMonitorProvider
from services.ledger.metrics import MetricsProvider
from services.ledger.projections import points, tickets
from services.ledger.store import LOG, Log

CHECKPOINT = "checkpoint"
LOOK = "look"


class NoSequence(Refused):
    """Raised for an event without a number: a gap could not be seen."""


class NoCanonicalForm(Refused):
    """Raised for an event whose data has no canonical form (RFC 8785): two readers could hash it differently."""


class LedgerService(LedgerApi):
    """The ledger service owns the history; it causes nothing in the chain. Its HTTP operations are `LedgerApi`."""

    name = "ledger"
    config = ConfigProvider(read_config)
    clock = BusinessClockProvider()
    metrics = MetricsProvider()
    monitor = LogMonitorProvider()

    def record(self, event: Event, ctx: HandlerContext) -> None:
        """Append an event to the log, and update the projections."""
        if event.sequence is None:
            raise NoSequence("ce-sequence: missing")
        log = self._log(ctx)
        ctx.memoize("monitor", partial(self._tell_monitor, ctx, log))
        try:
            body = store.canonical(event)
        except (ValueError, RecursionError):
            raise NoCanonicalForm("data: a number that is no double, or a text that is not UTF-8") from None
        if log.rfc8785_from is None:
            log.rfc8785_from = log.frontier.size
        row = {
            "position": log.frontier.size,
            "source": event.source,
            "subject": event.subject,
            "sequence": event.sequence,
            "event_id": event.id,
            "type": event.type,
            "time": event.time,
            "body": body,
        }
        ctx.insert(store.entries, row)
        log.frontier.append(leaf_hash(body))
        tickets.project(event, ctx)
        points.project(event, ctx, self.config.rules)
        if not log.look_armed:
            log.look_armed = True
            ctx.apply(Effects(ArmTimer(LOG, LOOK, ctx.now + self.config.rules.look_every)))
        if not log.checkpoint_armed:
            log.checkpoint_armed = True
            ctx.apply(Effects(ArmTimer(LOG, CHECKPOINT, checkpoints.next_checkpoint(ctx.now))))

    def _tell_monitor(self, ctx: HandlerContext, log: Log) -> None:
        """Tell the monitor, after the commit, from which frontier to which the transaction appended."""
        before = log.frontier.copy()
        ctx.after_commit(lambda: self.monitor.appended(before, log.frontier.copy()))

    for _schema in SUBSCRIPTIONS["ledger"]:
        on(_schema)(record)

    @on_timer(CHECKPOINT)
    def ring_checkpoint(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Sign size and root; the next entry schedules the next checkpoint."""
        self._log(ctx).checkpoint_armed = False
        checkpoints.take_checkpoint(ctx, self.config.signer, ctx.now, self.monitor)

    @on_timer(LOOK)
    def ring_look(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Search for gaps and forks since the last search; the next entry schedules the next one."""
        log = self._log(ctx)
        gaps.find_gaps(ctx, log.looked, self.config.rules)
        log.look_armed, log.looked = False, log.frontier.size

    @on_timer(gaps.GAP)
    def ring_gap(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Report a gap after its time to be filled."""
        self._log(ctx)  # nothing is appended while it is decided what is missing
        gaps.report_gap(timer, ctx)

    @staticmethod
    def _log(ctx: HandlerContext) -> Log:
        return store.get_or_add(ctx, Log, LOG)
