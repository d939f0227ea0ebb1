"""The ledger service: it records every public event once, signs checkpoints of its log, and keeps the books that follow."""

from datetime import datetime, timedelta
from functools import partial

from chassis.nameko import on, on_timer
from chassis.outcome import Arm, Outcome, Refused
from chassis.timers import Ringing
from chassis.work import Work
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

    def record(self, event: Event, work: Work) -> None:
        """Append an event to the log."""
        if event.sequence is None:
            raise NoSequence("ce-sequence: missing")
        log = self._log(work)
        work.once("monitor", partial(self._tell_monitor, work, log))
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
        work.insert(store.entries, row)
        log.frontier.append(leaf_hash(body))
        books.keep(event, work)
        accounts.keep(event, work, self.config.rules)
        if not log.look_armed:
            log.look_armed = True
            work.apply(Outcome(Arm(LOG, LOOK, work.now + self.config.rules.look_every)))
        if not log.checkpoint_armed:
            log.checkpoint_armed = True
            work.apply(Outcome(Arm(LOG, CHECKPOINT, next_checkpoint(work.now))))

    def _tell_monitor(self, work: Work, log: Log) -> None:
        """Have the monitor told, once the transaction committed, from which frontier to which it appended."""
        before = log.frontier.copy()
        work.after_commit(lambda: self.monitor.appended(before, log.frontier.copy()))

    for _schema in SUBSCRIPTIONS["ledger"]:
        on(_schema)(record)

    @on_timer(CHECKPOINT)
    def ring_checkpoint(self, ringing: Ringing, work: Work) -> None:
        """Sign size and root; the next entry arms the next checkpoint."""
        self._log(work).checkpoint_armed = False
        checkpoints.take(work, self.config.signer, work.now, self.monitor)

    @on_timer(LOOK)
    def ring_look(self, ringing: Ringing, work: Work) -> None:
        """Look for holes and forks in what came since the last look; the next entry arms the next."""
        log = self._log(work)
        gaps.look(work, log.looked, self.config.rules)
        log.look_armed, log.looked = False, log.frontier.size

    @on_timer(gaps.GAP)
    def ring_gap(self, ringing: Ringing, work: Work) -> None:
        """A hole had time to fill."""
        self._log(work)  # nothing is appended while it is decided what is missing
        gaps.ring(ringing, work)

    @staticmethod
    def _log(work: Work) -> Log:
        return store.found(work, Log, LOG)


def next_checkpoint(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + CHECKPOINT_EVERY
