"""The ledger service: it records every public event once, signs checkpoints of its log, and keeps the books that follow."""

from datetime import datetime, timedelta
from functools import partial

from chassis.effects import ArmTimer, Effects, Refused
from chassis.handler_context import HandlerContext
from chassis.runtime.nameko import on, on_timer
from chassis.timers import TimerFired
from contracts.envelope import Event
from contracts.topology import SUBSCRIPTIONS
from services.ledger import accounts, books, checkpoints, gaps, store
from services.ledger.api import LedgerApi
from services.ledger.config import Clock, Config
from services.ledger.domain.merkle import leaf_hash
from services.ledger.metrics import Metrics
from services.ledger.monitoring import Monitor
from services.ledger.store import LOG, Log

CHECKPOINT = "checkpoint"
LOOK = "look"
CHECKPOINT_EVERY = timedelta(hours=1)


class NoSequence(Refused):
    """An event of one of the four services without its number: a gap could not be seen."""


class NoCanonicalForm(Refused):
    """An event whose data has no canonical form (RFC 8785): two readers could hash it differently."""


class LedgerService(LedgerApi):
    """Owns what happened; causes nothing in the chain. What comes in over HTTP is `LedgerApi`."""

    name = "ledger"
    config = Config()
    clock = Clock()
    metrics = Metrics()
    monitor = Monitor()

    def record(self, event: Event, ctx: HandlerContext) -> None:
        """Append an event to the log."""
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
        books.keep(event, ctx)
        accounts.keep(event, ctx, self.config.rules)
        if not log.look_armed:
            log.look_armed = True
            ctx.apply(Effects(ArmTimer(LOG, LOOK, ctx.now + self.config.rules.look_every)))
        if not log.checkpoint_armed:
            log.checkpoint_armed = True
            ctx.apply(Effects(ArmTimer(LOG, CHECKPOINT, next_checkpoint(ctx.now))))

    def _tell_monitor(self, ctx: HandlerContext, log: Log) -> None:
        """Have the monitor told, once the transaction committed, from which frontier to which it appended."""
        before = log.frontier.copy()
        ctx.after_commit(lambda: self.monitor.appended(before, log.frontier.copy()))

    for _schema in SUBSCRIPTIONS["ledger"]:
        on(_schema)(record)

    @on_timer(CHECKPOINT)
    def ring_checkpoint(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Sign size and root; the next entry arms the next checkpoint."""
        self._log(ctx).checkpoint_armed = False
        checkpoints.take(ctx, self.config.signer, ctx.now, self.monitor)

    @on_timer(LOOK)
    def ring_look(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """Look for holes and forks in what came since the last look; the next entry arms the next."""
        log = self._log(ctx)
        gaps.look(ctx, log.looked, self.config.rules)
        log.look_armed, log.looked = False, log.frontier.size

    @on_timer(gaps.GAP)
    def ring_gap(self, timer: TimerFired, ctx: HandlerContext) -> None:
        """A hole had time to fill."""
        self._log(ctx)  # nothing is appended while it is decided what is missing
        gaps.ring(timer, ctx)

    @staticmethod
    def _log(ctx: HandlerContext) -> Log:
        return store.found(ctx, Log, LOG)


def next_checkpoint(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + CHECKPOINT_EVERY
